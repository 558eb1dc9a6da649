"""updateReviewItems: the document that is sent, every spelling of the answer, and how much of it is believed."""

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
from wire import Drop, Received, Wire, html, ok

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
EXIST = "Specified review component does not exist."
SAME = "The review component is already in the same state as being updated."
STATES = "State specified should be one of [Maintain, revoke, none]"


def status(text: str) -> bytes:
    return ok(json.dumps({"data": {"type": "updateReviewItems", "Status": text}}))


def refused(text: str) -> bytes:
    body = f"{text} Query String=cmd=updateReviewItems&amp;format=json"
    return html(f"<html><head><title>Error</title></head><body>{body}</body></html>", "412 Precondition Failed")


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


# Answers.


LINES = [
    ("Status for Review Item (jdoe-HR)=Failure ({}", None),
    ("Status For Review Item(jdoe-HR)=Failure ({})", None),
    ("Status For Review (jdoe-HR)=Failure ({} )", None),
    ("Status For Review Item(jdoe-HR for the account jd)=Failure ({})", "jd"),
    ("Status for Review Item (jdoe-HR)=\nFailure ({}", None),
]


@pytest.mark.parametrize("reason", [EXIST, SAME, STATES])
@pytest.mark.parametrize(("line", "account"), LINES)
@pytest.mark.parametrize("page", [False, True])
def test_every_spelling_of_an_item_line(
    connect: Callable[..., Any], line: str, account: str | None, reason: str, *, page: bool
) -> None:
    if page:
        answer = refused("Status=Failure.  None of the 1 review components could be updated. " + line.format(reason))
        changes = [change(account=RevieweeAccount("jd", "Okta"))]
    else:
        head = "Partial Success. Updated 1 of 2 review components successfully.\n"
        answer = status(head + line.format(reason))
        changes = [change("other"), change(account=RevieweeAccount("jd", "Okta"))]
    with Wire(answer) as wire:
        gl = connect(GL, wire.url, token="t")
        with pytest.raises(infosecops.PartialFailure) as caught:
            gl.update_review_items("UAR", changes)
        result = caught.value.result
        assert (result.updated, result.total, result.ok) == (len(changes) - 1, len(changes), False)
        (item,) = result.items
        assert (item.label, item.account, item.ok, item.reason) == ("jdoe-HR", account, False, reason)
        assert caught.value.outcome == "rejected"
        assert caught.value.operation == "update_review_items"
        returned = gl.update_review_items("UAR", changes, on_partial="return")
        assert (returned.updated, returned.ok) == (result.updated, False)
        assert [failed.index for failed in result.failed] == [len(changes) - 1]
        assert result.failed[0].change == changes[-1]
        assert [done.index for done in result.succeeded] == list(range(len(changes) - 1))


@pytest.mark.parametrize("head", ["Status=Failure.", "Status-Failure."])
def test_none_updated_is_a_partial_failure(connect: Callable[..., Any], head: str) -> None:
    text = f"{head}  None of the 2 review components could be updated. "
    text += f"Status For Review Item(a-HR)=Failure ({EXIST}) Status For Review Item(b-HR)=Failure ({SAME})"
    with Wire(refused(text)) as wire:
        with pytest.raises(infosecops.PartialFailure) as caught:
            connect(GL, wire.url, token="t").update_review_items("UAR", [change("b"), change("a")])
        result = caught.value.result
        assert (result.updated, result.total, len(result.failed)) == (0, 2, 2)
        assert [(item.label, item.reason) for item in result.items] == [("a-HR", EXIST), ("b-HR", SAME)]
        assert {failed.change.reviewee: failed.reason for failed in result.failed} == {"a": EXIST, "b": SAME}
        assert EXIST.rstrip(".") in str(caught.value)
        done = connect(GL, wire.url, token="t").update_review_items(
            "UAR", [change("b"), change("a")], same_state_ok=True, on_partial="return"
        )
        assert [entry.change.reviewee for entry in done.failed] == ["a"]
        assert [entry.change.reviewee for entry in done.succeeded] == ["b"]


def test_equal_labels_lose_no_line(connect: Callable[..., Any]) -> None:
    line = f"Status For Review Item(jdoe-HR)=Failure ({EXIST})\n"
    changes = [change(account=RevieweeAccount(name, "Okta")) for name in ("a", "b", "c")]
    with Wire(status("Partial Success. Updated 1 of 3 review components successfully.\n" + line * 2)) as wire:
        result = connect(GL, wire.url, token="t").update_review_items("UAR", changes, on_partial="return")
        assert len(result.items) == 2
        assert len(result.unknown) == 3, "the server did not say which account, so nothing is claimed"
        assert (result.succeeded, result.failed) == ([], [])


def test_labels_may_hold_any_sign(connect: Callable[..., Any]) -> None:
    name = "CN=HR (all)=x,OU=a-b"
    text = "Partial Success. Updated 1 of 2 review components successfully.\n"
    text += f"Status for Review Item (j-d-{name})=Failure ({EXIST})"
    with Wire(status(text)) as wire:
        result = connect(GL, wire.url, token="t").update_review_items(
            "UAR", [change("j-d", name), change("x", "y")], on_partial="return"
        )
        assert result.items[0].label == f"j-d-{name}"
        assert [entry.index for entry in result.failed] == [0]


def test_other_forms_of_the_answer(connect: Callable[..., Any]) -> None:
    text = "Success. Updated all 1 review components with specified states."
    answers = [
        ok(f"Status={text}\n", "text/plain"),
        ok(json.dumps({"data": {"status": text}})),
        ok(json.dumps({"Status": text})),
        ok(json.dumps({"updateReviewItems": {"Status": text}})),
    ]
    for answer in answers:
        with Wire(answer) as wire:
            result = connect(GL, wire.url, token="t").update_review_items("UAR", [change()])
            assert (result.updated, result.total, result.ok) == (1, 1, True)


@pytest.mark.parametrize("text", ["Could not find a review with name UAR", "The review is not an actionable state."])
def test_a_review_that_cannot_be_changed_is_no_partial_failure(connect: Callable[..., Any], text: str) -> None:
    with Wire(refused(text)) as wire:
        with pytest.raises(infosecops.ApiError) as caught:
            connect(GL, wire.url, token="t").update_review_items("UAR", [change()], on_partial="return")
        assert not isinstance(caught.value, infosecops.PartialFailure)
        assert text.rstrip(".") in str(caught.value)
        assert (caught.value.status, caught.value.outcome) == (412, "rejected")
        assert caught.value.hint


@pytest.mark.parametrize("answer", [html("<html>log in</html>", "200 OK"), ok("{}"), status("done"), ok("")])
def test_an_answer_without_counts_is_no_success(connect: Callable[..., Any], answer: bytes) -> None:
    with Wire(answer) as wire:
        with pytest.raises(infosecops.UnexpectedContentError) as caught:
            connect(GL, wire.url, token="t").update_review_items("UAR", [change()], on_partial="return")
        assert caught.value.outcome == "unknown"


def test_chunks_go_one_after_another_and_stop_at_an_error(connect: Callable[..., Any]) -> None:
    seen: list[tuple[int, int, int]] = []
    one = status("Success. Updated all 2 review components with specified states.")
    changes = [change(f"user{number}") for number in range(6)]
    with Wire(one, Drop()) as wire:
        with pytest.raises(infosecops.PartialFailure) as caught:
            connect(GL, wire.url, token="t").update_review_items(
                "UAR", changes, chunk_size=2, on_progress=lambda *step: seen.append(step)
            )
        result = caught.value.result
        assert seen == [(2, 6, 0)]
        assert len(wire.requests) == 2, "the third chunk is not sent, and none is sent twice"
        assert wire.requests[1].body.count(b"<ReviewItemChange") == 2
        assert [entry.index for entry in result.succeeded] == [0, 1]
        assert [entry.index for entry in result.unknown] == [2, 3]
        assert [entry.index for entry in result.failed] == [4, 5]
        assert caught.value.outcome == "unknown"


@pytest.mark.parametrize("answer", [Drop(), html("", "503 Busy"), html("<html>x</html>", "500 Oops")])
def test_an_update_is_never_sent_twice(connect: Callable[..., Any], answer: Any) -> None:
    with Wire(answer) as wire:
        with pytest.raises(infosecops.Error) as caught:
            connect(GL, wire.url, token="t").update_review_items("UAR", [change()])
        assert (len(wire.requests), caught.value.outcome) == (1, "unknown")


def test_a_dead_token_is_renewed_and_the_update_sent_once_more(connect: Callable[..., Any]) -> None:
    def answer(request: Received) -> bytes:
        if request.headers["authorization"] == "Bearer old":
            return html("<html><body>The token is not valid. Token is invalid or expired</body></html>", "401 No")
        return ok(PAGE_ANSWER)

    tokens = iter(["old", "new"])
    with Wire(answer) as wire:
        assert connect(GL, wire.url, token=lambda: next(tokens)).update_review_items("UAR-3", PAGE_CHANGES).ok
        assert wire.requests[0].body == wire.requests[1].body
        assert len(wire.requests) == 2
