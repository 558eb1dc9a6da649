"""W1 async and W2: the small GET from asyncio, `width` at a time. An entry's `+uvloop` is the event loop."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from time import perf_counter

from async_clients import OPEN_WITH
from meter import Meter
from place import TOKEN, Place
from small_get import HEADERS, PATH
from sync_clients import loads_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from place import Figures

WARM_UP_ROUNDS = 1


@asynccontextmanager
async def ours(place: Place) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    from infosecops import AsyncBambooAgents

    options = {"proxy": "direct", "max_connections": place.width}
    async with AsyncBambooAgents(place.url, token=TOKEN, api="agent-config", **options) as api:

        async def call() -> str:
            return (await api.tokens.list())[0].name

        yield call


@asynccontextmanager
async def theirs(client: str, place: Place) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    loads = loads_of(client)
    async with OPEN_WITH[client](place, HEADERS) as send:

        async def call() -> str:
            return loads(await send("GET", PATH, None))[0]["name"]

        yield call


async def repeat(call: Callable[[], Awaitable[str]], place: Place) -> Figures:
    """`width` callers, each call after call for a while."""
    check = await call()
    for _ in range(WARM_UP_ROUNDS):
        await asyncio.gather(*(call() for _ in range(place.width)))
    meter, calls = Meter(), 0
    end = meter.began + place.seconds

    async def caller() -> None:
        nonlocal calls
        while perf_counter() < end:
            if await call() != check:
                raise SystemExit(f"an answer differs from {check!r}")
            calls += 1

    await asyncio.gather(*(caller() for _ in range(place.width)))
    return meter.stop(calls, check)


async def measured(client: str, place: Place) -> Figures:
    opened = ours(place) if client == "infosecops" else theirs(client, place)
    async with opened as call:
        return await repeat(call, place)


def run(entry: str, place: Place) -> Figures:
    """Measure one entry."""
    client, _, loop = entry.partition("+")
    if loop == "uvloop":
        import uvloop

        return uvloop.run(measured(client, place))
    return asyncio.run(measured(client, place))
