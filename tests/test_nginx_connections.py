"""Connections that nginx ends when it likes: nothing fails for it, and nothing is sent twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import AsyncBambooAgents, Retry
from servers import Authority, Nginx, Tap
from wire import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from infosecops.sandbox import Sandbox

CALLS = 200


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def bamboo(connect: Callable[..., Any], infosecops_sandbox: Sandbox, authority: Authority) -> Callable[[int], Any]:
    def make(port: int) -> Any:
        token = infosecops_sandbox.bamboo_agents.token
        return connect(
            "BambooAgents", f"https://localhost:{port}", token=token, api="agent-config", ca_file=authority.file
        )

    return make


def created(box: Sandbox) -> Counter[str]:
    """How often each name was asked for."""
    return Counter(entry.body for entry in box.journal.entries(operation="tokens.create"))


def test_idle_connections_closed_by_the_gateway_do_no_harm(
    bamboo: Callable[[int], Any], infosecops_sandbox: Sandbox, authority: Authority
) -> None:
    with (
        Nginx(infosecops_sandbox.url, tls=authority.issue("localhost"), http="keepalive_timeout 1ms;") as nginx,
        Tap(nginx.port) as tap,
    ):
        api = bamboo(tap.port)
        for number in range(CALLS):
            api.tokens.create(f"token {number}")
            assert tap.closed.acquire(timeout=LIMIT)
        assert tap.connections == CALLS
    names = created(infosecops_sandbox)
    assert (len(names), set(names.values())) == (CALLS, {1})
    assert all(entry.applied for entry in infosecops_sandbox.journal)


@pytest.mark.parametrize("listen", ["", "http2"])
def test_a_connection_is_used_until_the_gateway_has_enough_of_it(
    bamboo: Callable[[int], Any], infosecops_sandbox: Sandbox, authority: Authority, listen: str
) -> None:
    with Nginx(
        infosecops_sandbox.url, tls=authority.issue("localhost"), listen=listen, http="keepalive_requests 3;"
    ) as nginx:
        api = bamboo(nginx.port)
        for number in range(10):
            api.tokens.create(f"token {number}")
    used = Counter(entry.headers["x-connection"] for entry in infosecops_sandbox.journal)
    assert sorted(used.values()) == [1, 3, 3, 3]
    assert set(created(infosecops_sandbox).values()) == {1}


@pytest.mark.parametrize("setting", ["http2_max_concurrent_streams 2;", "keepalive_requests 3;"])
def test_http2_refusals_repeat_nothing(infosecops_sandbox: Sandbox, authority: Authority, setting: str) -> None:
    """Streams that nginx leaves unread when it has enough of a connection end in an error, or are sent anew."""
    token = infosecops_sandbox.bamboo_agents.token

    async def use(url: str) -> tuple[list[object], list[object]]:
        async with AsyncBambooAgents(
            url, token=token, api="agent-config", ca_file=authority.file, proxy="direct", retry=Retry(base=0.0)
        ) as api:
            made = await asyncio.gather(*(api.tokens.create(f"token {n}") for n in range(40)), return_exceptions=True)
            return made, await asyncio.gather(*(api.tokens.list() for _ in range(6)))

    with Nginx(infosecops_sandbox.url, tls=authority.issue("localhost"), listen="http2", http=setting) as nginx:
        made, _ = asyncio.run(use(nginx.url))
    names = created(infosecops_sandbox)
    assert set(names.values()) == {1}
    failed = [one for one in made if isinstance(one, BaseException)]
    assert len(names) == len(made) - len(failed)
    for error in failed:
        assert isinstance(error, infosecops.TransportError)
        assert error.attempts == 1
        assert error.outcome in ("unknown", "not_sent")
    if "streams" in setting:
        assert failed == []
