"""The calling side of a load test, a program of its own: it makes the calls and prints as JSON what became of them.

Arguments: url of the sandbox, token, how many calls, how many at once, limit of descriptors (0: as it is).
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

import infosecops

STATM = Path("/proc/self/statm")
DESCRIPTORS = Path("/proc/self/fd")
SAMPLE_EVERY = 10_000
NONE_LEFT = sys.maxsize
ENGINE_DESCRIPTORS = 3 + 2
"""Those of the background runtime, which lives as long as the process, and the pair that wakes the running loop."""


def resident_bytes() -> int:
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if STATM.exists() else 0


def open_descriptors() -> int:
    if not DESCRIPTORS.exists():
        return 0
    try:
        return sum(1 for _ in DESCRIPTORS.iterdir())
    except OSError:
        return NONE_LEFT


def limit_descriptors(limit: int) -> None:
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit or hard, hard))


class Load:
    """Calls of both kinds: reads, which are sent again, and unsafe ones, which are not."""

    def __init__(self, api: infosecops.AsyncBambooAgents, calls: int) -> None:
        self.api = api
        self.numbers = iter(range(calls))
        self.ends: Counter[str] = Counter()
        self.hints: set[str] = set()
        self.resident: list[int] = []
        self.done = 0

    async def work(self) -> None:
        for number in self.numbers:
            try:
                if number % 2:
                    await self.api.tokens.list()
                else:
                    await self.api.request("POST", "/nowhere", json={"number": number})
                self.ends["answered"] += 1
            except infosecops.Error as error:
                self.ends[f"{type(error).__name__} {error.outcome}"] += 1
                self.hints.add(error.hint or "")
            self.done += 1
            if self.done % SAMPLE_EVERY == 0:
                self.resident.append(resident_bytes())


async def main(url: str, token: str, calls: int, at_once: int) -> None:
    requests = Counter()
    retry = infosecops.Retry(attempts=3, base=0.01)
    before = open_descriptors()
    api = infosecops.AsyncBambooAgents(
        url,
        token=token,
        proxy="direct",
        api="agent-config",
        retry=retry,
        timeout=300.0,
        max_connections=at_once,
        on_event=lambda event: requests.update((event.kind,)),
    )
    load = Load(api, calls)
    began = time.monotonic()
    await asyncio.gather(*(load.work() for _ in range(at_once)))
    took = time.monotonic() - began
    await api.aclose()
    # Connections close on the library's own thread.
    deadline = time.monotonic() + 30
    while open_descriptors() > before + ENGINE_DESCRIPTORS and time.monotonic() < deadline:
        gc.collect()
        await asyncio.sleep(0.01)
    report = {
        "ends": load.ends,
        "hints": sorted(load.hints),
        "resident": load.resident,
        "requests": requests["request"],
        "seconds": took,
        "descriptors_left": open_descriptors() - before,
    }
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    address, secret, count, in_flight, limited = sys.argv[1:]
    # What an error needs is loaded before descriptors run out.
    infosecops.Error  # noqa: B018
    limit_descriptors(int(limited))
    asyncio.run(main(address, secret, int(count), int(in_flight)))
