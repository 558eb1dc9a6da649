"""A connection that is cut at any byte on its way through a proxy: who is named, and what may have been applied."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from itertools import groupby
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import Retry
from servers import Microsocks
from test_broken_tls import server_context
from test_tls import ConnectProxy
from tls_proxy import TlsConnectProxy
from tls_wire import TlsWire
from wire import LIMIT, Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers import Authority
    from typing_extensions import Self

ANSWER = ok('{"IsSuccess": true, "Result": "{\\"Password\\": \\"pw\\", \\"PassPhrase\\": \\"\\"}"}')
HEAD = ANSWER.index(b"\r\n\r\n") + 4
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
# Class and outcome, by what had come when the connection was cut.
NO_PROXY = ("ProxyError", "not_sent")
NO_SERVER = ("ConnectError", "not_sent")
TAKEN_UP = ("TransportError", "unknown")
# Where the end comes between the handshake and the request, the client may have seen it in time.
SEEN = ("TransportError", "not_sent")
EFFECTS = ["read", "unsafe", "audited"]
ENDS = ["close", "reset"]
pytestmark = pytest.mark.usefixtures("no_proxies")


class Cut:
    """A relay that ends its next connections after so many bytes of one direction."""

    def __init__(self, port: int, how: str) -> None:
        self._server_port = port
        self._how = how
        self.answer: int | None = None
        """How many bytes get to the client."""
        self.request: int | None = None
        """How many bytes come from it."""
        self.passed = 0
        """How many got to the client on the last connection."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join(LIMIT)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.passed = 0
            limits = self.request, self.answer
            threading.Thread(target=self._serve, args=(client, *limits), daemon=True).start()

    def _serve(self, client: socket.socket, request: int | None, answer: int | None) -> None:
        server = socket.create_connection(("127.0.0.1", self._server_port), timeout=LIMIT)
        client.settimeout(LIMIT)
        with client, server:
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            up = threading.Thread(target=self._pump, args=(client, server, request, False), daemon=True)
            up.start()
            self._pump(server, client, answer, True)
            up.join(LIMIT)

    def _pump(self, source: socket.socket, sink: socket.socket, limit: int | None, is_answer: bool) -> None:  # noqa: FBT001
        client, server = (sink, source) if is_answer else (source, sink)
        with suppress(OSError):
            while limit != 0 and (piece := source.recv(65536 if limit is None else limit)):
                limit = None if limit is None else limit - len(piece)
                if is_answer:
                    self.passed += len(piece)
                sink.sendall(piece)
            if limit == 0 and self._how == "reset":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                # The descriptor goes with this, and the other thread's wait ends.
                server.shutdown(socket.SHUT_RDWR)
                client.shutdown(socket.SHUT_RD)
                return
            if limit == 0:
                client.shutdown(socket.SHUT_WR)
                server.shutdown(socket.SHUT_RDWR)
                # What still comes is read, or the end would be a reset.
                while client.recv(65536):
                    pass
                return
            sink.shutdown(socket.SHUT_WR)


@pytest.fixture(params=ENDS)
def how(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=EFFECTS)
def effect(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def opened(connect: Callable[..., Any], authority: Authority, effect: str) -> Callable[..., Callable[[], Any]]:
    """Make a client that goes this way, and give its call."""

    def make(url: str, proxy: str, attempts: int = 1) -> Callable[[], Any]:
        common = {"proxy": proxy, "allow_http": True, "ca_file": authority.file}
        common["retry"] = Retry(attempts=attempts, base=0.0)
        if effect == "audited":
            pam = connect("Sectona", url, access_key="key", **common)
            return lambda: pam.request_password("Unix Based", "web01", "deploy")
        api = connect("BambooAgents", url, token="t", **common)
        if effect == "read":
            return lambda: api.request("GET", "/x", effect="read")
        return lambda: api.request("POST", "/x", json={"name": "x"})

    return make


def came_of(call: Callable[[], Any]) -> tuple[str, str | None]:
    try:
        call()
    except infosecops.Error as error:
        return type(error).__name__, error.outcome
    return "nothing", None


def kinds(told: list[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
    return [kind for kind, _ in groupby(told)]


def test_an_answer_that_a_forward_proxy_cuts(opened: Callable[..., Any], effect: str, how: str) -> None:
    with Wire(ANSWER) as wire, Cut(wire.port, how) as cut:
        call = opened("http://host.test", f"http://127.0.0.1:{cut.port}")
        for cut.answer in range(len(ANSWER)):
            with pytest.raises(infosecops.Error) as caught:
                call()
            found = type(caught.value).__name__, caught.value.outcome, caught.value.status
            expected = (*TAKEN_UP, 200 if cut.answer >= HEAD else None)
            assert found == expected or (cut.answer == 0 and found == (*SEEN, None)), cut.answer
        # None twice; some may be on their way still.
        assert len(wire.requests) <= len(ANSWER)
        cut.answer = None
        call()
        again = opened("http://host.test", f"http://127.0.0.1:{cut.port}", attempts=2)
        cut.answer = 7
        wire.requests.clear()
        assert came_of(again) == TAKEN_UP
        assert len(wire.requests) == (2 if effect == "read" else 1)


def test_a_request_that_a_forward_proxy_cuts(opened: Callable[..., Any], how: str) -> None:
    with Wire(ANSWER) as wire, Cut(wire.port, how) as cut:
        call = opened("http://host.test", f"http://127.0.0.1:{cut.port}")
        call()
        length = len(wire.only.raw)
        for cut.request in range(length):
            found = came_of(opened("http://host.test", f"http://127.0.0.1:{cut.port}"))
            assert found == TAKEN_UP or (cut.request == 0 and found == SEEN), cut.request
        whole = [request for request in wire.requests if len(request.raw) == length]
        assert len(whole) == 1


def test_an_answer_to_connect_that_is_cut(opened: Callable[..., Any], authority: Authority, how: str) -> None:
    with (
        TlsWire(server_context(authority), ANSWER) as wire,
        ConnectProxy(established=ESTABLISHED) as proxy,
        Cut(proxy.port, how) as cut,
    ):
        call = opened(wire.url, f"http://127.0.0.1:{cut.port}", attempts=2)
        for cut.answer in range(len(ESTABLISHED)):
            proxy.requests.clear()
            with pytest.raises(infosecops.ProxyError) as caught:
                call()
            assert (caught.value.outcome, caught.value.attempts, caught.value.status) == ("not_sent", 2, None)
            assert f"http://127.0.0.1:{cut.port}" in str(caught.value)
        for cut.request in range(0, 60, 7):
            cut.answer = None
            assert came_of(call) == NO_PROXY
        assert wire.requests == []
        cut.request = None
        call()
        assert len(wire.requests) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_tunnel_that_is_cut(
    opened: Callable[..., Any], authority: Authority, how: str, scheme: str, version: str
) -> None:
    proxies = {"http": ConnectProxy, "https": lambda: TlsConnectProxy(server_context(authority, version))}
    with (
        TlsWire(server_context(authority, version), ANSWER) as wire,
        proxies[scheme]() as proxy,
        Cut(proxy.port, how) as cut,
    ):
        way = f"{scheme}://localhost:{cut.port}"
        opened(wire.url, way)()
        whole = cut.passed
        wire.requests.clear()
        told = []
        # Signatures differ in length by some bytes. The proxy makes a record of what has come, however much that is.
        end = whole - (16 if scheme == "http" else 128)
        for cut.answer in [*range(0, whole - len(ANSWER), 97), *range(whole - len(ANSWER), end, 31)]:
            told.append(came_of(opened(wire.url, way)))
            assert not wire.requests or told[-1] == TAKEN_UP, cut.answer
            wire.requests.clear()
        assert [kind for kind in kinds(told) if kind != SEEN] == [NO_PROXY, NO_SERVER, TAKEN_UP]
        assert told[-1] == TAKEN_UP
        cut.answer = None
        opened(wire.url, way)()
        # One that was cut may have been on its way still.
        assert 1 <= len(wire.requests) <= 2


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_socks_proxy_that_is_cut(opened: Callable[..., Any], how: str, scheme: str) -> None:
    with Wire(ANSWER) as wire, Microsocks() as socks, Cut(socks.port, how) as cut:
        url, way = f"http://localhost:{wire.port}", f"{scheme}://127.0.0.1:{cut.port}"
        told = []
        for cut.answer in range(12 + len(ANSWER)):
            told.append(came_of(opened(url, way)))
            assert not wire.requests or told[-1] == TAKEN_UP
        assert len(wire.requests) <= len(ANSWER)
        assert told[:12] == [NO_PROXY] * 12
        assert told[12] in {SEEN, TAKEN_UP}
        assert told[13:] == [TAKEN_UP] * (len(ANSWER) - 1)
