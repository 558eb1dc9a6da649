"""Servers close idle connections; a call that must not be repeated has to notice before it sends."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from infosecops import AsyncBambooAgents, BambooAgents, Retry
from infosecops.sandbox import Sandbox
from scale import note, scaled
from wire import Wire, ok

if TYPE_CHECKING:
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
