"""A server of literal bytes: it records what really arrives and answers exactly what a test wrote down."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

LIMIT = 30.0


@dataclass
class Received:
    """One request as it came."""

    raw: bytes
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    peer_port: int


def ok(body: bytes | str, content_type: str = "application/json", status: str = "200 OK", **headers: str) -> bytes:
    """A complete answer."""
    body = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def html(text: str, status: str) -> bytes:
    """An HTML page."""
    return ok(text, "text/html;charset=UTF-8", status)


@dataclass
class Drop:
    """Close the connection after the request was read, having sent this much."""

    sent: bytes = b""


@dataclass
class Hang:
    """Read the request and never answer; `released` is set when the client closed its side."""

    sent: bytes = b""
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


Answer = "bytes | Drop | Hang | Callable[[Received], bytes | Drop | Hang]"


class Wire:
    """Answers requests one after another from a list; the last answer repeats."""

    def __init__(self, *answers: bytes | Drop | Hang | Callable[[Received], bytes | Drop | Hang]) -> None:
        self.answers = list(answers)
        self.requests: list[Received] = []
        self.connections = 0
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Closing alone does not end an accept that waits, and the number of the closed descriptor may be the next
        # server's by the time this one accepts again.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join(LIMIT)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, peer = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection, peer[1]), daemon=True).start()

    def _serve(self, connection: socket.socket, peer_port: int) -> None:
        # The test may be over, and the connection closed, before this thread begins.
        with suppress(OSError), connection:
            connection.settimeout(LIMIT)
            with connection.makefile("rb") as reader:
                self._answer(connection, reader, peer_port)

    def _answer(self, connection: socket.socket, reader: object, peer_port: int) -> None:
        while request := read_request(reader, peer_port):
            with self._lock:
                number = len(self.requests)
                self.requests.append(request)
            answer = self.answers[min(number, len(self.answers) - 1)]
            if callable(answer):
                answer = answer(request)
            if isinstance(answer, bytes):
                connection.sendall(answer)
                continue
            if isinstance(answer, Drop):
                connection.sendall(answer.sent)
                return
            # A client that closes with bytes unread resets the connection.
            with suppress(ConnectionError):
                connection.sendall(answer.sent)
                answer.reached.set()
                connection.recv(1)
            answer.released.set()
            return

    @property
    def only(self) -> Received:
        """The one request that came."""
        assert len(self.requests) == 1, [request.target for request in self.requests]
        return self.requests[0]


def read_request(reader: object, peer_port: int) -> Received | None:
    """Head and body of one request, None at the end of the connection."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = reader.readline()  # type: ignore[attr-defined]
        if not line:
            return None
        head += line
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = reader.read(int(headers.get("content-length", 0)))  # type: ignore[attr-defined]
    return Received(head + body, method, target, headers, body, peer_port)
