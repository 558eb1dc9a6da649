"""Django REST framework behind gunicorn, the server of SD Elements: all operations, its own errors, pages, gzip."""

from __future__ import annotations

import datetime as dt
import inspect
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops.sd_elements import Connections, ConnectionsOfKind, Jobs, JobsOfKind
from servers import Tap
from web_servers import Gunicorn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

JOBS = "/api/v2/jobs/alm/"


@pytest.fixture(scope="module")
def gunicorn() -> Iterator[Gunicorn]:
    with Gunicorn() as server:
        yield server


@pytest.fixture
def sde(connect: Callable[..., Any], gunicorn: Gunicorn) -> Any:
    return connect("SDElements", gunicorn.url, token="s3same")


def test_all_operations(sde: Any) -> None:
    tried = set()
    for kind in ("alm", "analysis", "ldap"):
        jobs, connections = getattr(sde.jobs, kind), getattr(sde.connections, kind)
        before = len(jobs.list().collect())
        started = jobs.start(12)
        assert (started.ready, started.user, started.connection.alias) == (False, "admin@example.com", "Größe 12")
        assert started.last_run.tzinfo == dt.timezone.utc
        assert jobs.get(started.id).ready is True
        reported = jobs.report(13, succeeded=False, result_message='"é" <b>')
        assert (reported.ready, reported.succeeded, reported.result_message) == (True, False, '"é" <b>')
        assert jobs.wait(started).id == started.id
        assert [job.id for job in jobs.wait_all([started.id]).values()] == [started.id]
        assert len(jobs.list().collect()) == before + 2
        found = jobs.list(page_size=1, connection=13, succeeded=False).collect()
        assert reported.id in [job.id for job in found]
        assert {job.connection.id for job in found} == {13}
        assert jobs.find_running(12) is None
        assert [connection.id for connection in connections.list().collect()] == [12, 13]
        assert connections.get(13).params["alm_pass"].reveal() == "hidden"
        assert [job.id for job in sde.jobs.wait_all([started]).values()] == [started.id]
        tried = {"start", "get", "report", "wait", "wait_all", "list", "find_running"}
    numbers = [job.id for job in sde.jobs.list(page_size=2).collect()]
    assert len(numbers) == len(set(numbers)) >= 6
    assert [connection.id for connection in sde.connections.kind("alm").list(page_size=1).collect()] == [12, 13]
    offered = {
        name
        for cls in (Jobs, JobsOfKind, Connections, ConnectionsOfKind)
        for name, _ in inspect.getmembers(cls, inspect.isfunction)
        if not name.startswith("_")
    }
    assert offered - {"kind"} == tried


REFUSALS: dict[str, tuple[Callable[[Any], Any], int, str, str]] = {
    "no such connection": (lambda sde: sde.jobs.alm.start(99), 400, "BadRequestError", 'Invalid pk "99"'),
    "no JSON": (
        lambda sde: sde.request("POST", JOBS, body="{", headers={"Content-Type": "application/json"}),
        400,
        "BadRequestError",
        "JSON parse error",
    ),
    "no such job": (lambda sde: sde.jobs.alm.get(10**9), 404, "NotFoundError", "Not found."),
    "no such page": (lambda sde: sde.request("GET", JOBS, params={"page": "9"}), 404, "NotFoundError", "Invalid page."),
    "no such path": (lambda sde: sde.request("GET", "/no/"), 404, "NotFoundError", "was not found on this server"),
    "method": (lambda sde: sde.request("PUT", JOBS, json={}), 405, "BadRequestError", 'Method "PUT" not allowed'),
    "too large": (
        lambda sde: sde.request("POST", "/api/v2/posted/", body=b"x" * 200_000),
        400,
        "BadRequestError",
        "Bad Request (400)",
    ),
    "media type": (lambda sde: sde.request("POST", JOBS, body="<a/>"), 415, "BadRequestError", "Unsupported media"),
    "long target": (
        lambda sde: sde.request("GET", JOBS, params={"user": "x" * 6000}),
        414,
        "BadRequestError",
        "Request Line is too large",
    ),
    "large head": (
        lambda sde: sde.request("GET", JOBS, headers={"X-Large": "x" * 20_000}),
        431,
        "ApiError",
        "Error parsing headers",
    ),
    "broken view": (lambda sde: sde.request("GET", "/api/v2/broken/"), 500, "ServerError", "Server Error (500)"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_errors(sde: Any, case: str) -> None:
    call, status, kind, words = REFUSALS[case]
    with pytest.raises(infosecops.Error) as caught:
        call(sde)
    error = caught.value
    assert (type(error).__name__, error.status) == (kind, status)
    assert (error.outcome, error.attempts) == ("unknown" if status == 500 else "rejected", 1)
    assert words in str(error)
    assert "<" not in str(error)
    # Some of them end the connection.
    assert sde.connections.alm.get(12).id == 12


@pytest.mark.parametrize(
    ("token", "expected", "words"),
    [
        ("wrong-canary", (infosecops.AuthenticationError, 401), "Invalid token."),
        ("viewer", (infosecops.PermissionDeniedError, 403), "You do not have permission"),
    ],
)
def test_tokens_that_may_not(
    connect: Callable[..., Any],
    gunicorn: Gunicorn,
    token: str,
    expected: tuple[type[infosecops.Error], int],
    words: str,
) -> None:
    with pytest.raises(infosecops.Error) as caught:
        connect("SDElements", gunicorn.url, token=token).jobs.alm.start(12)
    assert (type(caught.value), caught.value.status) == expected
    assert caught.value.outcome == "rejected"
    assert words in str(caught.value)
    assert token not in str(caught.value)


def test_a_path_without_its_slash_is_led_on_or_named(sde: Any) -> None:
    assert sde.request("GET", JOBS.rstrip("/"), effect="read").status == 200
    with pytest.raises(infosecops.UnexpectedContentError) as caught:
        sde.request("POST", JOBS.rstrip("/"), json={"connection": 12, "automatic": False, "ready": False})
    assert (caught.value.status, caught.value.outcome, caught.value.attempts) == (301, "unknown", 1)


@pytest.mark.parametrize(("worker", "connections"), [("gthread", 1), ("sync", 21)])
def test_pages_come_packed(connect: Callable[..., Any], worker: str, connections: int) -> None:
    with Gunicorn(worker) as server, Tap(server.port) as tap:
        sde = connect("SDElements", f"http://127.0.0.1:{tap.port}", token="s3same")
        for _ in range(10):
            # Django pads what it packs at random, and leaves unpacked what would get longer.
            sde.jobs.alm.report(12, succeeded=True, result_message="x" * 1000)
        assert len(sde.jobs.alm.list(page_size=1).collect()) == 10
        assert tap.received.lower().count(b"content-encoding: gzip") >= 20
        # The next page's addresses name the relay, as they come from its Host.
        assert tap.connections in (connections, connections - 1)
