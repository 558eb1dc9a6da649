"""SD Elements jobs: the twelve exchanges of the vendor's page as literal bytes, and what real servers send instead."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import Job, Secret
from wire import Drop, Wire, html, ok

if TYPE_CHECKING:
    from collections.abc import Callable

SDE = "SDElements"
PAGE = (Path(__file__).parent / "pages" / "sd_elements_jobs.txt").read_text()
UTC = dt.timezone.utc


class Exchange:
    """One request of the page and its answer."""

    def __init__(self, text: str) -> None:
        request, first, answer = re.split(r"\n(HTTP/1\.1 [^\n]*)\n", text, maxsplit=1)
        head, _, self.body = request.partition("\n\n")
        self.line, *headers = head.split("\n")
        self.headers = dict(header.split(": ", 1) for header in headers)
        headers, _, self.answer = answer.partition("\n\n")
        content_type = headers.partition(": ")[2]
        self.raw = ok(self.answer, content_type, first.removeprefix("HTTP/1.1 "))


EXCHANGES = {
    title: Exchange(text.strip("\n"))
    for title, text in re.findall(r"^### ([^\n]*)\n(.*?)(?=^### |\Z)", PAGE, re.MULTILINE | re.DOTALL)
}
KINDS = ["alm", "analysis", "ldap"]
JOB = json.loads(EXCHANGES["alm get"].answer)


def job(**fields: Any) -> bytes:
    return ok(json.dumps({**JOB, **fields}))


def check_request(wire: Wire, exchange: Exchange, job_id: str = "") -> None:
    method, target, _ = exchange.line.split(" ")
    target = target.replace("{job_id}", f"{job_id}/")
    assert (wire.only.method, wire.only.target) == (method, target)
    assert wire.only.headers["accept"] == exchange.headers["Accept"] == "application/json"
    assert wire.only.headers["authorization"] == "Token sde-key"
    if exchange.body:
        assert json.loads(wire.only.body) == json.loads(exchange.body)
        assert wire.only.headers["content-type"] == "application/json"
    else:
        assert wire.only.body == b""


def test_the_page_has_twelve_exchanges() -> None:
    assert list(EXCHANGES) == [f"{kind} {what}" for kind in KINDS for what in ("list", "get", "start", "report")]


@pytest.mark.parametrize("kind", KINDS)
def test_list_as_on_the_page(connect: Callable[..., Any], kind: str) -> None:
    exchange = EXCHANGES[f"{kind} list"]
    with Wire(exchange.raw) as wire:
        jobs = getattr(connect(SDE, wire.url, token="sde-key").jobs, kind).list()
        assert wire.connections == 0
        (found,) = list(jobs)
        check_request(wire, exchange)
        assert (found.kind, found.user) == (kind, "admin@example.com")


@pytest.mark.parametrize("kind", KINDS)
def test_get_as_on_the_page(connect: Callable[..., Any], kind: str) -> None:
    exchange = EXCHANGES[f"{kind} get"]
    with Wire(exchange.raw) as wire:
        raw = json.loads(exchange.answer)
        found = getattr(connect(SDE, wire.url, token="sde-key").jobs, kind).get(raw["id"])
        check_request(wire, exchange, str(raw["id"]))
        assert isinstance(found, Job)
        assert {name: getattr(found, name) for name in ("id", "user", "automatic", "ready", "succeeded")} == {
            name: raw[name] for name in ("id", "user", "automatic", "ready", "succeeded")
        }
        assert found.result_message == ""
        assert found.last_run == dt.datetime.fromisoformat(raw["last_run"].replace("Z", "+00:00"))
        assert found.last_run.tzinfo
        connection = raw["connection"]
        for name in ("id", "alias", "system", "frequency", "command"):
            assert getattr(found.connection, name) == connection[name]
        assert found.connection.project == connection.get("project")
        assert found.connection.inaccessible == connection.get("inaccessible")
        shown = {name: value for name, value in found.connection.params.items() if not isinstance(value, Secret)}
        hidden = {"alm_pass"} if kind == "alm" else set()
        assert shown == {name: value for name, value in connection["params"].items() if name not in hidden}
        assert set(found.connection.params) - set(shown) == hidden


@pytest.mark.parametrize("kind", KINDS)
def test_start_as_on_the_page(connect: Callable[..., Any], kind: str) -> None:
    exchange = EXCHANGES[f"{kind} start"]
    asked = json.loads(exchange.body)
    project = None if kind == "ldap" else 1
    with Wire(exchange.raw) as wire:
        started = getattr(connect(SDE, wire.url, token="sde-key").jobs, kind).start(
            asked["connection"], project=project
        )
        check_request(wire, exchange)
        assert started.ready is json.loads(exchange.answer)["ready"], "the server is believed"


@pytest.mark.parametrize("kind", KINDS)
def test_report_as_on_the_page(connect: Callable[..., Any], kind: str) -> None:
    exchange = EXCHANGES[f"{kind} report"]
    asked = json.loads(exchange.body)
    project = None if kind == "ldap" else 1
    with Wire(exchange.raw) as wire:
        reported = getattr(connect(SDE, wire.url, token="sde-key").jobs, kind).report(
            asked["connection"], succeeded=True, result_message="My Message", project=project
        )
        check_request(wire, exchange)
        assert (reported.ready, reported.succeeded, reported.result_message) == (True, True, "My Message")
        assert reported.user == json.loads(exchange.answer)["user"]


@pytest.mark.parametrize("base", ["", "/", "/api/v2", "/api/v2/", "/prefix", "/prefix/api/v2/"])
def test_every_path_ends_in_a_slash(connect: Callable[..., Any], base: str) -> None:
    prefix = "/prefix" if "prefix" in base else ""
    with Wire(job(), job(), job(), ok('{"results":[]}')) as wire:
        sde = connect(SDE, wire.url + base, token="k")
        sde.jobs.alm.start(12)
        sde.jobs.kind("issue-tracker").get(12)
        sde.jobs.ldap.report(1, succeeded=False, result_message="", automatic=False, ready=False)
        list(sde.jobs.list())
        list(sde.connections.alm.list(project=7, include="last_job"))
        wire.answers = [ok('{"id":7,"alias":"a"}')]
        sde.connections.analysis.get(7)
        assert [request.target for request in wire.requests] == [
            f"{prefix}/api/v2/jobs/alm/",
            f"{prefix}/api/v2/jobs/issue-tracker/12/",
            f"{prefix}/api/v2/jobs/ldap/",
            f"{prefix}/api/v2/jobs/",
            f"{prefix}/api/v2/connections/alm/?project=7&include=last_job",
            f"{prefix}/api/v2/connections/analysis/7/",
        ]
        assert json.loads(wire.requests[0].body) == {"connection": 12, "automatic": False, "ready": False}
        assert json.loads(wire.requests[2].body) == {
            "connection": 1,
            "automatic": False,
            "succeeded": False,
            "result_message": "",
            "ready": False,
        }


@pytest.mark.parametrize("kind", ["", "../users", "alm/", "alm?x", ".."])
def test_kinds_that_would_leave_the_path_are_refused(connect: Callable[..., Any], kind: str) -> None:
    with Wire(job()) as wire:
        with pytest.raises(infosecops.ConfigError):
            connect(SDE, wire.url, token="k").jobs.kind(kind).get(1)
        assert wire.connections == 0


# The records' odd forms.


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a@b.c", "a@b.c"), (1, 1), ({"id": 3, "email": "a@b.c"}, "a@b.c"), (None, None), ([], None)],
)
def test_users_are_text_number_or_object(connect: Callable[..., Any], value: Any, expected: object) -> None:
    with Wire(job(user=value, triggered_by=value)) as wire:
        found = connect(SDE, wire.url, token="k").jobs.alm.get(12)
        assert (found.user, found.triggered_by) == (expected, expected)
        if isinstance(value, dict):
            assert found.extra["user"] == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2015-04-15T20:27:24.396442Z", dt.datetime(2015, 4, 15, 20, 27, 24, 396442, UTC)),
        ("2015-04-15T20:27:24.412Z", dt.datetime(2015, 4, 15, 20, 27, 24, 412000, UTC)),
        ("2015-04-15T20:27:24+00:00", dt.datetime(2015, 4, 15, 20, 27, 24, 0, UTC)),
        ("2015-04-15T20:27:24-05:00", dt.datetime(2015, 4, 16, 1, 27, 24, 0, UTC)),
        ("0001-01-01T00:00:00Z", dt.datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-30T21:59:58.999999Z", dt.datetime(9999, 12, 30, 21, 59, 58, 999999, UTC)),
        (None, None),
        ("yesterday", None),
    ],
)
def test_times_are_aware(connect: Callable[..., Any], text: str | None, expected: dt.datetime | None) -> None:
    with Wire(job(last_run=text)) as wire:
        found = connect(SDE, wire.url, token="k").jobs.alm.get(12)
        assert found.last_run == expected
        assert expected is None or found.last_run.utcoffset() is not None


def test_unknown_fields_survive(connect: Callable[..., Any]) -> None:
    connection = {**JOB["connection"], "system": {"id": "rally", "name": "Rally"}, "new": [1]}
    with Wire(job(novel={"a": [1, None]}, connection=connection, id="12")) as wire:
        found = connect(SDE, wire.url, token="k").jobs.alm.get(12)
        assert (found.id, found.extra) == (12, {"novel": {"a": [1, None]}})
        assert found.connection.system == "Rally"
        assert found.connection.extra["new"] == [1]
        wire.answers = [job(connection=23)]
        assert connect(SDE, wire.url, token="k").jobs.alm.get(12).connection.id == 23


def test_hidden_params_are_none_and_empty_ones_are_not(connect: Callable[..., Any]) -> None:
    hidden = {name: value for name, value in JOB["connection"].items() if name != "params"}
    with Wire(job(connection=hidden), job(connection={**hidden, "params": {}})) as wire:
        sde = connect(SDE, wire.url, token="k")
        assert sde.jobs.alm.get(12).connection.params is None
        assert sde.jobs.alm.get(12).connection.params == {}


SECRETS = [
    "alm_pass",
    "alm_api_token",
    "issue_tracker_pass",
    "issue_tracker_api_token",
    "analysis_pass",
    "bind_password",
    "some_token",
    "client_secret",
    "api_key",
]


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_in_params_are_secret(connect: Callable[..., Any], name: str) -> None:
    params = {name: "canary-1", "nested": {name: "canary-2", "list": [{name: "canary-3"}]}, "alm_user": "shown"}
    with Wire(job(connection={**JOB["connection"], "params": params})) as wire:
        found = connect(SDE, wire.url, token="k").jobs.alm.get(12)
        assert isinstance(found.connection.params[name], Secret)
        assert found.connection.params[name].reveal() == "canary-1"
        assert found.connection.params["alm_user"] == "shown"
        for shown in (found, found.connection, found.to_dict(), found.connection.to_dict(), found.connection.params):
            assert "canary" not in repr(shown)
            assert "canary" not in str(shown)
        assert found.connection.params["nested"][name].reveal() == "canary-2"
        assert found.connection.params["nested"]["list"][0][name].reveal() == "canary-3"


# Errors.


BODIES = [
    ('{"detail": "Not right at all."}', "Not right at all."),
    ('{"connection": ["This field is required."]}', "This field is required."),
    ('{"non_field_errors": ["Not both."]}', "Not both."),
    ('{"params": {"alm_server": ["Enter a valid URL."]}}', "Enter a valid URL."),
    ('"a bare text"', "a bare text"),
    ('["first", "second"]', "first"),
    ("plain words", "plain words"),
    ("<html><head><title>t</title></head><body><h1>Oh no</h1></body></html>", "Oh no"),
    ("", ""),
    ("null", ""),
    ("17", ""),
]
STATUSES = {
    400: infosecops.BadRequestError,
    401: infosecops.AuthenticationError,
    403: infosecops.PermissionDeniedError,
    404: infosecops.NotFoundError,
    409: infosecops.ConflictError,
    412: infosecops.PreconditionFailedError,
    500: infosecops.ServerError,
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(("body", "text"), BODIES)
def test_error_bodies_of_every_type(connect: Callable[..., Any], status: int, body: str, text: str) -> None:
    content_type = "text/html" if body.startswith("<") else "application/json"
    with Wire(ok(body, content_type, f"{status} Nope")) as wire:
        with pytest.raises(STATUSES[status]) as caught:
            connect(SDE, wire.url, token="canary").jobs.alm.start(12)
        error = caught.value
        # Where something follows, the full stop stands at the end.
        assert text.rstrip(".") in str(error)
        assert (error.status, error.operation, error.attempts) == (status, "jobs.alm.start", 1)
        assert error.outcome == ("unknown" if status >= 500 else "rejected")
        assert "\n" not in str(error)


def test_what_the_framework_says_is_kept(connect: Callable[..., Any]) -> None:
    with Wire(ok('{"detail": "Invalid token."}', status="401 Unauthorized", WWW_Authenticate="Token")) as wire:
        with pytest.raises(infosecops.AuthenticationError, match=r"Invalid token\.") as caught:
            connect(SDE, wire.url, token="canary").jobs.alm.get(12)
        assert "quotes" in caught.value.hint
        assert len(wire.requests) == 1


def test_unprocessable_is_a_bad_request(connect: Callable[..., Any]) -> None:
    with Wire(ok('"Scan is too old"', status="422 Unprocessable Entity")) as wire:
        with pytest.raises(infosecops.ApiError, match="Scan is too old") as caught:
            connect(SDE, wire.url, token="k").jobs.alm.start(12)
        assert caught.value.outcome == "rejected"


@pytest.mark.parametrize(
    "answer",
    [
        html("<html><body>Sign in</body></html>", "200 OK"),
        ok("<!doctype html><p>Sign in"),
        ok("{}"),
        ok('{"results": []}'),
        ok("[]"),
        ok(f"[{json.dumps(JOB)}]"),
        ok("null"),
        ok(""),
        ok('{"id": '),
        ok('"12"'),
    ],
)
@pytest.mark.parametrize("call", ["get", "start", "report"])
def test_200_that_is_no_job_is_an_error(connect: Callable[..., Any], answer: bytes, call: str) -> None:
    with Wire(answer) as wire:
        jobs = connect(SDE, wire.url, token="k").jobs.alm
        more = {"succeeded": True, "result_message": ""} if call == "report" else {}
        with pytest.raises(infosecops.UnexpectedContentError) as caught:
            getattr(jobs, call)(12, **more)
        assert (caught.value.outcome, len(wire.requests)) == ("unknown", 1)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_a_redirected_start_is_not_followed(connect: Callable[..., Any], status: str) -> None:
    with Wire(ok("", status=status, Location="/api/v2/jobs/alm/"), ok('{"results": []}')) as wire:
        with pytest.raises(infosecops.UnexpectedContentError):
            connect(SDE, wire.url, token="k").jobs.alm.start(12)
        assert len(wire.requests) == 1


@pytest.mark.parametrize("answer", [Drop(), html("", "502 Bad"), html("", "503 Busy"), html("", "504 Late")])
def test_start_and_report_are_never_sent_twice(connect: Callable[..., Any], answer: Any) -> None:
    with Wire(answer) as wire:
        jobs = connect(SDE, wire.url, token="k").jobs.alm
        for call in (lambda: jobs.start(12), lambda: jobs.report(12, succeeded=True, result_message="m")):
            with pytest.raises(infosecops.Error) as caught:
                call()
            assert caught.value.outcome == "unknown"
        assert len(wire.requests) == 2


def test_a_throttled_start_is_sent_again(connect: Callable[..., Any]) -> None:
    body = '{"detail":"Request was throttled. Expected available in 0 seconds."}'
    with Wire(ok(body, status="429 Too Many Requests", Retry_After="0"), job()) as wire:
        assert connect(SDE, wire.url, token="k").jobs.alm.start(12).id == 12
        assert len(wire.requests) == 2


@pytest.mark.parametrize("token", ["", "a\nb", "a\r\nHost: evil"])
def test_tokens_that_cannot_be_sent(connect: Callable[..., Any], token: str) -> None:
    with Wire(job()) as wire:
        with pytest.raises(infosecops.ConfigError) as caught:
            connect(SDE, wire.url, token=token).jobs.alm.get(1)
        assert wire.connections == 0
        assert not token or token not in str(caught.value)


def test_an_upper_case_kind_is_sent_as_given_and_explained(connect: Callable[..., Any]) -> None:
    with Wire(html("<html><body><h1>Not Found</h1></body></html>", "404 Not Found")) as wire:
        with pytest.raises(infosecops.NotFoundError) as caught:
            connect(SDE, wire.url, token="k").jobs.kind("LDAP").start(29)
        assert wire.only.target == "/api/v2/jobs/LDAP/"
        assert "lower case" in caught.value.hint
