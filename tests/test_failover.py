"""Several servers of one vault: the next one is asked only where nothing can have reached the one before."""

from __future__ import annotations

import pickle
import socket
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import Retry
from test_pickling import fetch
from test_sectona import SECTONA, envelope, request_page
from wire import Drop, Hang, Wire, html, ok

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infosecops.sandbox import Sandbox
    from servers import Nginx


@pytest.fixture
def dead() -> Iterator[str]:
    """A port at which nobody listens, and which nobody else can get."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@pytest.fixture
def other_dead() -> Iterator[str]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def test_the_next_server_is_asked_where_nobody_listens(connect: Callable[..., Any], box: Sandbox, dead: str) -> None:
    place = box.sectona
    steps: list[tuple[str, str]] = []
    pam = connect(
        SECTONA,
        dead,
        access_key=place.access_key,
        failover=[place.url],
        retry=Retry(attempts=1),
        on_event=lambda event: steps.append((event.kind, event.url.partition("/API")[0])),
    )
    assert pam.request_password("Unix Based", "web01.example.net", "deploy").account_name == "deploy"
    assert box.journal.count(operation="RequestPassword") == 1
    assert steps == [("request", dead), ("retry", dead), ("request", place.url), ("response", place.url)]
    # The next call begins with the one that answered.
    steps.clear()
    pam.request_password("Unix Based", "web01.example.net", "deploy")
    assert steps == [("request", place.url), ("response", place.url)]
    assert pam.call("/API/APP/APP007/GetInstances", {}).is_success
    assert pam.request("POST", "/API/APP/APP007/GetInstances", json={}).status == 200


def test_the_first_server_is_asked_first(connect: Callable[..., Any]) -> None:
    with Wire(ok(envelope())) as first, Wire(ok(envelope())) as second:
        pam = connect(SECTONA, first.url, access_key="k", failover=[second.url])
        request_page(pam)
        request_page(pam)
        assert (len(first.requests), second.connections) == (2, 0)


def test_many_passwords_find_the_server_that_answers(connect: Callable[..., Any], dead: str, other_dead: str) -> None:
    with Wire(ok(envelope())) as wire:
        pam = connect(SECTONA, dead, access_key="k", failover=[other_dead, wire.url], retry=Retry(attempts=1))
        assert pam.request_passwords([("t", "h", str(number)) for number in range(8)]).ok
        assert len(wire.requests) == 8


@pytest.mark.parametrize(
    "answer", [Drop(), Drop(b"HTTP/1.1 200 OK\r\n"), html("", "503 Busy"), html("", "401 No"), ok("nonsense")]
)
def test_what_was_sent_stays_with_its_server(connect: Callable[..., Any], answer: Any) -> None:
    with Wire(answer) as first, Wire(ok(envelope())) as second:
        pam = connect(SECTONA, first.url, access_key="k", failover=[second.url])
        with pytest.raises(infosecops.Error) as caught:
            request_page(pam)
        assert (len(first.requests), second.connections) == (1, 0)
        assert caught.value.url.startswith(first.url)


def test_a_server_that_hangs_after_it_accepted_is_not_left(connect: Callable[..., Any]) -> None:
    hang = Hang()
    with Wire(hang) as first, Wire(ok(envelope())) as second:
        pam = connect(SECTONA, first.url, access_key="k", failover=[second.url], timeout=0.3)
        with pytest.raises(infosecops.DeadlineExceeded) as caught:
            request_page(pam)
        assert hang.reached.is_set()
        assert (caught.value.outcome, len(first.requests), second.connections) == ("unknown", 1, 0)


def test_a_server_that_accepts_and_reads_nothing_is_not_left(connect: Callable[..., Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, Wire(ok(envelope())) as second:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        pam = connect(SECTONA, url, access_key="k", failover=[second.url], timeout=0.3)
        with pytest.raises(infosecops.DeadlineExceeded) as caught:
            request_page(pam)
        assert (caught.value.outcome, second.connections) == ("unknown", 0)


def test_errors_name_all_that_were_tried(connect: Callable[..., Any], dead: str, other_dead: str) -> None:
    pam = connect(SECTONA, dead, access_key="canary", failover=[other_dead], retry=Retry(attempts=2, base=0.0))
    with pytest.raises(infosecops.ConnectError) as caught:
        request_page(pam)
    error = caught.value
    assert (error.outcome, error.attempts) == ("not_sent", 4)
    assert f"{other_dead}/API" in str(error)
    assert f"(not reached before: {dead})" in str(error)
    assert "canary" not in str(error)
    with Wire(html("", "503 Busy")) as wire:
        pam = connect(SECTONA, dead, access_key="k", failover=[wire.url])
        with pytest.raises(infosecops.ServerError, match=f"not reached before: {dead}") as refused:
            request_page(pam)
        assert (refused.value.outcome, refused.value.attempts, len(wire.requests)) == ("unknown", 2, 1)


def test_a_first_server_without_trust_is_an_error(connect: Callable[..., Any], secured: Nginx, box: Sandbox) -> None:
    # Somebody may stand in between: that is to be seen, not to be worked around.
    pam = connect(SECTONA, secured.url, access_key=box.sectona.access_key, failover=[box.sectona.url])
    with pytest.raises(infosecops.TlsError):
        request_page(pam)
    assert box.journal.count(system="sectona") == 0


def test_tls_settings_are_those_of_all(
    connect: Callable[..., Any], secured: Nginx, authority: Any, box: Sandbox, dead: str
) -> None:
    pam = connect(SECTONA, dead, access_key=box.sectona.access_key, failover=[secured.url], ca_file=authority.file)
    assert pam.request_password("Unix Based", "CENTOS7", "admin152").account_name == "admin152"


@pytest.mark.parametrize(
    ("failover", "why"),
    [
        (["http://pam2.example.com"], "plain http"),
        (["https://pam2.example.com", "pam3"], r"failover\[1\]: not a URL"),
        (["https://u:canary@pam2.example.com"], "must not hold a user name"),
        (["https://pam.example.com/API/APP/APP008/RequestPassword"], "is the same server"),
    ],
)
def test_each_url_is_checked_like_the_first(connect: Callable[..., Any], failover: list[str], why: str) -> None:
    with pytest.raises(infosecops.ConfigError, match=why) as caught:
        connect(SECTONA, "https://pam.example.com", access_key="k", failover=failover)
    assert "canary" not in str(caught.value)


def test_another_proxy_for_another_server_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
    monkeypatch.setenv("NO_PROXY", "pam2.example.com")
    with pytest.raises(infosecops.ConfigError, match=r"failover\[0\]: is reached through another proxy"):
        infosecops.Sectona("https://pam.example.com", access_key="k", failover=["https://pam2.example.com"])
    infosecops.Sectona("https://pam.example.com", access_key="k", failover=["https://pam3.example.com"])


def test_only_the_vault_has_it() -> None:
    with pytest.raises(TypeError, match="failover"):
        infosecops.SDElements("https://sde.example.com", token="t", failover=[])  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="failover: must be an iterable of str"):
        infosecops.Sectona("https://pam.example.com", access_key="k", failover="https://pam2.example.com")


def test_it_travels(dead: str) -> None:
    with Wire(ok(envelope())) as wire:
        pam = infosecops.Sectona(dead, access_key=fetch, failover=[wire.url], proxy="direct")
        request_page(pickle.loads(pickle.dumps(pam)))
        assert len(wire.requests) == 1
