"""A proxy that is spoken to by TLS."""

from __future__ import annotations

import select
import socket
import ssl

from test_tls import ConnectProxy
from tls_wire import HANDSHAKE_ERRORS
from wire import LIMIT


class TlsConnectProxy(ConnectProxy):
    """A proxy that is spoken to by TLS."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self.certificates: list[bytes | None] = []
        """The clients' own, as they were shown."""
        super().__init__()
        self.url = f"https://localhost:{self.port}"

    def _serve(self, connection: socket.socket, peer_port: int) -> None:
        connection.settimeout(LIMIT)
        try:
            secured = self._context.wrap_socket(connection, server_side=True)
        except HANDSHAKE_ERRORS:
            connection.close()
            return
        self.certificates.append(secured.getpeercert(binary_form=True))
        super()._serve(secured, peer_port)

    def pump_both(self, client: socket.socket, server: socket.socket) -> None:
        """In one thread: two can't use a connection of TLS at a time."""
        assert isinstance(client, ssl.SSLSocket)
        sources = [client, server]
        while server in sources:
            ready = [client] if client in sources and client.pending() else select.select(sources, [], [], LIMIT)[0]
            if not ready:
                return
            for source in ready:
                data = source.recv(65536)
                if source is server:
                    if not data:
                        return
                    client.sendall(data)
                    continue
                try:
                    server.sendall(data) if data else server.shutdown(socket.SHUT_WR)
                except OSError:
                    # What this end said before it closed is still on its way back.
                    data = b""
                if not data:
                    sources.remove(client)
