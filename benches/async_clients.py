"""The asyncio clients that people use instead.

Each becomes an async context manager that gives a function which sends one request and gives the body of the answer.
"""

from __future__ import annotations

from contextlib import asynccontextmanager

from place import TIMEOUT, Place
from sync_clients import ERRORS_FROM, RefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from typing import TypeAlias

    Send: TypeAlias = Callable[[str, str, bytes | None], Awaitable[bytes]]
    Open: TypeAlias = Callable[[Place, dict[str, str]], AbstractAsyncContextManager[Send]]


@asynccontextmanager
async def with_aiohttp(place: Place, headers: dict[str, str]) -> AsyncIterator[Send]:
    import aiohttp

    connector = aiohttp.TCPConnector(limit=0)
    limit = aiohttp.ClientTimeout(total=TIMEOUT)
    async with aiohttp.ClientSession(
        connector=connector, headers=headers, timeout=limit, raise_for_status=True
    ) as session:

        async def send(method: str, path: str, body: bytes | None = None) -> bytes:
            async with session.request(method, place.url + path, data=body) as answer:
                return await answer.read()

        yield send


@asynccontextmanager
async def with_httpx(place: Place, headers: dict[str, str]) -> AsyncIterator[Send]:
    import httpx

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(trust_env=False, headers=headers, timeout=TIMEOUT, limits=limits) as session:

        async def send(method: str, path: str, body: bytes | None = None) -> bytes:
            answer = await session.request(method, place.url + path, content=body)
            return answer.raise_for_status().content

        yield send


@asynccontextmanager
async def with_niquests(place: Place, headers: dict[str, str]) -> AsyncIterator[Send]:
    import niquests

    async with niquests.AsyncSession(pool_connections=1, pool_maxsize=max(place.width, 1)) as session:
        session.headers.update(headers)

        async def send(method: str, path: str, body: bytes | None = None) -> bytes:
            answer = await session.request(method, place.url + path, data=body, timeout=TIMEOUT)
            answer.raise_for_status()
            return answer.content or b""

        yield send


@asynccontextmanager
async def with_pyreqwest(place: Place, headers: dict[str, str]) -> AsyncIterator[Send]:
    from datetime import timedelta

    from pyreqwest.client import ClientBuilder

    builder = ClientBuilder().no_proxy().error_for_status().default_headers(headers)
    async with builder.timeout(timedelta(seconds=TIMEOUT)).build() as client:

        async def send(method: str, path: str, body: bytes | None = None) -> bytes:
            request = client.request(method, place.url + path)
            if body is not None:
                request = request.body_bytes(body)
            answer = await request.build().send()
            return memoryview(await answer.bytes())

        yield send


@asynccontextmanager
async def with_primp(place: Place, headers: dict[str, str]) -> AsyncIterator[Send]:
    import primp

    async with primp.AsyncClient(headers=headers, cookie_store=False, referer=False, timeout=TIMEOUT) as client:

        async def send(method: str, path: str, body: bytes | None = None) -> bytes:
            answer = await client.request(method, place.url + path, content=body)
            if answer.status_code >= ERRORS_FROM:
                raise RefusedError(answer.content)
            return answer.content

        yield send


OPEN_WITH: dict[str, Open] = {
    "aiohttp": with_aiohttp,
    "httpx": with_httpx,
    "niquests": with_niquests,
    "pyreqwest": with_pyreqwest,
    "primp": with_primp,
}
