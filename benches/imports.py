"""W6: what a short program pays: import, client, first answer.

Measured from outside, as processor time of the whole process over that of an interpreter that does nothing. Also the
bare import.
"""

from __future__ import annotations

import json
import random
from statistics import median
from typing import TYPE_CHECKING, Any

import machine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REPEATS = 13
BARE = "bare Python"
PATH = "/rest/agent-config/1.0/tokens/"
SIGNED = '{"Authorization": "Bearer t", "Accept": "application/json"}'
WITH_HTTP_CLIENT = (
    "connection = http.client.HTTPConnection(URL.split('://')[1], timeout=30)\n"
    f"connection.request('GET', {PATH!r}, headers={SIGNED})\n"
    "name = json.loads(connection.getresponse().read())[0]['name']"
)
WITH_AIOHTTP = (
    "async def first():\n"
    f"    async with aiohttp.ClientSession() as session, session.get(URL + {PATH!r}, headers={SIGNED}) as answer:\n"
    "        return (await answer.json())[0]['name']\n"
    "name = asyncio.run(first())"
)
WITH_PYCURL = (
    "curl, out = pycurl.Curl(), io.BytesIO()\n"
    f"curl.setopt(pycurl.URL, URL + {PATH!r})\n"
    f"curl.setopt(pycurl.HTTPHEADER, [f'{{name}}: {{value}}' for name, value in {SIGNED}.items()])\n"
    "curl.setopt(pycurl.WRITEDATA, out)\n"
    "curl.perform()\n"
    "name = json.loads(out.getvalue())[0]['name']"
)
# By entry: what is imported, and how the first answer's name is had.
SNIPPETS = {
    BARE: ("pass", "name = 'chef nodes'"),
    "infosecops": (
        "from infosecops import BambooAgents",
        "name = BambooAgents(URL, token='t', proxy='direct', api='agent-config').tokens.list()[0].name",
    ),
    "infosecops, import alone": ("import infosecops", "name = 'chef nodes'"),
    "infosecops, import of a client": ("from infosecops import BambooAgents", "name = 'chef nodes'"),
    "requests": (
        "import requests",
        f"name = requests.Session().get(URL + {PATH!r}, headers={SIGNED}, timeout=30).json()[0]['name']",
    ),
    "niquests": (
        "import niquests",
        f"name = niquests.Session().get(URL + {PATH!r}, headers={SIGNED}, timeout=30).json()[0]['name']",
    ),
    "httpx": (
        "import httpx",
        f"name = httpx.Client(timeout=30).get(URL + {PATH!r}, headers={SIGNED}).json()[0]['name']",
    ),
    "urllib3": (
        "import urllib3",
        f"name = urllib3.PoolManager(timeout=30).request('GET', URL + {PATH!r}, headers={SIGNED}).json()[0]['name']",
    ),
    "http.client": ("import http.client, json", WITH_HTTP_CLIENT),
    "aiohttp": ("import asyncio, aiohttp", WITH_AIOHTTP),
    "pyreqwest": (
        "from pyreqwest.client import SyncClientBuilder",
        f"name = SyncClientBuilder().build().get(URL + {PATH!r}).headers({SIGNED}).build().send().json()[0]['name']",
    ),
    "primp": (
        "import primp",
        f"name = primp.Client(timeout=30).get(URL + {PATH!r}, headers={SIGNED}).json()[0]['name']",
    ),
    "pycurl": ("import pycurl, json, io", WITH_PYCURL),
}


def program(entry: str, url: str) -> str:
    """The program's text. It prints how long the import took, and the name."""
    imported, first = SNIPPETS[entry]
    return (
        f"import sys, time\nURL = {url!r}\nbegan = time.perf_counter()\ntry:\n    {imported}\n"
        'except ModuleNotFoundError as error:\n    print(\'{"missing": "%s"}\' % error.name)\n    sys.exit()\n'
        f"wall = time.perf_counter() - began\n{first}\n"
        'print(\'{"wall": %r, "check": "%s"}\' % (wall * 1e6, name))'
    )


def one_round(commands: Mapping[str, Sequence[str]], env: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The figures of every entry whose command is given: medians, so that one interrupted start does not count.

    Right before every run the bare interpreter runs, whose time is taken off, and all entries take turns: the speed of
    a machine changes within seconds.
    """
    runs: dict[str, list[dict[str, Any]]] = {entry: [] for entry in commands}
    for _ in range(REPEATS):
        for entry in random.sample(list(commands), len(commands)):
            bare, own = cost(commands[BARE], env), cost(commands[entry], env)
            if entry != BARE and "cpu" in own:
                own["cpu"] -= bare["cpu"]
            runs[entry].append(own)
    return {entry: middle_of(each) for entry, each in runs.items()}


def cost(command: Sequence[str], env: dict[str, str]) -> dict[str, Any]:
    """One run: what the program printed, and the processor time of its process."""
    seconds, told = machine.run_costing(command, env)
    figures = json.loads(told)
    return {**figures, "cpu": seconds * 1e6} if "check" in figures else figures


def middle_of(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The medians, or what went wrong."""
    for each in runs:
        if "cpu" not in each:
            return each
    return {**runs[0], **{metric: median(each[metric] for each in runs) for metric in ("wall", "cpu")}}
