"""Connections that are cut, or damaged, at any byte; and the calls that are made on them."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from itertools import groupby
from typing import TYPE_CHECKING, Any

import infosecops
from infosecops import Retry
from wire import LIMIT, ok

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers import Authority
    from typing_extensions import Self

ANSWER = ok('{"IsSuccess": true, "Result": "{\\"Password\\": \\"pw\\", \\"PassPhrase\\": \\"\\"}"}')
HEAD = ANSWER.index(b"\r\n\r\n") + 4
# Class and outcome, by what had come when the connection was cut.
NO_PROXY = ("ProxyError", "not_sent")
NO_SERVER = ("ConnectError", "not_sent")
TAKEN_UP = ("TransportError", "unknown")
# Where the end comes between the handshake and the request, the client may have seen it in time.
SEEN = ("TransportError", "not_sent")
EFFECTS = ["read", "unsafe", "audited"]
ENDS = ["close", "reset"]


class Cut:
    """A relay that ends its next connections after so many bytes of one direction, or flips a bit there.

    Args:
        port: The server's.
        how: `close`, `reset` or `flip`.
    """

    def __init__(self, port: int, how: str) -> None:
        self._server_port = port
        self._how = how
        self.answer: int | None = None
        """How many bytes get to the client unharmed."""
        self.request: int | None = None
        """How many bytes come from it unharmed."""
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
            if limit == 0 and self._how == "flip":
                piece = source.recv(65536)
                sink.sendall(bytes([byte ^ 1 for byte in piece[:1]]) + piece[1:])
                # Or a longer record, if it now is one, would be waited for.
                sink.shutdown(socket.SHUT_WR)
                while source.recv(65536):
                    pass
                return
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


def opener(connect: Callable[..., Any], authority: Authority, effect: str) -> Callable[..., Callable[[], Any]]:
    """Make a client that goes this way, and give its call."""

    def make(url: str, proxy: str = "direct", attempts: int = 1, **more: Any) -> Callable[[], Any]:
        common = {**more, "proxy": proxy, "allow_http": True, "ca_file": authority.file}
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
