"""Connections that nginx ends when it likes: nothing fails for it, and nothing is sent twice."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import AsyncBambooAgents, BambooAgents, Retry
from servers import Authority, Nginx, Tap
from wire import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from infosecops.sandbox import Sandbox

CALLS = 200


def wiring(box: Sandbox, authority: Authority) -> dict[str, Any]:
    """What a client of the gateway is made with."""
    return {
        "token": box.bamboo_agents.token,
        "api": "agent-config",
        "ca_file": authority.file,
        "proxy": "direct",
        "retry": Retry(base=0.0),
    }


def created(box: Sandbox) -> Counter[str]:
    """How often each name was asked for."""
    return Counter(entry.body for entry in box.journal.entries(operation="tokens.create"))


@pytest.mark.parametrize("listen", ["", "http2"])
def test_idle_connections_closed_by_the_gateway_do_no_harm(box: Sandbox, authority: Authority, listen: str) -> None:
    tls = authority.issue("localhost")
    with (
        Nginx(box.url, tls=tls, listen=listen, http="keepalive_timeout 1ms;") as nginx,
        Tap(nginx.port) as tap,
        BambooAgents(f"https://localhost:{tap.port}", **wiring(box, authority)) as api,
    ):
        for number in range(CALLS):
            api.tokens.create(f"token {number}")
            assert tap.closed.acquire(timeout=LIMIT)
        assert tap.connections == CALLS
    names = created(box)
    assert (len(names), set(names.values())) == (CALLS, {1})
    assert all(entry.applied for entry in box.journal)


@pytest.mark.parametrize("listen", ["", "http2"])
def test_a_connection_closed_under_a_call_repeats_nothing(box: Sandbox, authority: Authority, listen: str) -> None:
    """A call that meets the end of a connection fails without a claim, or is made anew because nginx never read it."""

    async def use(url: str, tap: Tap) -> tuple[set[str], list[infosecops.TransportError]]:
        done: set[str] = set()
        failed: list[infosecops.TransportError] = []
        async with AsyncBambooAgents(url, **wiring(box, authority)) as api:
            for number in range(CALLS):
                (result,) = await asyncio.gather(api.tokens.create(f"token {number}"), return_exceptions=True)
                if isinstance(result, infosecops.TransportError):
                    failed.append(result)
                    continue
                done.add(result.name)
                assert tap.closed.acquire(timeout=LIMIT)
        return done, failed

    tls = authority.issue("localhost")
    with (
        Nginx(box.url, tls=tls, listen=listen, http="keepalive_timeout 1ms;") as nginx,
        Tap(nginx.port) as tap,
    ):
        done, failed = asyncio.run(use(f"https://localhost:{tap.port}", tap))
    names = created(box)
    assert set(names.values()) == {1}
    assert len(done) > CALLS // 2
    assert {json.loads(body)["name"] for body in names} >= done
    assert all((error.attempts, error.outcome) == (1, "unknown") for error in failed)


@pytest.mark.parametrize("listen", ["", "http2"])
def test_a_connection_is_used_until_the_gateway_has_enough_of_it(
    connect: Callable[..., Any], box: Sandbox, authority: Authority, listen: str
) -> None:
    tls = authority.issue("localhost")
    with Nginx(box.url, tls=tls, listen=listen, http="keepalive_requests 3;") as nginx:
        api = connect("BambooAgents", nginx.url, **wiring(box, authority))
        for number in range(10):
            api.tokens.create(f"token {number}")
    used = Counter(entry.headers["x-connection"] for entry in box.journal)
    assert sorted(used.values()) == [1, 3, 3, 3]
    assert set(created(box).values()) == {1}


@pytest.mark.parametrize("setting", ["http2_max_concurrent_streams 2;", "keepalive_requests 3;"])
def test_http2_refusals_repeat_nothing(box: Sandbox, authority: Authority, setting: str) -> None:
    """Streams that nginx leaves unread when it has enough of a connection end in an error, or are sent anew."""

    async def use(url: str) -> tuple[list[object], list[object]]:
        async with AsyncBambooAgents(url, **wiring(box, authority)) as api:
            made = await asyncio.gather(*(api.tokens.create(f"token {n}") for n in range(40)), return_exceptions=True)
            return made, await asyncio.gather(*(api.tokens.list() for _ in range(6)))

    with Nginx(box.url, tls=authority.issue("localhost"), listen="http2", http=setting) as nginx:
        made, _ = asyncio.run(use(nginx.url))
    names = created(box)
    assert set(names.values()) == {1}
    failed = [one for one in made if isinstance(one, BaseException)]
    assert len(names) == len(made) - len(failed)
    # nginx says which streams it left unread, so nobody has to guess; after three attempts the client gives up.
    for error in failed:
        assert isinstance(error, infosecops.TransportError)
        assert (error.attempts, error.outcome) == (3, "not_sent")
    if "streams" in setting:
        assert failed == []
