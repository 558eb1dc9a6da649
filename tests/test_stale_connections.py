"""Servers close idle connections; a call that must not be repeated has to notice before it sends."""

from __future__ import annotations

import socket
from contextlib import suppress

import pytest
from infosecops import BambooAgents, Retry
from infosecops.sandbox import Sandbox
from scale import note, scaled
from wire import Wire, ok

ONCE = Retry(attempts=1)
CALLS = scaled(100, 1000)


def hang_up(wire: Wire) -> None:
    """Close every connection, as servers do with idle ones. The end has reached our side when this returns."""
    with wire._lock:
        for connection in wire._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


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
