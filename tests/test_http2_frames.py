"""Frames of HTTP/2 at odd times: what is allowed changes nothing, what is not ends the call with the right outcome."""

from __future__ import annotations

import struct
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    PushPromiseFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)
from test_broken_tls import server_context
from tls_wire import Http2Wire, Stream
from wire import LIMIT

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable
    from pathlib import Path

    from servers import Authority

BAMBOO = "BambooAgents"
CODES = range(15)  # one more than there are
REFUSED = 7
OK_HEAD = b"\x88"  # :status 200
IDLE = 99
WINDOW = 65_535
PLACES = ["before the head", "after the head", "in the body", "after the body"]
pytestmark = pytest.mark.usefixtures("no_proxies")


def raw(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """A frame that is none."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


HARMLESS: dict[str, Callable[[int], Frame | bytes]] = {
    "PING": lambda _: PingFrame(0, b"12345678"),
    "answer to no PING": lambda _: PingFrame(0, b"12345678", flags=["ACK"]),
    "SETTINGS": lambda _: SettingsFrame(0),
    "unknown setting": lambda _: SettingsFrame(0, {0xFAFA: 1}),
    "small window": lambda _: SettingsFrame(0, {SettingsFrame.INITIAL_WINDOW_SIZE: 0}),
    "PRIORITY": lambda number: PriorityFrame(number, depends_on=0, stream_weight=16),
    "unknown kind": lambda number: raw(0xFA, 0xFF, number, b"xyz"),
    "WINDOW_UPDATE": lambda _: WindowUpdateFrame(0, window_increment=10),
    "WINDOW_UPDATE of a stream": lambda number: WindowUpdateFrame(number, window_increment=10),
    **{
        f"GOAWAY {code} behind the stream": lambda number, code=code: GoAwayFrame(
            0, last_stream_id=number, error_code=code
        )
        for code in CODES
    },
}
FATAL: dict[str, Callable[[int], Frame | bytes]] = {
    "window of 0": lambda _: raw(8, 0, 0, bytes(4)),
    "window of 0 of a stream": lambda number: raw(8, 0, number, bytes(4)),
    "window too large": lambda _: WindowUpdateFrame(0, window_increment=2**31 - 1),
    "ack of no SETTINGS": lambda _: SettingsFrame(0, flags=["ACK"]),
    "PUSH_PROMISE": lambda number: PushPromiseFrame(
        number, promised_stream_id=2, data=b"\x82\x84\x87", flags=["END_HEADERS"]
    ),
    "CONTINUATION": lambda number: ContinuationFrame(number, OK_HEAD, flags=["END_HEADERS"]),
    "DATA of no stream": lambda _: raw(0, 0, 0, b"x"),
    "DATA of an idle stream": lambda _: DataFrame(IDLE, b"x"),
    "HEADERS of an idle stream": lambda _: HeadersFrame(IDLE, OK_HEAD, flags=["END_HEADERS"]),
    "HEADERS of a stream of the server's": lambda _: HeadersFrame(2, OK_HEAD, flags=["END_HEADERS"]),
    "HEADERS that are none": lambda number: HeadersFrame(number, b"\xff" * 7, flags=["END_HEADERS"]),
    "RST_STREAM of no stream": lambda _: raw(3, 0, 0, bytes(4)),
    "RST_STREAM of an idle stream": lambda _: RstStreamFrame(IDLE),
    "short RST_STREAM": lambda number: raw(3, 0, number, bytes(3)),
    "short SETTINGS": lambda _: raw(4, 0, 0, bytes(5)),
    "SETTINGS of a stream": lambda number: raw(4, 0, number, b""),
    "SETTINGS with a large window": lambda _: raw(4, 0, 0, struct.pack(">HI", 4, 2**31)),
    "SETTINGS with small frames": lambda _: raw(4, 0, 0, struct.pack(">HI", 5, 1)),
    "short PING": lambda _: raw(6, 0, 0, b"1"),
    "PING of a stream": lambda number: raw(6, 0, number, b"12345678"),
    "large frame": lambda number: raw(0, 0, number, b"x" * 16_385),
    "PRIORITY over itself": lambda number: PriorityFrame(number, depends_on=number),
    "padding without content": lambda number: raw(0, 8, number, b"\xff"),
    "short GOAWAY": lambda _: raw(7, 0, 0, bytes(3)),
    "HTTP/1.1": lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n",
    **{f"RST_STREAM {code}": lambda number, code=code: RstStreamFrame(number, error_code=code) for code in CODES},
    **{f"GOAWAY {code}": lambda _, code=code: GoAwayFrame(0, error_code=code) for code in CODES},
}
# The request was not begun: RFC 9113, 8.7.
NOT_BEGUN = {f"RST_STREAM {REFUSED}", "GOAWAY 0"}


def striking(frame: Callable[[int], Frame | bytes], place: str) -> Callable[[Stream], None]:
    """Answer a request, and send this frame at that place of the answer."""

    def act(stream: Stream) -> None:
        def strike(here: str) -> None:
            if here == place:
                made = frame(stream.number)
                stream.socket.sendall(made if isinstance(made, bytes) else made.serialize())

        strike(PLACES[0])
        stream.head(201, content_length="2")
        strike(PLACES[1])
        stream.data(b"[")
        strike(PLACES[2])
        stream.data(b"]", end=True)
        strike(PLACES[3])

    return act


def whole(stream: Stream) -> None:
    stream.head(200)
    stream.data(b"[]", end=True)


@pytest.mark.parametrize("place", PLACES)
def test_what_is_allowed_changes_nothing(connect: Callable[..., Any], authority: Authority, place: str) -> None:
    context = server_context(authority)
    for name, frame in HARMLESS.items():
        with Http2Wire(context, striking(frame, place), whole) as wire:
            api = connect(BAMBOO, wire.url, token="t", ca_file=authority.file)
            answer = api.request("POST", "/x")
            assert (answer.status, answer.json()) == (201, []), name
            # A call that meets GOAWAY on its way may be unknown.
            if not name.startswith("GOAWAY"):
                assert api.request("POST", "/x").json() == [], name
                assert len(wire.requests) == 2, name


@pytest.mark.parametrize("place", PLACES)
def test_what_is_not_allowed_ends_the_call(connect: Callable[..., Any], authority: Authority, place: str) -> None:
    context = server_context(authority)
    for name, frame in FATAL.items():
        with Http2Wire(context, striking(frame, place), whole) as wire:
            api = connect(BAMBOO, wire.url, token="canary", ca_file=authority.file)
            if place == PLACES[3]:
                # It is whole, whatever follows.
                assert api.request("POST", "/x", json={}).status == 201, name
                continue
            if place == PLACES[0] and name in NOT_BEGUN:
                assert api.request("POST", "/x", json={}).status == 200, name
                assert len(wire.requests) == 2, name
                continue
            with pytest.raises(infosecops.TransportError) as caught:
                api.request("POST", "/x", json={})
            error = caught.value
            status = None if place == PLACES[0] else 201
            assert (error.outcome, error.attempts, error.status) == ("unknown", 1, status), name
            assert len(wire.requests) == 1, name
            assert "canary" not in str(error)
            # The next call has a connection or stream of its own.
            assert api.request("POST", "/x", json={}).json() == [], name


def test_the_vault_is_asked_once_and_a_read_again(connect: Callable[..., Any], authority: Authority) -> None:
    context = server_context(authority)
    for name in ("RST_STREAM 2", "GOAWAY 11", "PUSH_PROMISE", "ack of no SETTINGS"):
        for place in PLACES[:3]:
            with Http2Wire(context, striking(FATAL[name], place), whole) as wire:
                pam = connect("Sectona", wire.url, access_key="k", ca_file=authority.file)
                with pytest.raises(infosecops.TransportError) as caught:
                    pam.request_password("Unix Based", "web01", "deploy")
                assert (caught.value.outcome, len(wire.requests)) == ("unknown", 1), (name, place)
            with Http2Wire(context, striking(FATAL[name], place), whole) as wire:
                api = connect(BAMBOO, wire.url, token="t", ca_file=authority.file)
                assert api.request("GET", "/x", effect="read").json() == []
                assert len(wire.requests) == 2, (name, place)


# An upload that stalls.


class Stalled(Http2Wire):
    """A server that gives a window for the beginning of a body, and never a larger one."""

    def __init__(self, context: ssl.SSLContext, window: int) -> None:
        self._window = window
        self.taken = 0
        self.ended = threading.Event()
        super().__init__(context)

    def _answer(self, connection: socket.socket, reader: object, peer_port: int) -> None:  # noqa: ARG002
        setting = SettingsFrame(0, {SettingsFrame.INITIAL_WINDOW_SIZE: self._window})
        connection.sendall(setting.serialize() + SettingsFrame(0, flags=["ACK"]).serialize())
        received = bytearray()
        with suppress(OSError):
            while piece := connection.recv(65536):
                received += piece
        del received[: len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
        while len(received) >= 9:
            frame, length = Frame.parse_frame_header(memoryview(bytes(received[:9])))
            self.taken += length if isinstance(frame, DataFrame) else 0
            del received[: 9 + length]
        self.ended.set()


@pytest.mark.parametrize("window", [0, 1000, WINDOW])
@pytest.mark.parametrize("form", ["bytes", "file"])
def test_an_upload_that_stalls_ends_at_the_deadline(
    connect: Callable[..., Any], authority: Authority, tmp_path: Path, window: int, form: str
) -> None:
    file = tmp_path / "coverage.txt"
    file.write_bytes(b"a|b\n" * 1_000_000)
    with Stalled(server_context(authority), window) as wire:
        gl = connect("GovernanceLifecycle", wire.url, token="t", ca_file=authority.file, timeout=1.5)
        with pytest.raises(infosecops.DeadlineExceeded) as caught:
            gl.upload_coverage(file if form == "file" else file.read_bytes(), type="monitor", id=61)
        assert (caught.value.outcome, caught.value.attempts) == ("unknown", 1)
        assert wire.ended.wait(LIMIT), "the connection stays open"
        # What was sent before the window was known may be more than that.
        assert wire.taken <= WINDOW
