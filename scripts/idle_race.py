"""What becomes of POSTs that are made at the very interval after which their server closes an idle connection.

The server closes a connection when it has been idle for one second, and each client makes its next call when one second
is over. Calls fail where the server hangs up while the request is under way: nobody knows then whether it was applied.
Run it where infosecops, requests and httpx are installed: `python scripts/idle_race.py --calls 200`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
import time
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

INTERVAL = 1.0
AT_ONCE = 40
"""Callers side by side, each with a client of its own."""
SPREAD = 0.002
"""How far around the interval the calls are made, in seconds."""
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """Answers POSTs without a body, and closes what was idle for the interval."""

    def __init__(self) -> None:
        self.ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self.run()), daemon=True).start()
        self.ready.wait()

    async def run(self) -> None:
        """Serve for good."""
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0, backlog=1024)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self.ready.set()
        await server.serve_forever()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            while True:
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), INTERVAL)
                length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                await reader.readexactly(int(length[0].split(b":")[1]) if length else 0)
                writer.write(HEAD)
                await writer.drain()
        except (asyncio.TimeoutError, asyncio.IncompleteReadError, OSError):
            writer.transport.abort()


def pause(number: int) -> float:
    """Around the interval."""
    return INTERVAL - SPREAD + 2 * SPREAD * (number % 21) / 20


def blocking(make: Callable[[str], Callable[[], object]], url: str, calls: int) -> int:
    """How many of the calls failed."""
    failed: list[Exception] = []

    def caller(offset: int) -> None:
        call = make(url)
        for number in range(calls // AT_ONCE + 1):
            try:
                call()
            except Exception as error:  # noqa: BLE001 - of whatever class the client has
                failed.append(error)
            time.sleep(pause(number + offset))

    threads = [threading.Thread(target=caller, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(failed)


def with_asyncio(make: Callable[[str], Callable[[], Awaitable[object]]], url: str, calls: int) -> int:
    """How many of the calls failed."""
    failed: list[Exception] = []

    async def caller(offset: int) -> None:
        call = make(url)
        for number in range(calls // AT_ONCE + 1):
            try:
                await call()
            except Exception as error:  # noqa: BLE001 - of whatever class the client has
                failed.append(error)
            await asyncio.sleep(pause(number + offset))

    async def main() -> None:
        await asyncio.gather(*(caller(number) for number in range(AT_ONCE)))

    asyncio.run(main())
    return len(failed)


def ours(url: str) -> Callable[[], object]:
    """Blocking."""
    from infosecops import BambooAgents

    api = BambooAgents(url, token="t", proxy="direct")  # noqa: S106 - no secret
    return lambda: api.request("POST", "/x")


def ours_async(url: str) -> Callable[[], Awaitable[object]]:
    """With asyncio."""
    from infosecops import AsyncBambooAgents

    api = AsyncBambooAgents(url, token="t", proxy="direct")  # noqa: S106 - no secret
    return lambda: api.request("POST", "/x")


def with_requests(url: str) -> Callable[[], object]:
    """Blocking."""
    session = import_module("requests").Session()
    return lambda: session.post(f"{url}/x", timeout=30)


def with_httpx(url: str) -> Callable[[], object]:
    """Blocking."""
    client = import_module("httpx").Client(trust_env=False)
    return lambda: client.post(f"{url}/x")


def with_httpx_async(url: str) -> Callable[[], Awaitable[object]]:
    """With asyncio."""
    client = import_module("httpx").AsyncClient(trust_env=False)
    return lambda: client.post(f"{url}/x")


def main() -> None:
    """Print one row for each client."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=2000)
    calls = parser.parse_args().calls
    made = (calls // AT_ONCE + 1) * AT_ONCE
    url = Server().url
    sys.stdout.write("| Client | POSTs | failed, unknown whether applied |\n|---|---|---|\n")
    rows: list[tuple[str, Callable[[], int]]] = [
        ("infosecops", lambda: blocking(ours, url, calls)),
        ("infosecops, asyncio", lambda: with_asyncio(ours_async, url, calls)),
        ("requests", lambda: blocking(with_requests, url, calls)),
        ("httpx", lambda: blocking(with_httpx, url, calls)),
        ("httpx, asyncio", lambda: with_asyncio(with_httpx_async, url, calls)),
    ]
    for name, run in rows:
        failed = run()
        sys.stdout.write(f"| {name} | {made} | {failed} ({100 * failed / made:.1f} %) |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
