"""Servers close idle connections; a call that must not be repeated has to notice before it sends."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from infosecops import AsyncBambooAgents, BambooAgents, Retry
from infosecops.sandbox import Sandbox
from scale import note, scaled
from test_tls import ConnectProxy
from tls_wire import TlsWire
from wire import Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers import Authority

ONCE = Retry(attempts=1)
CALLS = scaled(100, 1000)


def hang_up(wire: Wire, *, last_words: bytes = b"", mode: int = socket.SHUT_RDWR) -> None:
    """Close every connection, as servers do with idle ones. The end has reached our side when this returns."""
    with wire._lock:
        for connection in wire._open:
            with suppress(OSError):
                connection.sendall(last_words)
                connection.shutdown(mode)


def wait_until_closed(box: Sandbox) -> None:
    while box.open_connections():
        assert not box.wait(0.001)


@pytest.mark.parametrize("retry", [ONCE, Retry(attempts=3, base=0.0)])
def test_unsafe_calls_notice_that_their_connection_was_closed(retry: Retry) -> None:
    with Wire(ok("{}")) as wire, BambooAgents(wire.url, token="t", proxy="direct", retry=retry) as api:
        for number in range(1, CALLS + 1):
            api.request("POST", "/x")
            assert len(wire.requests) == wire.connections == number
            hang_up(wire)
    note("Stale connections", "unsafe calls, each on a connection just closed; failed; repeated", f"{CALLS}; 0; 0")


def test_unsafe_calls_of_a_loop_notice_it_too() -> None:
    async def calls(wire: Wire) -> None:
        async with AsyncBambooAgents(wire.url, token="t", proxy="direct", retry=ONCE) as api:
            for number in range(1, CALLS + 1):
                await api.request("POST", "/x")
                assert len(wire.requests) == wire.connections == number
                hang_up(wire)

    with Wire(ok("{}")) as wire:
        asyncio.run(calls(wire))


@pytest.mark.parametrize("words", [ok("slow", status="408 Request Timeout"), b"HTTP/1.1 ", b"\0"])
@pytest.mark.parametrize("mode", [socket.SHUT_RDWR, socket.SHUT_RD])
def test_what_nobody_asked_for_answers_no_call(words: bytes, mode: int) -> None:
    """A server may say why it closes, or say it and leave the connection open."""
    with Wire(ok("{}")) as wire, BambooAgents(wire.url, token="t", proxy="direct", retry=ONCE) as api:
        for number in range(1, 11):
            assert api.request("POST", "/x").status == 200
            assert len(wire.requests) == wire.connections == number
            hang_up(wire, last_words=words, mode=mode)


class Closable(ConnectProxy):
    """One that can close its tunnels. The end has reached our side when it has."""

    def __init__(self) -> None:
        self._tunnels: list[socket.socket] = []
        super().__init__()

    def _relay(self, connection: socket.socket, target: str) -> None:
        self._tunnels.append(connection)
        super()._relay(connection, target)

    def close_tunnels(self) -> None:
        for tunnel in self._tunnels:
            with suppress(OSError):
                tunnel.shutdown(socket.SHUT_RDWR)


def test_a_forward_proxy_keeps_a_connection_and_closes_it_when_it_likes(connect: Callable[..., Any]) -> None:
    with Wire(ok("{}")) as proxy:
        api = connect("BambooAgents", "http://bamboo.test", token="t", proxy=proxy.url, allow_http=True, retry=ONCE)
        for number in range(1, 11):
            for _ in range(2):
                assert api.request("POST", "/x").status == 200
            assert (len(proxy.requests), proxy.connections) == (number * 2, number)
            hang_up(proxy)
        assert {request.target for request in proxy.requests} == {"http://bamboo.test/x"}


def test_a_tunnel_is_kept_and_may_be_closed(connect: Callable[..., Any], authority: Authority) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.issue("localhost").both)
    with TlsWire(context, ok("{}")) as wire, Closable() as proxy:
        api = connect("BambooAgents", wire.url, token="t", proxy=proxy.url, ca_file=authority.file, retry=ONCE)
        for number in range(1, 11):
            for _ in range(2):
                assert api.request("POST", "/x").status == 200
            assert (len(wire.requests), len(proxy.requests)) == (number * 2, number)
            proxy.close_tunnels()


def test_the_vault_is_asked_once_for_each_call() -> None:
    with Sandbox() as box, box.sectona(retry=ONCE) as pam:
        for number in range(1, CALLS + 1):
            assert pam.request_password("Unix Based", "web01.example.net", "deploy").password
            assert box.journal[-1].sequence == number
            box.close_idle_connections()
            wait_until_closed(box)
            box.journal.clear()
    note(
        "Stale connections",
        "passwords requested after the sandbox closed the connection; failed; repeated",
        f"{CALLS}; 0; 0",
    )


def test_a_connection_that_was_closed_in_tls_is_noticed(authority: Authority) -> None:
    """The server says so inside the connection before it ends it."""
    pair = authority.issue("127.0.0.1")
    with (
        Sandbox(tls=(pair.certificate, pair.key)) as box,
        box.sectona(retry=ONCE, ca_file=authority.file) as pam,
    ):
        for number in range(1, CALLS + 1):
            assert pam.request_password("Unix Based", "web01.example.net", "deploy").password
            assert box.journal[-1].sequence == number
            box.close_idle_connections()
            wait_until_closed(box)
            box.journal.clear()
