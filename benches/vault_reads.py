"""An application's way: many different secrets of Sectona, `width` requests at a time.

All passwords are compared with what they must be. The others use what is best of theirs for it: as many asyncio tasks
that share an iterator, or a pool of threads. Those that would take minutes read a part; figures are of one read each.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from async_clients import OPEN_WITH
from meter import Meter
from place import ACCESS_KEY, Place
from sync_clients import SEND_WITH, loads_of
from vault import HEADERS, PATH, dumps_of, fields, password_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from place import Figures


PART = {"aiohttp": 4, "aiohttp+uvloop": 4, "urllib3+threads": 10, "requests+threads": 20}


def accounts(count: int) -> list[str]:
    return [f"svc-{number}" for number in range(count)]


def right(account: str, password: str) -> bool:
    return password == f"q\"uo'te\\back <&> {account}"


def ours(place: Place) -> Figures:
    from infosecops import Sectona

    names = accounts(place.count)
    with Sectona(place.url, access_key=ACCESS_KEY, proxy="direct") as pam:
        meter = Meter()
        wanted = [("Unix Based", "web01.example.net", name) for name in names]
        result = pam.request_passwords(wanted, max_concurrency=place.width)
        good = sum(right(entry.input.account_name, entry.value.password.reveal()) for entry in result)
        return meter.stop(place.count, good == place.count)


async def with_asyncio(client: str, place: Place) -> Figures:
    loads, dumps = loads_of(client), dumps_of(client)
    names = accounts(place.count)
    passwords: dict[str, str] = {}
    async with OPEN_WITH[client](place, HEADERS) as send:

        async def worker(left: Iterator[str]) -> None:
            for name in left:
                envelope = loads(await send("POST", PATH, dumps(fields(name))))
                passwords[name] = password_of(envelope, loads)

        meter, left = Meter(), iter(names)
        await asyncio.gather(*(worker(left) for _ in range(place.width)))
        good = sum(right(name, passwords[name]) for name in names)
        return meter.stop(place.count, good == place.count)


def with_threads(client: str, place: Place) -> Figures:
    send, loads, dumps = SEND_WITH[client](place, HEADERS), loads_of(client), dumps_of(client)

    def one(name: str) -> str:
        return password_of(loads(send("POST", PATH, dumps(fields(name)))), loads)

    names = accounts(place.count)
    with ThreadPoolExecutor(place.width) as pool:
        meter = Meter()
        good = sum(map(right, names, pool.map(one, names)))
        return meter.stop(place.count, good == place.count)


def run(entry: str, place: Place) -> Figures:
    """Measure one entry."""
    if entry == "infosecops":
        return ours(place)
    place = replace(place, count=place.count // PART.get(entry, 1))
    client, _, way = entry.partition("+")
    if way == "threads":
        return with_threads(client, place)
    if way == "uvloop":
        import uvloop

        return uvloop.run(with_asyncio(client, place))
    return asyncio.run(with_asyncio(client, place))
