"""Servers behind TLS that break it, or HTTP/2, at a given place; and a proxy in front of them."""

from __future__ import annotations

import os
import socket
import ssl
from typing import TYPE_CHECKING, NoReturn

import h2.config
import h2.connection
import h2.events
from wire import LIMIT, Received, Wire, read_request

if TYPE_CHECKING:
    from collections.abc import Callable

HANDSHAKE_ERRORS = (OSError, ssl.SSLError)


class TlsWire(Wire):
    """A server of literal bytes behind TLS. An act in the place of an answer gets the connection."""

    def __init__(self, context: ssl.SSLContext, *acts: bytes | Callable[[ssl.SSLSocket], None]) -> None:
        self.context = context
        self.acts = list(acts)
        super().__init__()
        self.url = f"https://localhost:{self.port}"

    def _serve(self, connection: socket.socket, peer_port: int) -> None:
        connection.settimeout(LIMIT)
        # Else a small piece waits for the client's word, and is lost if the connection is closed meanwhile.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            secured = self.context.wrap_socket(connection, server_side=True)
        except HANDSHAKE_ERRORS:
            connection.close()
            return
        super()._serve(secured, peer_port)

    def _answer(self, connection: socket.socket, reader: object, peer_port: int) -> None:
        while request := read_request(reader, peer_port):
            with self._lock:
                number = len(self.requests)
                self.requests.append(request)
            act = self.acts[min(number, len(self.acts) - 1)]
            if isinstance(act, bytes):
                connection.sendall(act)
                continue
            act(connection)  # type: ignore[arg-type]
            return


class Stream:
    """One request over HTTP/2, whole, and the connection on which it came."""

    def __init__(self, connection: h2.connection.H2Connection, secured: ssl.SSLSocket, number: int) -> None:
        self.connection = connection
        self.socket = secured
        self.number = number

    def head(self, status: int, **headers: str) -> None:
        named = [(name.replace("_", "-").lower(), value) for name, value in headers.items()]
        self.connection.send_headers(self.number, [(":status", str(status)), *named])
        self.flush()

    def data(self, content: bytes, *, end: bool = False) -> None:
        self.connection.send_data(self.number, content, end_stream=end)
        self.flush()

    def reset(self, code: int) -> None:
        self.connection.reset_stream(self.number, code)
        self.flush()

    def go_away(self, code: int, last: int) -> None:
        self.connection.close_connection(code, last_stream_id=last)
        self.flush()

    def flush(self) -> None:
        self.socket.sendall(self.connection.data_to_send())


class Http2Wire(TlsWire):
    """A server of HTTP/2: after each request it does what a test wrote down."""

    def __init__(self, context: ssl.SSLContext, *acts: Callable[[Stream], None]) -> None:
        context.set_alpn_protocols(["h2"])
        super().__init__(context, *acts)  # type: ignore[arg-type]

    def _answer(self, connection: socket.socket, reader: object, peer_port: int) -> None:  # noqa: ARG002 - frames are no lines
        heads: dict[int, dict[str, str]] = {}
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        state = h2.connection.H2Connection(config)
        state.initiate_connection()
        connection.sendall(state.data_to_send())
        while received := connection.recv(65536):
            for event in state.receive_data(received):
                if isinstance(event, h2.events.DataReceived):
                    state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                if isinstance(event, h2.events.RequestReceived):
                    heads[event.stream_id] = dict(event.headers)
                if isinstance(event, h2.events.StreamEnded):
                    head = heads.pop(event.stream_id)
                    request = Received(b"", head[":method"], head[":path"], head, b"", peer_port)
                    with self._lock:
                        act = self.acts[min(len(self.requests), len(self.acts) - 1)]
                        self.requests.append(request)
                    act(Stream(state, connection, event.stream_id))  # type: ignore[arg-type]
            pending = state.data_to_send()
            if pending:
                connection.sendall(pending)


def leave() -> NoReturn:
    """Close the connection of the act that calls this."""
    raise ConnectionAbortedError


def raw(secured: ssl.SSLSocket) -> socket.socket:
    """The same connection below TLS."""
    return socket.socket(fileno=os.dup(secured.fileno()))
