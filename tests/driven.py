"""Clients whose calls an event loop's own thread drives."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from infosecops import AsyncBambooAgents, Retry
from wire import ok

if TYPE_CHECKING:
    import threading

PATIENCE = 30.0
ONCE = Retry(attempts=1)
EMPTY = ok("[]")
TOKEN = ok('{"uuid": "5f0c0d12", "name": "Token Uno", "read": true, "change": false}')


def client(url: str, **common: Any) -> AsyncBambooAgents:
    options = {"token": "t0ken", "proxy": "direct", "api": "agent-config", "timeout": 20.0, "retry": ONCE, **common}
    return AsyncBambooAgents(url, **options)


async def event(happened: threading.Event) -> bool:
    return await asyncio.to_thread(happened.wait, PATIENCE)


async def warm(api: AsyncBambooAgents) -> list[Any]:
    for _ in range(5):
        last = await api.tokens.list()
    return list(last)
