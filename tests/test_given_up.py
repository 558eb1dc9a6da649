"""What is over leaves nothing behind: uploads that were answered before their end, idle connections, closed clients."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import socket
import ssl
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import AsyncBambooAgents, AsyncGovernanceLifecycle, Retry
from test_tls import ConnectProxy
from wire import LIMIT, Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from servers import Authority
    from typing_extensions import Self

BODY = b"x" * 8_000_000
CALLS = 30
REFUSAL = ok("too large", "text/plain", "413 Content Too Large")


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """One of HTTP/2."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


class Refusing:
    """A server that answers when it has read the head, and reads no more until it is told to."""

    def __init__(self, answer: bytes) -> None:
        self.drained: list[int] = []
        self._answer = answer
        self._kept: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(LIMIT)
        self._listener.close()
        for connection in self._kept:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(LIMIT)
            self._kept.append(connection)
            with suppress(OSError):
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(1)
                connection.sendall(self._answer)

    def drain(self) -> Iterator[int]:
        """Read what there still is on each connection, to its end."""
        for connection in self._kept:
            count = 0
            with suppress(ConnectionError):
                while piece := connection.recv(1_000_000):
                    count += len(piece)
            yield count


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


class Allocated(ctypes.Structure):
    names = ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")
    _fields_ = tuple((name, ctypes.c_size_t) for name in names)


def allocated() -> int:
    """Bytes that were allocated and not freed, by everybody but Python's own objects."""
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = Allocated
    found = mallinfo()
    return int(found.uordblks + found.hblkhd)


has_mallinfo = sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallinfo2")
on_linux = pytest.mark.skipif(not has_mallinfo, reason="looks into /proc, and asks glibc 2.33")


@on_linux
@pytest.mark.parametrize(
    "answer", [REFUSAL, ok("", status="413 Content Too Large"), ok("{}")], ids=["text", "bare", "good"]
)
def test_an_upload_that_was_answered_early_is_given_up(connect: Callable[..., Any], answer: bytes) -> None:
    with Refusing(answer) as server:
        api = connect("BambooAgents", server.url, token="t", timeout=5.0, retry=Retry(attempts=1))
        begun = descriptors(), allocated()
        for _ in range(CALLS):
            with suppress(infosecops.BadRequestError):
                api.request("POST", "/x", body=BODY)
        # One end of each connection is the server's, in this process too.
        assert descriptors() - begun[0] <= CALLS + 8
        assert allocated() - begun[1] < 3 * len(BODY)
        counts = list(server.drain())
        assert len(counts) == CALLS
        assert max(counts) < len(BODY), "the rest was not sent"


class RefusingHttp2:
    """The same by HTTP/2: it answers each head at once, and makes no room for what follows."""

    SETTINGS = frame(4, 0, 0, b"")
    END_STREAM, END_HEADERS = 1, 4

    def __init__(self, context: ssl.SSLContext) -> None:
        self.ended = threading.Semaphore(0)
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://localhost:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(LIMIT)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(LIMIT)
        with suppress(OSError), self._context.wrap_socket(connection, server_side=True) as secured:
            secured.sendall(self.SETTINGS)
            with secured.makefile("rb") as reader:
                reader.read(24)
                while head := reader.read(9):
                    kind, stream = head[3], int.from_bytes(head[5:], "big")
                    reader.read(int.from_bytes(head[:3], "big"))
                    if kind == 1:
                        # The status as a literal, by the name of the static table.
                        fields = b"\x08\x03413"
                        secured.sendall(frame(1, self.END_HEADERS, stream, fields))
                        secured.sendall(frame(0, self.END_STREAM, stream, b"too large"))
        self.ended.release()


@pytest.mark.parametrize("body", ["bytes", "file"])
def test_an_upload_by_http2_that_was_answered_early_is_given_up(
    connect: Callable[..., Any], authority: Authority, tmp_path: Path, body: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.issue("localhost").both)
    context.set_alpn_protocols(["h2"])
    path = tmp_path / "coverage"
    path.write_bytes(BODY)
    with RefusingHttp2(context) as server:
        common = {"timeout": 5.0, "retry": Retry(attempts=1), "ca_file": authority.file}
        api = connect("GovernanceLifecycle", server.url, token="t", **common)
        for _ in range(5):
            with pytest.raises(infosecops.BadRequestError, match="too large"):
                api.upload_coverage(path if body == "file" else BODY, type="reviewer", id=1)
            if body == "file":
                # The client is still open.
                assert server.ended.acquire(timeout=LIMIT)


@pytest.mark.parametrize("way", ["direct", "tunnel"])
def test_an_upload_that_goes_on_ends_with_its_client(authority: Authority, way: str) -> None:
    """Not with the deadline, which is far away; and while the event loop goes on."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.issue("localhost").both)
    context.set_alpn_protocols(["h2"])

    async def upload(server: RefusingHttp2, proxy: str) -> None:
        common: Any = {"timeout": 600.0, "retry": Retry(attempts=1), "ca_file": authority.file, "proxy": proxy}
        async with AsyncGovernanceLifecycle(server.url, token="t", **common) as api:
            with pytest.raises(infosecops.BadRequestError, match="too large"):
                await api.upload_coverage(BODY, type="reviewer", id=1)
        assert await asyncio.to_thread(server.ended.acquire, timeout=LIMIT)

    with RefusingHttp2(context) as server, ConnectProxy() as proxy:
        asyncio.run(upload(server, "direct" if way == "direct" else proxy.url))
        assert len(proxy.requests) == (way == "tunnel")


@on_linux
def test_an_idle_connection_that_the_server_closed_is_closed(connect: Callable[..., Any]) -> None:
    closed = threading.Event()

    class Closing(Wire):
        def _answer(self, connection: socket.socket, reader: object, peer_port: int) -> None:
            from wire import read_request

            assert read_request(reader, peer_port)
            connection.sendall(ok("[]"))
            connection.shutdown(socket.SHUT_WR)
            if connection.recv(1) == b"":
                closed.set()

    for way in ("direct", "proxied"):
        closed.clear()
        with Closing() as wire:
            url, proxy = (wire.url, "direct") if way == "direct" else ("http://bamboo.test", wire.url)
            api = connect("BambooAgents", url, token="t", api="agent-config", proxy=proxy, allow_http=True)
            assert api.tokens.list() == []
            # Nobody calls any more.
            assert closed.wait(LIMIT)


@on_linux
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_clients_that_were_closed_leave_nothing(kind: str) -> None:
    async def use(url: str) -> None:
        async with AsyncBambooAgents(url, token="t", api="agent-config", proxy="direct") as api:
            assert await api.tokens.list() == []

    def use_blocking(url: str) -> None:
        with infosecops.BambooAgents(url, token="t", api="agent-config", proxy="direct") as api:
            assert api.tokens.list() == []

    async def use_many(url: str, count: int) -> int:
        for _ in range(count):
            await use(url) if kind == "async" else use_blocking(url)
        await use(url)
        gc.collect()
        return allocated()

    with Wire(ok("[]")) as wire:
        asyncio.run(use_many(wire.url, 200))
        first = asyncio.run(use_many(wire.url, 200))
        second = asyncio.run(use_many(wire.url, 600))
        assert second - first < 600 * 100
