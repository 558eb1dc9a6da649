"""A server of HTTP/2 over TLS in front of a sandbox, which ends an answer's body before its time on demand."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from http.client import HTTPConnection
from typing import TYPE_CHECKING

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived, StreamEnded
from wire import LIMIT

if TYPE_CHECKING:
    from infosecops.sandbox import Sandbox
    from servers import Pair
    from typing_extensions import Self

# How a body can be cut, each without an error code of HTTP/2.
CUTS = ("RST_STREAM", "GOAWAY", "end of the connection")
# Named anew by each hop.
HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive"}


class Http2Front:
    """Passes each request on to the sandbox, and its answer back."""

    def __init__(self, box: Sandbox, pair: Pair) -> None:
        self._box = box
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pair.certificate, pair.key)
        self._context.set_alpn_protocols(["h2"])
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://localhost:{self._listener.getsockname()[1]}"
        self.cut: str | None = None
        self.struck = ""
        """The operation whose answers are cut, by its name in the sandbox."""
        self.skip = 0
        """How many of its answers are passed on whole before."""
        self.strikes: int | None = None
        """How many are cut; None is all."""
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join(LIMIT)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with suppress(OSError), plain:
            plain.settimeout(LIMIT)
            with self._context.wrap_socket(plain, server_side=True) as secured:
                _Connection(self, secured).run()
                # What the client still sends has to be read: else the system takes back what the client has not read.
                secured.shutdown(socket.SHUT_WR)
                while secured.recv(65536):
                    pass

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """What the sandbox says."""
        onward = HTTPConnection("127.0.0.1", self._box.port, timeout=LIMIT)
        try:
            onward.request(method, path, body, headers)
            answer = onward.getresponse()
            given = {name.lower(): value for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP}
            return answer.status, given, answer.read()
        finally:
            onward.close()

    def next_cut(self) -> str | None:
        """How to cut the answer to the request that came last, if it is to be cut."""
        if self.cut is None or self._box.journal.last().operation != self.struck:
            return None
        if self.skip:
            self.skip -= 1
            return None
        if self.strikes is not None:
            self.strikes -= 1
            return self.cut if self.strikes >= 0 else None
        return self.cut


class _Connection:
    """One connection of a client."""

    def __init__(self, front: Http2Front, stream: ssl.SSLSocket) -> None:
        self._front = front
        self._stream = stream
        self._h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._requests: dict[int, tuple[dict[str, str], bytearray]] = {}

    def run(self) -> None:
        self._h2.initiate_connection()
        self._flush()
        while piece := self._stream.recv(65536):
            for event in self._h2.receive_data(piece):
                if isinstance(event, RequestReceived):
                    self._requests[event.stream_id] = (dict(event.headers), bytearray())
                elif isinstance(event, DataReceived):
                    self._requests[event.stream_id][1].extend(event.data)
                    self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, StreamEnded) and not self._answer(event.stream_id):
                    return
            self._flush()

    def _flush(self) -> None:
        self._stream.sendall(self._h2.data_to_send())

    def _answer(self, stream: int) -> bool:
        """Answer one request; no if that was the connection's last one."""
        pseudo, body = self._requests.pop(stream)
        headers = {name: value for name, value in pseudo.items() if not name.startswith(":")}
        status, given, content = self._front.answer(pseudo[":method"], pseudo[":path"], headers, bytes(body))
        cut = self._front.next_cut()
        given["content-length"] = str(len(content))
        self._h2.send_headers(stream, [(":status", str(status)), *given.items()])
        self._h2.send_data(stream, content[: len(content) // 2] if cut else content, end_stream=cut is None)
        if cut == "RST_STREAM":
            self._h2.reset_stream(stream, ErrorCodes.NO_ERROR)
        elif cut == "GOAWAY":
            self._h2.close_connection(ErrorCodes.NO_ERROR, last_stream_id=stream)
        self._flush()
        return cut in (None, "RST_STREAM")
