"""Review changes and coverage rules from CSV files and data frames: what is read, and how what is wrong is told."""

from __future__ import annotations

import datetime as dt
import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import (
    ApplicationRole,
    CoverageRule,
    Entitlement,
    GlobalRole,
    Group,
    RevieweeAccount,
    ReviewItemChange,
)
from test_review_items import GL, PAGE_ANSWER, PAGE_CHANGES, PAGE_REQUEST
from wire import Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PAGE_CSV = """state,reviewee,kind,name,business_source,account_name,account_business_source,comments
revoke,asmith,group,HR Department,Okta,mason.stewart@example.com,Okta,Alice no longer needs this access
revoke,achen,Group,Auditors,CyberArk (REST),TelemetryUser,CyberArk (REST),Alex no longer needs this access
"""
ALL_KINDS = '''state;reviewee;kind;name;resource;action;business_source;role_set;comments;expires_on
revoke;a;entitlement;;Mail;-;AD;;"line one
line ""two""";
maintain;b;Application Role;Clerk;;;Datadog;;;2030-12-31
;;;;;;;;;
none;c;GROUP;"HR, ""all""";;;Okta;;x\u00e4;
custom;d;global-role;Buyer;;;;Sets;;
'''
KINDS = [
    ReviewItemChange("revoke", "a", Entitlement("Mail", "-", "AD"), comments='line one\nline "two"'),
    ReviewItemChange("maintain", "b", ApplicationRole("Clerk", "Datadog"), expires_on=dt.date(2030, 12, 31)),
    ReviewItemChange("none", "c", Group('HR, "all"', "Okta"), comments="xä"),
    ReviewItemChange("custom", "d", GlobalRole("Buyer", "Sets")),
]


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def test_the_changes_of_the_page_from_a_file(connect: Callable[..., Any], tmp_path: Path) -> None:
    changes = ReviewItemChange.from_csv(written(tmp_path / "changes.csv", PAGE_CSV))
    assert (len(changes), list(changes), list(changes)) == (2, PAGE_CHANGES, PAGE_CHANGES)
    with Wire(ok(PAGE_ANSWER)) as wire:
        assert connect(GL, wire.url, token="t").update_review_items("UAR-3", changes).ok
        assert wire.only.body.decode() == PAGE_REQUEST


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_all_kinds_in_whatever_form_a_spreadsheet_writes(
    tmp_path: Path, encoding: str, delimiter: str, ends: str
) -> None:
    text = ALL_KINDS.replace(";", delimiter).replace("\n", ends)
    path = written(tmp_path / "x.csv", text, encoding)
    more = {} if encoding.startswith("utf-8") else {"encoding": encoding}
    found = list(ReviewItemChange.from_csv(str(path), **more))
    assert found[1:] == KINDS[1:]
    assert found[0].comments.splitlines() == KINDS[0].comments.splitlines()
    assert list(ReviewItemChange.from_csv(path, delimiter=delimiter, **more)) == found


def test_the_mark_of_a_spreadsheet_and_names_of_ones_own(tmp_path: Path) -> None:
    text = "sep=;\nUser ID;What;Kind;Name;Business Source;Manager\nachen;revoke;group;Auditors;Okta;bjones\n"
    path = written(tmp_path / "x.csv", text)
    names = {"User ID": "reviewee", "What": "state", "Manager": None}
    assert list(ReviewItemChange.from_csv(path, columns=names)) == [
        ReviewItemChange("revoke", "achen", Group("Auditors", "Okta"))
    ]


# A spreadsheet breaks the line inside a cell with Alt+Enter, and writes such a cell in quotes.
BROKEN_NAMES = [
    'What;"User\nID";Kind;Name;"Business\nSource";"Expires\non";Manager\n',
    '"What";"User \r\n ID";" Kind ";"Name";"  business\r\n\r\nsource\r\n";"expires\r\non";"Manager"\r\n',
    '"What";"\rUser\t\rID";"Kind";Name;"BUSINESS\rSOURCE";"Expires\rOn";Manager\r',
]


@pytest.mark.parametrize("header", BROKEN_NAMES)
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("mark", ["", "sep=;\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("given", ["User ID", "User\nID", " User \r\n  ID "])
def test_names_of_columns_hold_line_breaks(  # noqa: PLR0913, PLR0917
    tmp_path: Path, header: str, delimiter: str, mark: str, encoding: str, given: str
) -> None:
    rows = 'maintain;achen;group;"Audi;\ntors";Okta;2030-12-31;bjones\n'
    path = written(tmp_path / "x.csv", (mark + header + rows).replace(";", delimiter), encoding)
    names = {given: "reviewee", "What": "state", "Manager": None}
    group = Group(f"Audi{delimiter}\ntors", "Okta")
    assert list(ReviewItemChange.from_csv(path, columns=names, encoding=encoding)) == [
        ReviewItemChange("maintain", "achen", group, expires_on=dt.date(2030, 12, 31))
    ]


def test_the_advice_about_an_unknown_column_works(tmp_path: Path) -> None:
    text = 'state,reviewee,kind,name,business_source,"Line\nManager"\nrevoke,achen,group,G,Okta,bjones\n'
    path = written(tmp_path / "x.csv", text)
    with pytest.raises(infosecops.ConfigError) as caught:
        ReviewItemChange.from_csv(path)
    told = str(caught.value)
    assert "line 1, column 'Line Manager': is not known" in told
    assert "columns={'Line Manager': None} leaves it out" in told
    found = ReviewItemChange.from_csv(path, columns={"Line Manager": None})
    assert list(found) == [ReviewItemChange("revoke", "achen", Group("G", "Okta"))]


def test_lines_are_counted_below_a_name_of_several_lines(tmp_path: Path) -> None:
    text = (
        'sep=,\n"state",reviewee,"kind\n",name,"business\nsource"\n\nrevoke,,group,"G\n",Okta\nrevoke,,group,G,Okta\n'
    )
    with pytest.raises(infosecops.ConfigError) as caught:
        ReviewItemChange.from_csv(written(tmp_path / "x.csv", text))
    told = str(caught.value)
    assert "line 6, column reviewee: must not be empty" in told
    assert "line 8, column reviewee: must not be empty" in told


def test_names_of_rules_hold_line_breaks(tmp_path: Path) -> None:
    text = '"reviewer.\nuser_id";"object\ntype";" objects. \nBusiness_Unit\n"\nmcastro;ent;HR\n'
    rules = CoverageRule.from_csv(written(tmp_path / "coverage.csv", text))
    assert [str(rule) for rule in rules] == ["user_id='mcastro'|user|1=1|ent|Business_Unit='HR'|"]


def test_every_bad_row_is_told_with_its_line_and_column(tmp_path: Path) -> None:
    text = """state,reviewee,kind,name,business_source,role_set,account_name,comments,expires_on
revoke,a,group,G,B,,,"two
lines",
revoke,,group,G,B,,,,
revoke,a,team,G,B,,,,
revoke,a,group,G,B,,,,2030-12-31
maintain,a,group,G,B,,,,31.12.2030
revoke,a,group,G,B,R,,,
revoke,a,group,G,B,,jd,,
revoke,a,group,G,B,,,,,,extra
revoke,a,group,G,B,,,x\x0b,
revoke,a,entitlement,,B,,,,
"""
    with pytest.raises(infosecops.ConfigError) as caught:
        ReviewItemChange.from_csv(written(tmp_path / "changes.csv", text))
    told = str(caught.value)
    assert told.startswith(f"{tmp_path / 'changes.csv'}: 9 of 10 rows can't be used: line 4, column reviewee: must not")
    for part in (
        "line 5, column kind: must be",
        "line 6, column expires_on: only with the state 'maintain'",
        'line 7, column expires_on: "31.12.2030" is not a date such as 2030-12-31',
        'line 8, column role_set: must be empty for the kind "group"',
        "line 9, column account_business_source: must not be empty beside account_name",
        "line 10, column 10: the row has more cells",
        "line 11, column comments: holds U+000B",
        "line 12, column resource: must not be empty",
    ):
        assert part in told
    assert caught.value.outcome in {None, "not_sent"}


@pytest.mark.parametrize(
    ("text", "more", "told"),
    [
        ("state,reviewee,knd\nx,y,z\n", {}, "line 1, column 'knd': is not known; known are state, reviewee, kind"),
        ("state,reviewee\nx,y\n", {}, "line 1: names no column kind"),
        ("state,kind,reviewee,State\n", {}, "line 1, column state: stands there twice"),
        ("state,kind,reviewee\n", {}, "there are no rows"),
        ("", {}, "names no column state and no column reviewee"),
        ("state,kind,reviewee,name,business_source\nrevoke,group,\xe4,G,B\n", {}, "is not utf-8-sig"),
        ('state,kind,reviewee,name\nrevoke,group,"a"b,G\n', {}, "no such file of separated values"),
        ('state,"kind"x,reviewee,name\nrevoke,group,a,G\n', {}, "no such file of separated values"),
        ('state,kind,reviewee,"name\nrevoke,group,a,G\n', {}, "no such file of separated values"),
        ("x", {"encoding": "klingon"}, "encoding: 'klingon' is not known"),
        ("x", {"delimiter": ";;"}, "delimiter: must be one character"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str, more: dict[str, Any], told: str) -> None:
    path = written(tmp_path / "x.csv", text, "cp1252")
    with pytest.raises(infosecops.ConfigError) as caught:
        ReviewItemChange.from_csv(path, **more)
    assert told in str(caught.value)


def test_a_file_that_cannot_be_read_or_was_changed_is_named(tmp_path: Path) -> None:
    with pytest.raises(infosecops.ConfigError, match=r"path: cannot read .*nowhere\.csv: No such file"):
        ReviewItemChange.from_csv(tmp_path / "nowhere.csv")
    path = written(tmp_path / "x.csv", PAGE_CSV)
    changes = ReviewItemChange.from_csv(path)
    path.write_text(PAGE_CSV.replace("asmith", ""))
    with pytest.raises(infosecops.ConfigError, match="line 2, column reviewee: must not be empty; it was fine before"):
        list(changes)


MIDNIGHT = dt.datetime(2030, 1, 2, tzinfo=dt.timezone.utc)


class NAType:
    """As pandas has it where there is nothing."""

    def __eq__(self, _: object) -> Any:
        return self

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise TypeError("boolean value of NA is ambiguous")


class Row(dict[str, Any]):
    """A mapping of its own kind."""


@pytest.mark.parametrize("nothing", [None, math.nan, NAType(), ""])
@pytest.mark.parametrize("kind", [dict, Row, MappingProxyType])
def test_rows_of_data_frames(connect: Callable[..., Any], nothing: Any, kind: Any) -> None:
    empty = dict.fromkeys(("resource", "action", "role_set", "account_name", "account_business_source"), nothing)
    rows = [
        {**empty, "state": "revoke", "reviewee": "a", "kind": "group", "name": "G", "business_source": "B",
         "comments": nothing, "expires_on": nothing},
        {**empty, "state": "maintain", "reviewee": "b", "kind": "global_role", "name": "R", "role_set": "S",
         "account_name": "n", "account_business_source": "s", "expires_on": MIDNIGHT},
        {**empty, "state": "maintain", "reviewee": "b", "kind": "group", "name": "R", "business_source": "S",
         "expires_on": "2030-01-02"},
    ]  # fmt: skip
    gl = connect(GL, "http://127.0.0.1:9", token="t")
    account, day = RevieweeAccount("n", "s"), dt.date(2030, 1, 2)
    changes = [
        ReviewItemChange("revoke", "a", Group("G", "B")),
        ReviewItemChange("maintain", "b", GlobalRole("R", "S"), account=account, expires_on=day),
        ReviewItemChange("maintain", "b", Group("R", "S"), expires_on=day),
    ]
    found = gl.update_review_items("R", (kind(row) for row in rows), dry_run=True)
    assert found.raw == gl.update_review_items("R", changes, dry_run=True).raw
    with pytest.raises(TypeError, match=r"changes\[0\]\.reviewee: must be a str"):
        gl.update_review_items("R", [{**rows[0], "reviewee": 12.0}])


def test_coverage_rules_from_a_file(tmp_path: Path) -> None:
    text = """reviewer.user_id;object_type;objects.name;objects;subjects.department;privilege
d'arcy;app-role;Datadog;;;signoff
mcastro;ent;;name like 'Dyna%';Finance;
"""
    rules = CoverageRule.from_csv(written(tmp_path / "coverage.csv", text))
    assert [str(rule) for rule in rules] == [
        "user_id='d''arcy'|user|1=1|app-role|name='Datadog'|signoff",
        "user_id='mcastro'|user|department='Finance'|ent|name like 'Dyna%'|",
    ]
    assert len(rules) == 2
    text = "reviewer,object_type,objects.name\nuser_id='a',ent,x|y\n,ent,z\nuser_id='a'||'b',ent,z\n"
    with pytest.raises(infosecops.ConfigError) as caught:
        CoverageRule.from_csv(written(tmp_path / "coverage.csv", text))
    told = str(caught.value)
    assert "3 of 3 rows can't be used: line 2, column objects.name: holds '|'" in told
    assert "line 3, column reviewer: must not be empty; line 4, column reviewer: holds '|'" in told
