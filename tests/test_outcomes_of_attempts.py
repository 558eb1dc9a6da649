"""What is known after several attempts, and after an answer whose status came and whose body did not."""

from __future__ import annotations

import gzip
import socket
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import Retry
from test_broken_tls import server_context
from test_sectona import SECTONA, envelope
from tls_wire import TlsWire, leave
from wire import Drop, Hang, Wire, ok

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from servers import Authority

BAMBOO = "BambooAgents"
TOKEN = "7c5f0fa3-7a6a-4a6a-9d2b-0d4c1b7e5a11"
BUSY = ok("", status="503 Busy")
# Each may hide that the change was made.
UNSETTLED = {
    "cut": Drop(),
    "cut head": Drop(b"HTTP/1.1 200 OK\r\nContent-"),
    "cut body": Drop(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1"),
    "503": BUSY,
    "502 cut": Drop(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 10\r\n\r\n<p"),
}
REFUSALS = {
    "400 Bad Request": "BadRequestError",
    "401 Unauthorized": "AuthenticationError",
    "403 Forbidden": "PermissionDeniedError",
    "404 Not Found": "NotFoundError",
    "409 Conflict": "ConflictError",
    "412 Precondition Failed": "PreconditionFailedError",
    "429 Too Many": "RateLimitedError",
}


def put(api: Any, effect: str = "idempotent") -> object:
    return api.request("PUT", "/x", json={"name": "x"}, effect=effect)


def update(api: Any) -> object:
    return api.tokens.update(TOKEN, name="x", read=True, change=False)


@pytest.mark.parametrize("call", [put, update])
@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("first", UNSETTLED)
def test_one_attempt_that_may_have_been_applied_makes_the_call_unknown(
    connect: Callable[..., Any], first: str, refusal: str, call: Callable[[Any], object]
) -> None:
    with Wire(UNSETTLED[first], ok("{}", status=refusal)) as wire:
        api = connect(BAMBOO, wire.url, token="t", api="agent-config", retry=Retry(attempts=2, base=0.0))
        with pytest.raises(infosecops.ApiError) as caught:
            call(api)
        error = caught.value
        assert type(error).__name__ == REFUSALS[refusal]
        assert (error.outcome, error.status, error.attempts) == ("unknown", int(refusal[:3]), 2)
        assert "attempt 1 may have been applied" in error.hint
        assert "it may have been applied]" in str(error)
        # The same refusal of a first attempt is one.
        wire.answers = [ok("{}", status=refusal)]
        with pytest.raises(infosecops.ApiError) as caught:
            call(api)
        assert caught.value.outcome == "rejected"
        assert "may have been applied" not in str(caught.value)


@pytest.mark.parametrize("call", [put, update])
def test_the_attempt_is_named(connect: Callable[..., Any], call: Callable[[Any], object]) -> None:
    answers = [ok("", status="429 Too Many"), Drop(), BUSY, ok("{}", status="404 Not Found")]
    with Wire(*answers) as wire:
        api = connect(BAMBOO, wire.url, token="t", api="agent-config", retry=Retry(attempts=4, base=0.0))
        with pytest.raises(infosecops.NotFoundError) as caught:
            call(api)
        assert (caught.value.outcome, caught.value.attempts) == ("unknown", 4)
        assert "attempt 2 may have been applied" in caught.value.hint
        # One that was refused before leaves no doubt.
        wire.answers = [*answers[:1], answers[-1]]
        wire.requests.clear()
        with pytest.raises(infosecops.NotFoundError) as caught:
            call(api)
        assert (caught.value.outcome, caught.value.attempts) == ("rejected", 2)


def test_nobody_listens_any_more(connect: Callable[..., Any]) -> None:
    def end(_: object) -> Drop:
        wire._listener.shutdown(socket.SHUT_RDWR)
        wire._acceptor.join()
        wire._listener.close()
        return Drop()

    wire = Wire(end)
    api = connect(BAMBOO, wire.url, token="t", api="agent-config")
    with pytest.raises(infosecops.ConnectError) as caught:
        update(api)
    assert (caught.value.outcome, caught.value.attempts) == ("unknown", 3)
    assert "attempt 1 may have been applied" in caught.value.hint
    assert "safe to repeat" not in str(caught.value)


def test_the_next_handshake_fails(connect: Callable[..., Any], authority: Authority, tmp_path: Any) -> None:
    def end(_: ssl.SSLSocket) -> None:
        wire.context = server_context(type(authority)(tmp_path))
        leave()

    with TlsWire(server_context(authority), end) as wire:
        api = connect(BAMBOO, wire.url, token="t", ca_file=authority.file)
        with pytest.raises(infosecops.TlsError) as caught:
            put(api)
        assert (caught.value.outcome, caught.value.attempts) == ("unknown", 2)
        assert "attempt 1 may have been applied" in caught.value.hint


def test_another_server_does_not_settle_it(connect: Callable[..., Any]) -> None:
    def end(_: object) -> Drop:
        first._listener.shutdown(socket.SHUT_RDWR)
        first._acceptor.join()
        first._listener.close()
        return Drop()

    first = Wire(end)
    with Wire(ok(envelope(), status="404 Not Found")) as second:
        pam = connect(SECTONA, first.url, access_key="k", failover=[second.url])
        with pytest.raises(infosecops.NotFoundError) as caught:
            put(pam)
        assert (caught.value.outcome, caught.value.attempts, len(second.requests)) == ("unknown", 3, 1)
        assert "attempt 1 may have been applied" in caught.value.hint


def test_a_deadline_that_ends_a_later_attempt_before_it_is_sent(connect: Callable[..., Any]) -> None:
    def end(_: object) -> Drop:
        # Its queue is full from now on: no further handshake of TCP completes.
        wire._listener.shutdown(socket.SHUT_RDWR)
        wire._acceptor.join()
        wire._listener.close()
        full.bind(("127.0.0.1", wire.port))
        full.listen(0)
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        return Drop()

    fillers = [socket.socket() for _ in range(8)]
    with socket.socket() as full:
        full.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        wire = Wire(end)
        api = connect(BAMBOO, wire.url, token="t", timeout=1.0)
        with pytest.raises(infosecops.DeadlineExceeded) as caught:
            put(api)
        assert (caught.value.outcome, caught.value.attempts) == ("unknown", 2)
        assert "attempt 1 may have been applied" in caught.value.hint
        for filler in fillers:
            filler.close()


def test_a_new_credential_does_not_settle_it(connect: Callable[..., Any]) -> None:
    secrets = iter(["old", "new", "newer"])
    answers = [Drop(), ok("{}", status="401 Unauthorized"), ok("{}", status="404 Not Found")]
    with Wire(*answers) as wire:
        api = connect("SDElements", wire.url, token=lambda: next(secrets))
        with pytest.raises(infosecops.NotFoundError) as caught:
            put(api)
        assert (caught.value.outcome, len(wire.requests)) == ("unknown", 3)
        assert "attempt 1 may have been applied" in caught.value.hint


@pytest.mark.parametrize("effect", ["unsafe", "audited"])
@pytest.mark.parametrize("first", UNSETTLED)
def test_what_must_not_run_twice_has_no_later_attempt(connect: Callable[..., Any], effect: str, first: str) -> None:
    with Wire(UNSETTLED[first], ok("{}", status="404 Not Found")) as wire:
        with pytest.raises(infosecops.Error) as caught:
            put(connect(BAMBOO, wire.url, token="t"), effect)
        assert (caught.value.outcome, caught.value.attempts, len(wire.requests)) == ("unknown", 1, 1)
        assert "attempt" not in (caught.value.hint or "")


def test_a_read_has_nothing_to_settle(connect: Callable[..., Any]) -> None:
    with Wire(Drop(), ok("{}", status="404 Not Found")) as wire:
        with pytest.raises(infosecops.NotFoundError) as caught:
            put(connect(BAMBOO, wire.url, token="t"), "read")
        assert (caught.value.outcome, caught.value.attempts) == ("rejected", 2)


# The status came, and the body did not come whole.


def head(status: str, more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: 100\r\n{more}\r\n<p>half".encode()


SETTLED = {
    "400 Bad Request": ("BadRequestError", "rejected", 1),
    "401 Unauthorized": ("AuthenticationError", "rejected", 1),
    "403 Forbidden": ("PermissionDeniedError", "rejected", 1),
    "404 Not Found": ("NotFoundError", "rejected", 1),
    "409 Conflict": ("ConflictError", "rejected", 1),
    "412 Precondition Failed": ("PreconditionFailedError", "rejected", 1),
    "418 Teapot": ("ApiError", "rejected", 1),
    "429 Too Many": ("RateLimitedError", "rejected", 3),
    "500 Broken": ("ServerError", "unknown", 1),
    "501 Not Made": ("ServerError", "unknown", 1),
    "502 Bad Gateway": ("ServerError", "unknown", 3),
    "503 Busy": ("ServerError", "unknown", 3),
    "504 Late": ("ServerError", "unknown", 3),
    "302 Found": ("UnexpectedContentError", "unknown", 1),
}


@pytest.mark.parametrize("status", SETTLED)
@pytest.mark.parametrize("how", ["whole", "cut", "stalled", "too large"])
def test_the_status_says_what_it_says_with_its_body(connect: Callable[..., Any], status: str, how: str) -> None:
    kind, outcome, attempts = SETTLED[status]
    answer, options = {
        "whole": (ok("<p>", status=status), {}),
        "cut": (Drop(head(status)), {}),
        "stalled": (Hang(head(status)), {"timeout": 0.4}),
        "too large": (ok("x" * 10_000, status=status), {"max_response_bytes": 1000}),
    }[how]
    with Wire(answer) as wire:
        api = connect(BAMBOO, wire.url, token="t", **options)
        for effect in ("read", "unsafe"):
            wire.requests.clear()
            with pytest.raises(infosecops.Error) as caught:
                api.request("GET", "/x", effect=effect)
            error = caught.value
            assert (type(error).__name__, error.outcome, error.status) == (kind, outcome, int(status[:3]))
            # A body that stalls leaves no time for another attempt; of what is unsafe, only a 429 has one.
            once = how == "stalled" or (effect == "unsafe" and status[:3] != "429")
            assert len(wire.requests) == (1 if once else attempts)
            assert "half" not in str(error)


@pytest.mark.parametrize("how", ["cut", "stalled", "too large"])
def test_the_body_of_a_good_status_is_part_of_the_answer(connect: Callable[..., Any], how: str) -> None:
    answer, kind, options = {
        "cut": (Drop(head("200 OK")), infosecops.TransportError, {}),
        "stalled": (Hang(head("200 OK")), infosecops.DeadlineExceeded, {"timeout": 0.3}),
        "too large": (ok("x" * 10_000), infosecops.UnexpectedContentError, {"max_response_bytes": 1000}),
    }[how]
    with Wire(answer) as wire:
        with pytest.raises(infosecops.Error) as caught:
            connect(BAMBOO, wire.url, token="t", **options).request("POST", "/x")
        assert type(caught.value) is kind
        assert (caught.value.outcome, caught.value.status, len(wire.requests)) == ("unknown", 200, 1)


def test_a_redirect_needs_no_body(connect: Callable[..., Any]) -> None:
    with Wire(Drop(head("302 Found", "Location: /y\r\n")), ok("[]")) as wire:
        assert connect(BAMBOO, wire.url, token="t").request("GET", "/x", effect="read").json() == []
        assert [request.target for request in wire.requests] == ["/x", "/y"]


def test_retry_after_is_read_without_the_body(connect: Callable[..., Any]) -> None:
    with Wire(Drop(head("429 Slow", "Retry-After: 3600\r\n"))) as wire:
        with pytest.raises(infosecops.RateLimitedError) as caught:
            connect(BAMBOO, wire.url, token="t").request("GET", "/x", effect="read")
        assert "3600" in caught.value.hint
        assert len(wire.requests) == 1


@pytest.mark.parametrize("coding", ["", "Content-Encoding: gzip\r\n"])
def test_less_than_content_length_is_a_broken_answer(connect: Callable[..., Any], coding: str) -> None:
    content = gzip.compress(b"PVERSION=4.15") if coding else b"PVERSION=4.15"
    start = f"HTTP/1.1 200 OK\r\nContent-Length: {len(content) + 1}\r\n{coding}\r\n".encode()
    with Wire(Drop(start + content)) as wire:
        with pytest.raises(infosecops.TransportError) as caught:
            connect(BAMBOO, wire.url, token="t").request("POST", "/x")
        assert (caught.value.outcome, len(wire.requests)) == ("unknown", 1)
