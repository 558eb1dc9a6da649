"""G&L commands and coverage as literal bytes: what the vendor's pages print, and what servers are known to send."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import CoverageRule, equals
from wire import Wire, html, ok

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GL = "GovernanceLifecycle"
COVERAGE_PAGE_PYTHON = """
user_id='lbelkin'|user|1=1|app-role|name='Datadog'|
user_id='mcastro'|user|1=1|ent|name='Dynatrace'|
"""
COVERAGE_PAGE_NODE = (
    "user_id='lbelkin'|user|1=1|app-role|name='Datadog'|\nuser_id='mcastro'|user|1=1|ent|name='Dynatrace'|"
)
COVERAGE_OK = '{\n"data": {\n"type": "uploadCoverage",\n"status": "success"\n}\n}'
COVERAGE_412 = """<html>
<head>
<title>Error</title>
</head>
<body>The id parameter or the name parameter must be provided referencing a valid review
result or definition respectively.
Query String=cmd=uploadCoverage{}format=json</body>
</html>"""
LINE = "1=1|user|1=1|ent|1=1|"
MISSING = (
    "The id parameter or the name parameter must be provided referencing a valid review result or definition "
    "respectively."
)


def error_page(message: str, status: str, command: str = "X") -> bytes:
    body = f"{message} Query String=cmd={command}&amp;format=json"
    return html(f"<html><head><title>Error</title></head><body>{body}</body></html>", status)


# uploadCoverage, as the page prints it.


@pytest.mark.parametrize("coverage", [COVERAGE_PAGE_PYTHON, COVERAGE_PAGE_NODE])
@pytest.mark.parametrize("form", ["str", "bytes", "path"])
def test_coverage_goes_out_byte_for_byte(connect: Callable[..., Any], tmp_path: Path, coverage: str, form: str) -> None:
    file = tmp_path / "coverage.txt"
    file.write_bytes(coverage.encode())
    value = {"str": coverage, "bytes": coverage.encode(), "path": file}[form]
    with Wire(ok(COVERAGE_OK)) as wire:
        result = connect(GL, wire.url, token="ws-token").upload_coverage(value, type="reviewer", id="61")
        assert (result.type, result.status, result.message) == ("uploadCoverage", "success", None)
        assert wire.only.method == "POST"
        assert wire.only.target == "/aveksa/command.submit?cmd=uploadCoverage&format=json&id=61&type=reviewer"
        assert wire.only.headers["authorization"] == "Bearer ws-token"
        assert wire.only.headers["accept"] == "application/json"
        assert wire.only.body == coverage.encode()


def test_coverage_of_any_bytes_is_left_alone(connect: Callable[..., Any], tmp_path: Path) -> None:
    raw = b"\xef\xbb\xbf\r\n\x00\xff|\r\n" * 20_000
    (tmp_path / "raw").write_bytes(raw)
    with Wire(ok(COVERAGE_OK)) as wire:
        gl = connect(GL, wire.url, token="t")
        gl.upload_coverage(raw, type="altmanager", name="Azure Role #3-1", alt_manager_resolves_to="EMAIL_ADDRESS")
        gl.upload_coverage(tmp_path / "raw", type="monitor", id=61)
        assert [request.body for request in wire.requests] == [raw, raw]
        target = wire.requests[0].target
        assert target.startswith("/aveksa/command.submit?cmd=uploadCoverage&format=json&")
        assert set(target.partition("?")[2].split("&")[2:]) == {
            "name=Azure%20Role%20%233-1",
            "type=altmanager",
            "altManagerResolvesTo=EMAIL_ADDRESS",
        }


def test_rules_write_the_lines_of_the_page(connect: Callable[..., Any]) -> None:
    rules = [
        CoverageRule(equals("user_id", "lbelkin"), "app-role", objects=equals("name", "Datadog")),
        CoverageRule("user_id='mcastro'", "ent", objects=equals("name", "Dynatrace")),
    ]
    with Wire(ok(COVERAGE_OK)) as wire:
        gl = connect(GL, wire.url, token="t")
        gl.upload_coverage(rules, type="reviewer", id=61)
        gl.upload_coverage(iter(rules[:1]), type="reviewer", id=61)
        assert wire.requests[0].body.decode().rstrip("\n") == COVERAGE_PAGE_NODE
        assert wire.requests[1].body.decode().rstrip("\n") == COVERAGE_PAGE_NODE.partition("\n")[0]


def test_rules_have_six_fields_and_double_quotes() -> None:
    assert equals("name", "O'Brien's '' \"x\"") == "name='O''Brien''s '''' \"x\"'"
    rule = CoverageRule("1=1", "group", objects="2=2", subjects="3=3", subject_type="account", privilege="signoff")
    assert (rule.reviewer, rule.object_type, rule.objects) == ("1=1", "group", "2=2")
    assert (rule.subjects, rule.subject_type, rule.privilege) == ("3=3", "account", "signoff")


@pytest.mark.parametrize("bad", ["a|b", "a\nb", "a\rb", "a||b"])
@pytest.mark.parametrize("field", ["reviewer", "object_type", "objects", "subjects", "subject_type", "privilege"])
def test_rules_refuse_what_would_break_a_line(connect: Callable[..., Any], field: str, bad: str) -> None:
    fields = {"reviewer": "1=1", "object_type": "ent", field: bad}
    with Wire(ok(COVERAGE_OK)) as wire:
        with pytest.raises(infosecops.ConfigError):
            connect(GL, wire.url, token="t").upload_coverage([CoverageRule(**fields)], type="reviewer", id=1)
        assert wire.connections == 0


@pytest.mark.parametrize(("column", "value"), [("name", "a|b"), ("name", "a\nb"), ("na|me", "a")])
def test_equals_refuses_what_would_break_a_line(column: str, value: str) -> None:
    with pytest.raises(infosecops.ConfigError):
        CoverageRule(equals(column, value), "ent")


@pytest.mark.parametrize(
    "arguments",
    [
        {"type": "reviewer", "coverage": LINE},
        {"type": "reviewer", "coverage": LINE, "id": 1, "name": "a"},
        {"type": "nobody", "coverage": LINE, "id": 1},
        {"type": "reviewer", "id": 1},
        {"type": "reviewer", "id": 1, "coverage": LINE, "filename": "x.txt"},
        {"type": "reviewer", "id": 1, "coverage": LINE, "alt_manager_resolves_to": "EMAIL"},
        {"type": "reviewer", "id": "", "coverage": LINE},
    ],
)
def test_coverage_arguments_that_cannot_work_are_never_sent(
    connect: Callable[..., Any], arguments: dict[str, Any]
) -> None:
    with Wire(ok(COVERAGE_OK)) as wire:
        with pytest.raises(infosecops.ConfigError) as caught:
            connect(GL, wire.url, token="t").upload_coverage(**arguments)
        assert caught.value.outcome == "not_sent"
        assert wire.connections == 0


@pytest.mark.parametrize("name", ["coverage.txt", "/srv/gl/coverage.txt", r"C:\gl\coverage.csv", "user_id='a'", ""])
@pytest.mark.parametrize("kind", ["reviewer", "monitor", "altmanager"])
def test_a_files_name_is_no_coverage(connect: Callable[..., Any], name: str, kind: str) -> None:
    with Wire(ok(COVERAGE_OK)) as wire:
        gl = connect(GL, wire.url, token="t")
        with pytest.raises(infosecops.ConfigError, match=r"^coverage: .*pathlib\.Path") as caught:
            gl.upload_coverage(name, type=kind, id=61)
        assert caught.value.outcome == "not_sent"
        assert wire.connections == 0
        for content in (f"{name}.".encode(), f"a{name}\n", f"a{name}\r", f"a{name}|"):
            gl.upload_coverage(content, type=kind, id=61)
        sent = [request.body.decode() for request in wire.requests]
        assert sent == [f"{name}.", f"a{name}\n", f"a{name}\r", f"a{name}|"]


def test_a_file_on_the_server_is_named_in_the_query(connect: Callable[..., Any]) -> None:
    with Wire(ok(COVERAGE_OK)) as wire:
        connect(GL, wire.url, token="t").upload_coverage(type="monitor", id=1, filename="a b&c.txt")
        assert "&filename=a%20b%26c.txt" in wire.only.target
        assert wire.only.body == b""


@pytest.mark.parametrize("sign", ["&", "&amp;"])
def test_the_documented_412_is_understood(connect: Callable[..., Any], sign: str) -> None:
    with Wire(html(COVERAGE_412.format(sign), "412 Precondition Failed")) as wire:
        with pytest.raises(infosecops.PreconditionFailedError) as caught:
            connect(GL, wire.url, token="t").upload_coverage(LINE, type="reviewer", name="gone")
        error = caught.value
        assert MISSING in str(error)
        assert "Query String" not in str(error)
        assert (error.status, error.outcome, error.attempts) == (412, "rejected", 1)
        assert (error.system, error.operation, error.method) == ("governance_lifecycle", "upload_coverage", "POST")


def test_properties_text_is_understood_though_json_was_asked_for(connect: Callable[..., Any]) -> None:
    with Wire(ok("status=success\n", "text/plain")) as wire:
        assert connect(GL, wire.url, token="t").upload_coverage(LINE, type="reviewer", id=1).status == "success"
        wire.answers = [ok("status=failure\nmessage=No such review\n", "text/plain")]
        with pytest.raises(infosecops.ApiError, match="No such review") as caught:
            connect(GL, wire.url, token="t").upload_coverage(LINE, type="reviewer", id=1)
        assert (caught.value.status, caught.value.outcome) == (200, "rejected")


@pytest.mark.parametrize(
    "body",
    [
        '{"data":{"type":"uploadCoverage","status":"failure","message":"bad line 7"}}',
        '{"data":{"type":"uploadCoverage","Status":"Failure","message":"bad line 7"}}',
    ],
)
def test_200_with_failure_is_an_error(connect: Callable[..., Any], body: str) -> None:
    with Wire(ok(body)) as wire:
        with pytest.raises(infosecops.ApiError, match="bad line 7") as caught:
            connect(GL, wire.url, token="t").upload_coverage(LINE, type="reviewer", id=1)
        assert caught.value.outcome == "rejected"
        assert len(wire.requests) == 1


@pytest.mark.parametrize("status", ["500 Oops", "502 Bad", "503 No", "504 Late"])
def test_coverage_is_never_sent_twice(connect: Callable[..., Any], status: str) -> None:
    with Wire(error_page("java.lang.NullPointerException", status)) as wire:
        with pytest.raises(infosecops.ServerError) as caught:
            connect(GL, wire.url, token="t").upload_coverage(LINE, type="reviewer", id=1)
        assert (len(wire.requests), caught.value.outcome) == (1, "unknown")


# Error pages.


def test_the_page_of_6_9_1_is_understood(connect: Callable[..., Any]) -> None:
    page = (
        "<html><head><title>Aveksa - Error report</title><style><!--H1 {font-family:Tahoma}--></style></head><body>"
        "<h1><![CDATA[HTTP Status 412 - Missing required properties <?xml version='1.0'?><Changes/>]]></h1>"
        "</body></html>"
    )
    with Wire(html(page, "412 Precondition Failed")) as wire:
        with pytest.raises(infosecops.PreconditionFailedError, match="Missing required properties") as caught:
            connect(GL, wire.url, token="t").run_review("X")
        assert "Tahoma" not in str(caught.value)


@pytest.mark.parametrize("body", ["", "<html><head><title>Error</title></head><body></body></html>"])
def test_the_reason_phrase_is_the_last_resort(connect: Callable[..., Any], body: str) -> None:
    told = "Parameter name is missing"
    with Wire(html(body, f"412 {told}")) as wire, pytest.raises(infosecops.PreconditionFailedError, match=told):
        connect(GL, wire.url, token="t").run_review("X")


def test_an_unknown_command_is_named(connect: Callable[..., Any]) -> None:
    with Wire(html("", "404 findReviewz")) as wire, pytest.raises(infosecops.NotFoundError, match="findReviewz"):
        connect(GL, wire.url, token="t").command("findReviewz")


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        ("400 Bad Request", "could not find user or account", infosecops.BadRequestError),
        ("404 Not Found", "Could not find a review with the id 5917", infosecops.NotFoundError),
        ("404 Not Found", "The run-id 9 is invalid.", infosecops.NotFoundError),
        ("409 Conflict", "Cannot schedule Identity Collections at this time", infosecops.ConflictError),
        ("500 Oops", "org.hibernate.exception.GenericJDBCException: could not execute query", infosecops.ServerError),
        ("501 Not Implemented", "Password vault type not found.", infosecops.ServerError),
    ],
)
def test_every_status_has_its_class(
    connect: Callable[..., Any], status: str, message: str, kind: type[infosecops.ApiError]
) -> None:
    with Wire(error_page(message, status)) as wire:
        with pytest.raises(kind) as caught:
            connect(GL, wire.url, token="t").get_review_status(5917)
        assert message in str(caught.value)
        assert caught.value.body_excerpt


@pytest.mark.parametrize(
    "answer",
    [
        html("<html><body><form action='/login'>Please log in</form></body></html>", "200 OK"),
        ok("<html><body>maintenance</body></html>"),
        ok(""),
        ok('{"data":'),
        ok("[1]"),
        ok('{"data":{"type":"runReview"}}'),
    ],
)
def test_200_that_is_no_answer_is_an_error(connect: Callable[..., Any], answer: bytes) -> None:
    with Wire(answer) as wire:
        with pytest.raises(infosecops.UnexpectedContentError) as caught:
            connect(GL, wire.url, token="t").run_review("X")
        assert (caught.value.outcome, len(wire.requests)) == ("unknown", 1)


# Commands.


COMMANDS = [
    ("run_review", ("Azure Role #3-1",), {}, "cmd=runReview&format=json&name=Azure%20Role%20%233-1"),
    ("get_run_status", ("17",), {}, "cmd=getRunStatus&format=json&run-id=17"),
    ("get_review_result", (17,), {}, "cmd=getReviewResult&format=json&run-id=17"),
    ("get_review_status", (61,), {}, "cmd=getReviewStatus&format=json&id=61"),
    ("set_review_state", (61, "active"), {}, "cmd=setReviewState&format=json&id=61&state=active"),
    (
        "update_unreviewed_items",
        (61, "revoke"),
        {"unassigned": True, "grouping": "asset", "comment": "a&b"},
        "cmd=updateUnreviewedItems&format=json&id=61&state=revoke&unassigned=true&grouping=asset&comment=a%26b",
    ),
    ("keep_alive", (), {}, "cmd=keepAlive&format=json"),
    ("get_security_settings", (), {}, "cmd=getSecuritySettings&format=json"),
]
EVERYTHING = (
    '{"data":{"run-id":"17","id":"61","name":"UAR-3","status":"success","overall-status":"Running",'
    '"start-time":"2023-08-03 20:12:08","token-inactivity-timeout":"10","token-lifespan-timeout":"120",'
    '"allow-username-save":"true","state":"InActionable","total-entitlements":"667",'
    '"start-date":"2023-08-03 20:12:08"}}'
)


@pytest.mark.parametrize(("name", "arguments", "keywords", "query"), COMMANDS)
def test_every_command_has_its_query(
    connect: Callable[..., Any], name: str, arguments: tuple[Any, ...], keywords: dict[str, Any], query: str
) -> None:
    with Wire(ok(EVERYTHING)) as wire:
        if name == "keep_alive":
            wire.answers = [ok('{"data":{"type":"keepAlive"}}')]
        getattr(connect(GL, wire.url, token="t"), name)(*arguments, **keywords)
        path, _, sent = wire.only.target.partition("?")
        assert (wire.only.method, path) == ("GET", "/aveksa/command.submit")
        assert sent.split("&")[:2] == query.split("&")[:2]
        assert set(sent.split("&")) == set(query.split("&"))


def test_refresh_sends_only_the_switches_given(connect: Callable[..., Any]) -> None:
    with Wire(ok('{"data":{"type":"refreshReview","name":"UAR-3","run-id":"9"}}')) as wire:
        gl = connect(GL, wire.url, token="t")
        assert gl.refresh_review(61, coverage=True, review_analysis=False, applications=["a", "b c"]).type
        query = set(wire.only.target.partition("?")[2].split("&"))
        assert {"coverage=true", "reviewAnalysis=false"} <= query
        assert query & {"applications=a%2Cb%20c", "applications=a,b%20c"}
        assert len(query) == 6


def test_texts_become_real_types(connect: Callable[..., Any]) -> None:
    with Wire(ok(EVERYTHING)) as wire:
        gl = connect(GL, wire.url, token="t")
        status = gl.get_review_status(61)
        assert (status.name, status.state, status.total_entitlements) == ("UAR-3", "InActionable", 667)
        assert status.start_date == dt.datetime(2023, 8, 3, 20, 12, 8)  # noqa: DTZ001
        assert (status.due_date, status.certified_users, status.saved_users) == (None, None, None)
        assert gl.run_review("UAR") == "17"
        assert gl.get_review_result(17) == "61"
        assert gl.get_run_status(17).overall_status == "Running"
        settings = gl.get_security_settings()
        limits = (settings.token_inactivity_timeout, settings.token_lifespan_timeout, settings.allow_username_save)
        assert limits == (10, 120, True)


@pytest.mark.parametrize("name", ["run_review", "set_review_state", "refresh_review", "update_unreviewed_items"])
def test_gets_that_change_data_are_never_sent_twice(connect: Callable[..., Any], name: str) -> None:
    arguments = {"set_review_state": ("1", "active"), "update_unreviewed_items": ("1", "revoke")}.get(name, ("1",))
    with Wire(error_page("busy", "503 Busy")) as wire:
        with pytest.raises(infosecops.ServerError):
            getattr(connect(GL, wire.url, token="t"), name)(*arguments)
        assert (len(wire.requests), wire.only.method) == (1, "GET")


def test_commands_in_three_envelopes(connect: Callable[..., Any]) -> None:
    with Wire(ok('{"findUsers":[{"id":"1","user_id":"jdoe"}]}')) as wire:
        gl = connect(GL, wire.url, token="t")
        found = gl.command("findUsers", params={"returnColumns": "id,user_id", "distinct": True, "x": None})
        assert found.data == [{"id": "1", "user_id": "jdoe"}]
        query = "cmd=findUsers&format=json&returnColumns=id%2Cuser_id&distinct=true"
        assert wire.only.target.replace(",", "%2C") == f"/aveksa/command.submit?{query}"
        wire.answers = [ok("user-name label=a=b\ninstructions=\nrun-id=5733,5734\n", "text/plain")]
        assert gl.command("x").data == {"user-name label": "a=b", "instructions": "", "run-id": "5733,5734"}
        wire.answers = [ok('{"answer":1,"list":[true,null,2.5]}')]
        assert gl.command("x", method="POST", body="<a/>").data == {"answer": 1, "list": [True, None, 2.5]}
        assert wire.requests[-1].body == b"<a/>"
