"""A program that has SIGPIPE at its default, as command line tools do, outlives servers and clients that hang up."""

from __future__ import annotations

import signal
import socket
import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from test_broken_tls import server_context
from tls_wire import TlsWire
from wire import LIMIT, Wire, ok, read_request

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Authority

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGPIPE"), reason="no such signal")
BEGIN = """
import asyncio, signal, socket, struct, sys
import infosecops
from infosecops import Retry
from infosecops.sandbox import Sandbox
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
common = {"token": "t", "proxy": "direct", "retry": Retry(attempts=1)}
"""
CALLS = """
url, ca_file, file = sys.argv[1:]
common["ca_file"] = ca_file
body = b"x" * 5_000_000

async def main():
    async with infosecops.AsyncSDElements(url, **common) as sde:
        for _ in range(10):
            # One that finds a connection waiting is sent by the loop's own thread.
            await sde.request("GET", "/x", effect="read")
            try:
                await sde.request("POST", "/hang-up", body=body)
            except infosecops.TransportError:
                pass

with infosecops.SDElements(url, **common) as sde, infosecops.GovernanceLifecycle(url, **common) as gl:
    for _ in range(10):
        sde.request("GET", "/x", effect="read")
        for call in (
            lambda: sde.request("POST", "/hang-up", body=body),
            lambda: gl.upload_coverage(open(file, "rb").read(), type="reviewer", id=1),
        ):
            try:
                call()
            except infosecops.Error as error:
                assert error.outcome in ("unknown", "rejected"), error
asyncio.run(main())
"""
SERVES = """
with Sandbox() as box:
    port = int(box.url.rpartition(":")[2])
    box.faults.always(oversize=50_000_000)
    request = b"GET /api/v2/jobs/alm/ HTTP/1.1\\r\\nHost: x\\r\\nAuthorization: Token x\\r\\n\\r\\n"
    for _ in range(30):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(request)
            client.recv(1)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    box.faults.clear()
    with box.sd_elements() as sde:
        assert sde.jobs.alm.get(12)
"""


class HangsUp:
    """Answers reads, and resets the connection in the middle of a body."""

    def _answer(self, connection: socket.socket, reader: object, peer_port: int) -> None:
        head = reader.readline()  # type: ignore[attr-defined]
        while head:
            if b"/x " not in head:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            read_request(Before(head, reader), peer_port)
            connection.sendall(ok("{}"))
            head = reader.readline()  # type: ignore[attr-defined]


class Before:
    """A reader with a line put back."""

    def __init__(self, line: bytes, reader: object) -> None:
        self._lines = [line]
        self._reader = reader

    def readline(self, *limit: int) -> bytes:
        return self._lines.pop() if self._lines else self._reader.readline(*limit)  # type: ignore[attr-defined]

    def read(self, size: int) -> bytes:
        return self._reader.read(size)  # type: ignore[attr-defined]


class PlainServer(HangsUp, Wire):
    """Without TLS."""


class TlsServer(HangsUp, TlsWire):
    """With TLS."""


def run(program: str, *arguments: str) -> None:
    command = [sys.executable, "-c", BEGIN + program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=2 * LIMIT, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_servers_that_hang_up(scheme: str, authority: Authority, tmp_path: Path) -> None:
    file = tmp_path / "coverage.txt"
    file.write_bytes(b"x|\n" * 1_000_000)
    with PlainServer(b"") if scheme == "http" else TlsServer(server_context(authority)) as server:
        run(CALLS, server.url, str(authority.file), str(file))


def test_clients_that_hang_up_on_the_sandbox() -> None:
    run(SERVES)
