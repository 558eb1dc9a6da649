"""HTTP/2 that ends an answer, a stream or a connection early: what is whole, what is cut, what was not begun."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from hyperframe.frame import RstStreamFrame
from test_broken_tls import server_context
from tls_wire import Http2Wire, Stream, leave

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers import Authority

BAMBOO = "BambooAgents"
NO_ERROR, REFUSED, CANCEL = 0, 7, 8
TEXT = b"PVERSION=4.15"
pytestmark = pytest.mark.usefixtures("no_proxies")


def ends(stream: Stream, how: str) -> None:
    if how.startswith("reset"):
        stream.reset({"no error": NO_ERROR, "cancel": CANCEL, "refused": REFUSED}[how.partition(" ")[2]])
    if how.startswith("go away"):
        stream.go_away(NO_ERROR, stream.number if how == "go away" else 0)
    if not how.startswith("reset"):
        leave()


def whole(stream: Stream) -> None:
    stream.head(200, content_type="text/plain")
    stream.data(TEXT, end=True)


ENDS = ["reset no error", "reset cancel", "reset refused", "go away", "go away from the beginning", "close"]


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("length", ["with a length", "without"])
@pytest.mark.parametrize("coding", ["plain", "gzip"])
def test_less_than_the_whole_is_a_broken_answer(
    connect: Callable[..., Any], authority: Authority, how: str, length: str, coding: str
) -> None:
    content = gzip.compress(TEXT) if coding == "gzip" else TEXT
    headers = {"content_encoding": "gzip"} if coding == "gzip" else {}
    if length == "with a length":
        headers["content_length"] = str(len(content))

    def cut(stream: Stream) -> None:
        stream.head(200, content_type="text/plain", **headers)
        stream.data(content[:-1])
        ends(stream, how)

    with Http2Wire(server_context(authority), cut, whole) as wire:
        api = connect(BAMBOO, wire.url, token="t", ca_file=authority.file)
        with pytest.raises(infosecops.TransportError) as caught:
            api.request("POST", "/x")
        assert (caught.value.outcome, caught.value.status, len(wire.requests)) == ("unknown", 200, 1)
        assert "not sent" not in str(caught.value)
        wire.acts = [cut, cut, whole]
        assert api.request("GET", "/x", effect="read").text == TEXT.decode()


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("body", [b"", b"{}"])
def test_a_head_is_the_beginning_of_an_answer(
    connect: Callable[..., Any], authority: Authority, how: str, body: bytes
) -> None:
    def cut(stream: Stream) -> None:
        stream.head(201)
        if body:
            stream.data(body)
        ends(stream, how)

    with Http2Wire(server_context(authority), cut) as wire:
        api = connect(BAMBOO, wire.url, token="t", ca_file=authority.file)
        with pytest.raises(infosecops.TransportError) as caught:
            api.request("POST", "/x", json={})
        assert (caught.value.outcome, caught.value.status, len(wire.requests)) == ("unknown", 201, 1)
        assert "answered 201" in str(caught.value)
        assert "not sent" not in str(caught.value)


@pytest.mark.parametrize("length", [None, "0", "13"])
def test_a_whole_answer_stays_whole_whatever_follows(
    connect: Callable[..., Any], authority: Authority, length: str | None
) -> None:
    def answer(stream: Stream) -> None:
        stream.head(200, **({"content_length": length} if length else {}))
        stream.data(b"" if length == "0" else TEXT, end=True)
        stream.socket.sendall(RstStreamFrame(stream.number, error_code=NO_ERROR).serialize())

    with Http2Wire(server_context(authority), answer) as wire:
        api = connect(BAMBOO, wire.url, token="t", ca_file=authority.file)
        assert api.request("POST", "/x").content == (b"" if length == "0" else TEXT)


@pytest.mark.parametrize("how", ["reset refused", "go away from the beginning"])
def test_what_was_not_begun_is_sent_again(connect: Callable[..., Any], authority: Authority, how: str) -> None:
    with Http2Wire(server_context(authority), lambda stream: ends(stream, how), whole) as wire:
        api = connect(BAMBOO, wire.url, token="t", ca_file=authority.file)
        assert api.request("POST", "/x").content == TEXT
        assert len(wire.requests) == 2


@pytest.mark.parametrize("how", ["reset no error", "reset cancel", "go away", "close"])
def test_what_may_have_been_begun_is_not(connect: Callable[..., Any], authority: Authority, how: str) -> None:
    with Http2Wire(server_context(authority), lambda stream: ends(stream, how), whole) as wire:
        api = connect(BAMBOO, wire.url, token="t", ca_file=authority.file)
        with pytest.raises(infosecops.TransportError) as caught:
            api.request("POST", "/x")
        assert (caught.value.outcome, caught.value.status, len(wire.requests)) == ("unknown", None, 1)


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("status", [403, 500])
def test_a_status_has_settled_it_however_its_body_ends(
    connect: Callable[..., Any], authority: Authority, how: str, status: int
) -> None:
    kind, outcome = {403: ("PermissionDeniedError", "rejected"), 500: ("ServerError", "unknown")}[status]

    def cut(stream: Stream) -> None:
        stream.head(status)
        stream.data(b"<p>")
        ends(stream, how)

    with Http2Wire(server_context(authority), cut) as wire:
        api = connect(BAMBOO, wire.url, token="t", ca_file=authority.file)
        with pytest.raises(infosecops.ApiError) as caught:
            api.request("GET", "/x", effect="read")
        assert (type(caught.value).__name__, caught.value.outcome, len(wire.requests)) == (kind, outcome, 1)
