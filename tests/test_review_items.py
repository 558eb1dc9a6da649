"""updateReviewItems: the document that is sent, and what is refused before it is."""

from __future__ import annotations

import datetime as dt
import json
import locale
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import (
    ApplicationRole,
    Entitlement,
    GlobalRole,
    Group,
    RevieweeAccount,
    ReviewItemChange,
)
from wire import Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable

GL = "GovernanceLifecycle"
PAGE_REQUEST = """<Review>
<ReviewResultName>UAR-3</ReviewResultName>
<SignOff>false</SignOff>
<UpdateCommentsOnly>false</UpdateCommentsOnly>
<ReviewItemChange state="revoke" comments="Alice no longer needs this access">
<RevieweeUserId>asmith</RevieweeUserId>
<RevieweeAccount name="mason.stewart@example.com" business-source="Okta"/>
<Group name="HR Department" business-source="Okta"/>
</ReviewItemChange>
<ReviewItemChange state="revoke" comments="Alex no longer needs this access">
<RevieweeUserId>achen</RevieweeUserId>
<RevieweeAccount name="TelemetryUser" business-source="CyberArk (REST)"/>
<Group name="Auditors" business-source="CyberArk (REST)"/>
</ReviewItemChange>
</Review>"""
PAGE_ANSWER = """{
"data": {
"type": "updateReviewItems",
"Status": "Success. Updated all 2 review components with specified states."
}
}"""
SKELETON = """<Review>
<ReviewResultName>value</ReviewResultName>
<SignOff>false</SignOff>
<UpdateCommentsOnly>false</UpdateCommentsOnly>
<ReviewItemChange state="revoke" comments="value">
<RevieweeUserId>value</RevieweeUserId>
<Entitlement resource="value" action="value" business-source="value"/>
</ReviewItemChange>
<ReviewItemChange state="maintain" comments="value" expires-on="{}">
<RevieweeUserId>value</RevieweeUserId>
<ApplicationRole name="value" business-source="value"/>
</ReviewItemChange>
<ReviewItemChange state="none" comments="value">
<RevieweeUserId>value</RevieweeUserId>
<RevieweeAccount name="value" business-source="value"/>
<Group name="value" business-source="value"/>
</ReviewItemChange>
<ReviewItemChange state="custom" comments="value">
<RevieweeUserId>value</RevieweeUserId>
<GlobalRole name="value" role-set="value"/>
</ReviewItemChange>
</Review>"""
PAGE_CHANGES = [
    ReviewItemChange(
        "revoke",
        "asmith",
        Group("HR Department", "Okta"),
        account=RevieweeAccount("mason.stewart@example.com", "Okta"),
        comments="Alice no longer needs this access",
    ),
    ReviewItemChange(
        "revoke",
        "achen",
        Group("Auditors", "CyberArk (REST)"),
        account=RevieweeAccount("TelemetryUser", "CyberArk (REST)"),
        comments="Alex no longer needs this access",
    ),
]
PAGE_DICTS = [
    {
        "state": "revoke",
        "reviewee": "asmith",
        "item": {"kind": "group", "name": "HR Department", "business_source": "Okta"},
        "account": {"name": "mason.stewart@example.com", "business_source": "Okta"},
        "comments": "Alice no longer needs this access",
    },
    {
        "state": "revoke",
        "reviewee": "achen",
        "item": {"kind": "group", "name": "Auditors", "business_source": "CyberArk (REST)"},
        "account": {"name": "TelemetryUser", "business_source": "CyberArk (REST)"},
        "comments": "Alex no longer needs this access",
    },
]


def status(text: str) -> bytes:
    return ok(json.dumps({"data": {"type": "updateReviewItems", "Status": text}}))


def change(reviewee: str = "jdoe", name: str = "HR", **more: Any) -> ReviewItemChange:
    return ReviewItemChange("revoke", reviewee, Group(name, "Okta"), **more)


@pytest.mark.parametrize(
    "changes",
    [PAGE_CHANGES, PAGE_DICTS, tuple(PAGE_CHANGES[:1] + PAGE_DICTS[1:])],
    ids=["objects", "dicts", "both"],
)
def test_the_exchange_of_the_page(connect: Callable[..., Any], changes: Any) -> None:
    with Wire(ok(PAGE_ANSWER)) as wire:
        result = connect(GL, wire.url, token="t").update_review_items("UAR-3", iter(changes))
        request = wire.only
        assert (request.method, request.target) == ("POST", "/aveksa/command.submit?cmd=updateReviewItems&format=json")
        assert request.headers["authorization"] == "Bearer t"
        assert request.headers["accept"] == "application/json"
        assert request.body.decode().rstrip("\n") == PAGE_REQUEST
        assert (result.updated, result.total, result.ok, result.items) == (2, 2, True, [])
        assert (len(result.succeeded), result.failed, result.unknown) == (2, [], [])
        assert "Success. Updated all 2 review components" in result.raw


def test_the_skeleton_of_the_page_with_all_kinds_of_items(connect: Callable[..., Any]) -> None:
    changes = [
        ReviewItemChange("revoke", "value", Entitlement("value", "value", "value"), comments="value"),
        ReviewItemChange(
            "maintain",
            "value",
            ApplicationRole("value", "value"),
            comments="value",
            expires_on=dt.date(2030, 12, 31),
        ),
        ReviewItemChange(
            "none", "value", Group("value", "value"), account=RevieweeAccount("value", "value"), comments="value"
        ),
        ReviewItemChange("custom", "value", GlobalRole("value", "value"), comments="value"),
    ]
    with Wire(status("Success. Updated all 4 review components with specified states.")) as wire:
        gl = connect(GL, wire.url, token="t")
        dry = gl.update_review_items("value", changes, dry_run=True)
        assert wire.connections == 0
        gl.update_review_items("value", changes)
        gl.update_review_items("value", [change.to_dict() for change in changes])
        expected = SKELETON.format("31-Dec-2030")
        assert [request.body.decode().rstrip("\n") for request in wire.requests] == [expected, expected]
        assert dry.raw.rstrip("\n") == expected


def test_months_are_english_under_any_locale(connect: Callable[..., Any]) -> None:
    known = [name for name in ("de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8", "C") if _is_known(name)]
    before = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, known[0])
        changes = [
            ReviewItemChange("maintain", "jdoe", Group("g", "b"), expires_on=dt.date(2031, month, month))
            for month in range(1, 13)
        ]
        gl = connect(GL, "http://127.0.0.1:9", token="t")
        document = gl.update_review_items("UAR", changes, dry_run=True).raw
    finally:
        locale.setlocale(locale.LC_ALL, before)
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    for number, month in enumerate(months, 1):
        assert f'expires-on="{number:02}-{month}-2031"' in document


def _is_known(name: str) -> bool:
    before = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, name)
    except locale.Error:
        return False
    finally:
        locale.setlocale(locale.LC_ALL, before)
    return True


def test_everything_is_escaped(connect: Callable[..., Any]) -> None:
    nasty = "a&b<c>d\"e'f\ng\rh\ti ä€😀"
    changes = [
        ReviewItemChange(
            nasty, nasty, Entitlement(nasty, "-", nasty), account=RevieweeAccount(nasty, nasty), comments=nasty
        )
    ]
    with Wire(status("Success. Updated all 1 review components with specified states.")) as wire:
        connect(GL, wire.url, token="t").update_review_items(
            nasty, changes, sign_off=True, sign_off_comments=nasty, comments_only=True
        )
        body = wire.only.body
    import xml.etree.ElementTree as ET

    root = ET.fromstring(body)  # noqa: S314
    item = root.find("ReviewItemChange")
    assert [root.findtext(name) for name in ("ReviewResultName", "Comments")] == [nasty, nasty]
    assert [root.findtext(name) for name in ("SignOff", "UpdateCommentsOnly")] == ["true", "true"]
    assert item.attrib == {"state": nasty, "comments": nasty}
    assert item.findtext("RevieweeUserId") == nasty
    assert item.find("RevieweeAccount").attrib == {"name": nasty, "business-source": nasty}
    assert item.find("Entitlement").attrib == {"resource": nasty, "action": "-", "business-source": nasty}
    for raw in (b"a&amp;b&lt;c", b"&quot;", b"&#10;"):
        assert raw in body


@pytest.mark.parametrize("bad", ["\x00", "\x08", "\x0b", "\x1f", "\ufffe", "\uffff"])
@pytest.mark.parametrize("field", ["state", "reviewee", "item", "account", "comments", "review", "sign_off_comments"])
def test_characters_that_no_xml_can_hold_are_refused_before_sending(
    connect: Callable[..., Any], field: str, bad: str
) -> None:
    text = {name: f"x{bad}" if name == field else "x" for name in ("state", "reviewee", "item", "account", "comments")}
    item = ReviewItemChange(
        text["state"],
        text["reviewee"],
        Group(text["item"], "b"),
        account=RevieweeAccount("n", text["account"]),
        comments=text["comments"],
    )
    with Wire(ok(PAGE_ANSWER)) as wire:
        with pytest.raises(infosecops.ConfigError) as caught:
            connect(GL, wire.url, token="t").update_review_items(
                f"r{bad}" if field == "review" else "r",
                [change(), item],
                sign_off=True,
                sign_off_comments=f"c{bad}" if field == "sign_off_comments" else None,
            )
        assert caught.value.outcome == "not_sent"
        assert wire.connections == 0


@pytest.mark.parametrize(
    ("review", "changes", "options"),
    [
        ("", [change()], {}),
        ("UAR", [], {}),
        ("UAR", [ReviewItemChange("", "jdoe", Group("g", "b"))], {}),
        ("UAR", [ReviewItemChange("revoke", "", Group("g", "b"))], {}),
        ("UAR", [change(expires_on=dt.date(2030, 1, 1))], {}),
        ("UAR", [change()], {"chunk_size": 0}),
        ("UAR", [change(), change()], {"chunk_size": 1, "sign_off": True}),
    ],
)
def test_what_cannot_work_is_never_sent(
    connect: Callable[..., Any], review: str, changes: list[Any], options: dict[str, Any]
) -> None:
    with Wire(ok(PAGE_ANSWER)) as wire:
        with pytest.raises(infosecops.ConfigError):
            connect(GL, wire.url, token="t").update_review_items(review, changes, **options)
        assert wire.connections == 0


@pytest.mark.parametrize(
    "bad",
    [
        {**PAGE_DICTS[0], "stat": "revoke"},
        {key: value for key, value in PAGE_DICTS[0].items() if key != "reviewee"},
        {**PAGE_DICTS[0], "item": {"kind": "role", "name": "x", "business_source": "y"}},
        {**PAGE_DICTS[0], "item": {"kind": "global_role", "name": "x", "business_source": "y"}},
        "revoke",
        None,
    ],
)
def test_a_wrong_dict_is_named_and_nothing_sent(connect: Callable[..., Any], bad: Any) -> None:
    with Wire(ok(PAGE_ANSWER)) as wire:
        with pytest.raises((infosecops.ConfigError, TypeError, KeyError)):
            connect(GL, wire.url, token="t").update_review_items("UAR", [PAGE_DICTS[0], bad])
        assert wire.connections == 0
