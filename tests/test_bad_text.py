"""Any text in a review update or a coverage rule is read back as it was given, or refused before it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from examples import EXAMPLES
from hypothesis import given
from hypothesis import strategies as st
from infosecops import (
    ApplicationRole,
    ConfigError,
    CoverageRule,
    Entitlement,
    GlobalRole,
    GovernanceLifecycle,
    Group,
    RevieweeAccount,
    ReviewItemChange,
    equals,
)
from lxml import etree
from wire import Wire, ok

if TYPE_CHECKING:
    from collections.abc import Iterator

HARD = st.sampled_from(
    ["&", "<", ">", '"', "'", "]]>", "&#0;", "&amp;", "\r\n", "\n", "\t", "\x85", "\u2028", "|", "''"]
)
CHARACTERS = st.characters(exclude_categories=["Cs"]) | HARD
TEXTS = st.lists(CHARACTERS, max_size=12).map("".join)
UNKNOWN_TO_XML = {chr(code) for code in range(0x20) if chr(code) not in "\t\r\n"} | {"\ufffe", "\uffff"}
KINDS = {
    Entitlement: ("Entitlement", {"resource": "resource", "action": "action", "business_source": "business-source"}),
    ApplicationRole: ("ApplicationRole", {"name": "name", "business_source": "business-source"}),
    Group: ("Group", {"name": "name", "business_source": "business-source"}),
    GlobalRole: ("GlobalRole", {"name": "name", "role_set": "role-set"}),
}


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with Wire(ok('{"data": {"type": "uploadCoverage", "status": "success"}}')) as server:
        yield server


@pytest.fixture(scope="module")
def gl(wire: Wire) -> Iterator[GovernanceLifecycle]:
    with GovernanceLifecycle(wire.url, token="t", proxy="direct", timeout=10.0) as client:
        yield client


@st.composite
def changes(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(list(KINDS)))
    return {
        "state": draw(TEXTS),
        "reviewee": draw(TEXTS),
        "item": kind(**{name: draw(TEXTS) for name in KINDS[kind][1]}),
        "account": draw(st.none() | st.builds(RevieweeAccount, TEXTS, TEXTS)),
        "comments": draw(st.none() | TEXTS),
    }


def texts_of(change: dict[str, Any]) -> list[str]:
    texts = [
        change["state"],
        change["reviewee"],
        *(getattr(change["item"], name) for name in KINDS[type(change["item"])][1]),
    ]
    account = change["account"]
    return texts if account is None else [*texts, account.name, account.business_source]


def can_be_sent(review: str, given_changes: list[dict[str, Any]]) -> bool:
    needed = [review, *(text for change in given_changes for text in texts_of(change))]
    free = [change["comments"] or "" for change in given_changes]
    return all(text.strip() for text in needed) and not UNKNOWN_TO_XML & set("".join(needed + free))


@EXAMPLES
@given(review=TEXTS, given_changes=st.lists(changes(), min_size=1, max_size=3))
def test_the_document_of_a_review_update_is_read_back(
    gl: GovernanceLifecycle, wire: Wire, review: str, given_changes: list[dict[str, Any]]
) -> None:
    before = len(wire.requests)
    wanted = [ReviewItemChange(**change) for change in given_changes]
    if not can_be_sent(review, given_changes):
        with pytest.raises(ConfigError):
            gl.update_review_items(review, wanted, dry_run=True)
        with pytest.raises(ConfigError):
            gl.update_review_items(review, wanted)
        assert len(wire.requests) == before
        return
    document = etree.fromstring(gl.update_review_items(review, wanted, dry_run=True).raw.encode())
    assert len(wire.requests) == before
    assert document.findtext("ReviewResultName") == review
    found = document.findall("ReviewItemChange")
    assert len(found) == len(given_changes)
    for element, change in zip(found, given_changes):  # noqa: B905 - of one length, and 3.9 knows no `strict`
        assert element.get("state") == change["state"]
        assert element.get("comments") == change["comments"]
        assert element.findtext("RevieweeUserId") == change["reviewee"]
        tag, names = KINDS[type(change["item"])]
        item = element.find(tag)
        assert item is not None
        assert dict(item.attrib) == {wire_name: getattr(change["item"], name) for name, wire_name in names.items()}
        account = element.find("RevieweeAccount")
        assert (account is None) == (change["account"] is None)
        if account is not None:
            assert dict(account.attrib) == {
                "name": change["account"].name,
                "business-source": change["account"].business_source,
            }


FIELDS = ("reviewer", "subject_type", "subjects", "object_type", "objects", "privilege")


@EXAMPLES
@given(st.lists(st.fixed_dictionaries(dict.fromkeys(FIELDS, TEXTS)), min_size=1, max_size=3))
def test_the_lines_of_coverage_rules_are_read_back(
    gl: GovernanceLifecycle, wire: Wire, rows: list[dict[str, str]]
) -> None:
    rules = []
    for row in rows:
        fine = (
            not set("|\r\n\0") & set("".join(row.values())) and row["reviewer"].strip() and row["object_type"].strip()
        )
        if fine:
            rules.append(CoverageRule(**row))
        else:
            with pytest.raises(ConfigError):
                CoverageRule(**row)
    if len(rules) < len(rows):
        return
    gl.upload_coverage(rules, type="reviewer", id=1)
    sent = wire.requests[-1].body.decode().split("\n")
    assert [line.split("|") for line in sent] == [[row[name] for name in FIELDS] for row in rows]


@EXAMPLES
@given(TEXTS)
def test_a_value_never_leaves_its_quotes(value: str) -> None:
    if set("|\r\n\0") & set(value):
        with pytest.raises(ConfigError, match="value"):
            equals("name", value)
        return
    condition = equals("name", value)
    assert condition.startswith("name='")
    assert condition.endswith("'")
    inner = condition.removeprefix("name='").removesuffix("'")
    assert inner.replace("''", "\0").count("'") == 0
    assert inner.replace("''", "'") == value
