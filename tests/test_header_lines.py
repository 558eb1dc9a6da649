"""Heads that curl, Python and browsers take are taken; where one can't be told how the body ends, the line is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import Retry
from test_idle_connections import context_of
from tls_wire import TlsWire
from wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers import Authority

    Connect = Callable[..., Any]

ONCE = Retry(attempts=1)
BODY = b'{"a": 1}'
LENGTH = b"Content-Length: 8\r\n"
TYPE = b"Content-Type: application/json\r\n"
WAYS = ["direct", "proxied", "https"]

# Header lines beside those of the body, and what is read of `X-Odd`.
TAKEN: dict[str, tuple[bytes, str | None]] = {
    "folded": (b"X-Odd: one\r\n two\r\n", "one two"),
    "folded by a tab": (b"X-Odd: one\r\n\ttwo\r\n", "one two"),
    "folded twice": (b"X-Odd: one\r\n two\r\n   three\r\n", "one two three"),
    "begun on the next line": (b"X-Odd:\r\n one\r\n", "one"),
    "a blank before the colon": (b"X-Odd : one\r\n", "one"),
    "a tab before the colon": (b"X-Odd\t: one\r\n", "one"),
    "no blank after the colon": (b"X-Odd:one\r\n", "one"),
    "bytes of latin-1": (b"X-Odd: Pr\xfcfung\r\n", None),
    "bytes of UTF-8": ("X-Odd: Prüfung\r\n".encode(), None),
    "a line without a colon": (b"nonsense\r\n", None),
    "a name with blanks": (b"X Odd: one\r\n", None),
    "a name with brackets": (b"X-Odd(1): one\r\n", None),
    "a name of UTF-8": ("X-Prüfung: one\r\n".encode(), None),
    "no name": (b": one\r\n", None),
    "a control character": (b"X-Odd: o\x01ne\r\n", None),
    "a malformed line that goes on": (b"no colon\r\n here\r\nX-Odd: one\r\n", "one"),
    "a bare line feed": (b"X-Odd: one\n", "one"),
    "no value": (b"X-Odd:\r\n", ""),
    "an interim answer's": (b"", None),
    "101 fields": (b"".join(b"X-%d: %d\r\n" % (n, n) for n in range(101)), None),
    "250 fields": (b"".join(b"X-%d: %d\r\n" % (n, n) for n in range(250)), None),
    "a field of 200 kB": (b"X-Long: " + b"x" * 200_000 + b"\r\n", None),
}
# Lines that decide where the body ends; the last part is a body without an end of its own.
UNREADABLE = {
    "Content-Length with blanks": (b"Content Length: 8\r\n", "Content Length"),
    "Content-Length with a control character": (b"Content-Length: 8\x01\r\n", "Content-Length"),
    "Content-Length without a colon": (b"Content-Length 8\r\n", "without a colon"),
    "Transfer-Encoding with blanks": (b"Transfer Encoding: chunked\r\n", "Transfer Encoding"),
    "Transfer-Encoding beside a length": (LENGTH + b"Transfer-Encoding\x01: chunked\r\n", "Transfer-Encoding"),
    "Content-Encoding": (LENGTH + b"Content-Encoding: \x02gzip\r\n", "Content-Encoding"),
    "nonsense, and no end of the body": (b"X Odd: one\r\n", "X Odd"),
    "nonsense without a colon, and no end of the body": (b"hunter22\r\n", "without a colon"),
}
# Those that end the reading of the head.
BROKEN = {
    "NUL in a value": (LENGTH + b"X-Odd: o\0ne\r\n", "X-Odd"),
    "NUL in a name": (LENGTH + b"X-O\0dd: one\r\n", "X-O"),
    "a bare carriage return": (LENGTH + b"X-Odd: o\rne\r\n", "X-Odd"),
}
TOO_LARGE = {
    "257 fields": b"".join(b"X-%d: %d\r\n" % (n, n) for n in range(257)),
    "300 kB": b"X-Long: " + b"x" * 300_000 + b"\r\n",
}
CALLS: dict[str, dict[str, str]] = {
    "GovernanceLifecycle": {"token": "t"},
    "SDElements": {"token": "t"},
    "Sectona": {"access_key": "k" * 16},
    "BambooAgents": {"token": "t"},
}


def head(lines: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 " + status + b"\r\n" + TYPE + lines + b"\r\n"


class Ways:
    """A server that gives these answers, and clients of it."""

    def __init__(self, connect: Connect, way: str, authority: Authority, *answers: bytes) -> None:
        self.connect, self.way = connect, way
        self.options: dict[str, Any] = {"retry": ONCE}
        if way == "https":
            self.wire: Wire = TlsWire(context_of(authority), *answers)
            self.options["ca_file"] = authority.file
        else:
            self.wire = Wire(*answers)
        if way == "proxied":
            self.options.update(proxy=self.wire.url, allow_http=True)
        self.url = "http://server.test" if way == "proxied" else self.wire.url

    def client(self, name: str = "SDElements") -> Any:
        return self.connect(name, self.url, **CALLS[name], **self.options)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", TAKEN)
def test_odd_lines_are_taken_and_the_connection_goes_on(
    connect: Connect, authority: Authority, way: str, case: str
) -> None:
    lines, value = TAKEN[case]
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" if case.startswith("an interim") else b""
    answers = [interim + head(lines + LENGTH) + BODY, interim + head(LENGTH + lines) + BODY]
    ways = Ways(connect, way, authority, *answers)
    with ways.wire:
        api = ways.client()
        for _ in range(4):
            answer = api.request("POST", "/x")
            assert answer.json() == {"a": 1}
            if value is not None:
                assert {name.lower(): said for name, said in answer.headers.items()}["x-odd"] == value
        assert ways.wire.connections == 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", UNREADABLE)
def test_a_line_that_decides_about_the_body_is_not_missed(
    connect: Connect, authority: Authority, way: str, case: str
) -> None:
    lines, name = UNREADABLE[case]
    ways = Ways(connect, way, authority, head(lines) + BODY)
    with ways.wire:
        for effect in ("unsafe", "read"):
            with pytest.raises(infosecops.TransportError) as caught:
                ways.client().request("POST", "/x", effect=effect)
            assert name in str(caught.value)
            assert "hunter22" not in str(caught.value)
            assert (caught.value.outcome, caught.value.status) == ("unknown", 200)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", BROKEN)
def test_a_line_that_breaks_the_head_is_named(connect: Connect, authority: Authority, way: str, case: str) -> None:
    lines, name = BROKEN[case]
    ways = Ways(connect, way, authority, head(lines) + BODY)
    with ways.wire, pytest.raises(infosecops.TransportError) as caught:
        ways.client().request("POST", "/x")
    assert name in str(caught.value)
    assert caught.value.outcome == "unknown"


@pytest.mark.parametrize("case", TOO_LARGE)
def test_the_bounds_of_a_head_are_named(connect: Connect, authority: Authority, case: str) -> None:
    ways = Ways(connect, "direct", authority, head(LENGTH + TOO_LARGE[case]) + BODY)
    with (
        ways.wire,
        pytest.raises(infosecops.TransportError, match="256 header fields, or more than 256 KiB") as caught,
    ):
        ways.client().request("POST", "/x")
    assert caught.value.outcome == "unknown"


@pytest.mark.parametrize("status", [b"200OK", b"OK", b"20 OK", b"2000 OK", b"abc OK"])
def test_a_malformed_status_line_stays_an_error(connect: Connect, authority: Authority, status: bytes) -> None:
    ways = Ways(connect, "direct", authority, head(LENGTH, status) + BODY)
    with ways.wire, pytest.raises(infosecops.TransportError) as caught:
        ways.client().request("POST", "/x")
    assert caught.value.outcome == "unknown"


def test_a_refusal_stays_one_whatever_its_lines(connect: Connect, authority: Authority) -> None:
    ways = Ways(connect, "direct", authority, head(b"Content Length: 8\r\n", b"403 Forbidden") + BODY)
    with ways.wire, pytest.raises(infosecops.PermissionDeniedError) as caught:
        ways.client().request("POST", "/x")
    assert caught.value.outcome == "rejected"


@pytest.mark.parametrize("case", ["folded", "a blank before the colon", "a line without a colon", "101 fields"])
@pytest.mark.parametrize("name", CALLS)
def test_every_client_takes_them(connect: Connect, authority: Authority, name: str, case: str) -> None:
    ways = Ways(connect, "direct", authority, head(TAKEN[case][0] + LENGTH) + BODY)
    with ways.wire:
        assert ways.client(name).request("POST", "/x").json() == {"a": 1}
