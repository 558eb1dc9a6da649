"""What is left of a password in the memory of the process that fetched it: nothing on the Rust side."""

from __future__ import annotations

import gzip
import json
import re
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import pytest
from servers import Nginx, Tap, Tinyproxy
from tls_wire import TlsWire
from wire import LIMIT, Wire, ok

if TYPE_CHECKING:
    from servers import Authority
    from typing_extensions import Self

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads another process's memory through /proc")

# The child never has the password as a Python text: it neither knows nor reveals it. Its client stays open.
BLOCKING = """
import gc, sys
{fetch}
fetched = fetch(client)
print("fetched", flush=True)
sys.stdin.readline()
del fetched
gc.collect()
print("dropped", flush=True)
sys.stdin.readline()
"""
AWAITING = """
import asyncio, gc, sys
{fetch}
async def main():
    fetched = await fetch(client)
    print("fetched", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    del fetched
    gc.collect()
    print("dropped", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
asyncio.run(main())
"""
ACCOUNTS = """
from infosecops import Sectona
client = Sectona({url!r}, access_key="key", **{options!r})
def fetch(client):
    return [client.request_password("Unix Based", "web01", "deploy") for _ in range(20)]
"""
AWAITED_ACCOUNTS = """
from infosecops import AsyncSectona
client = AsyncSectona({url!r}, access_key="key", **{options!r})
async def fetch(client):
    return [await client.request_password("Unix Based", "web01", "deploy") for _ in range(20)]
"""
# Read often: what is kept of the settings must go with the jobs.
JOBS = """
from infosecops import SDElements
client = SDElements({url!r}, token="key", **{options!r})
def fetch(client):
    fetched = list(client.jobs.alm.list())
    return fetched + [job.connection.params for job in fetched for _ in range(4)]
"""
AWAITED_JOBS = """
from infosecops import AsyncSDElements
client = AsyncSDElements({url!r}, token="key", **{options!r})
async def fetch(client):
    fetched = [job async for job in client.jobs.alm.list()]
    return fetched + [job.connection.params for job in fetched for _ in range(4)]
"""
SCRIPTS = {
    "accounts": (BLOCKING, ACCOUNTS),
    "awaited accounts": (AWAITING, AWAITED_ACCOUNTS),
    "jobs": (BLOCKING, JOBS),
    "awaited jobs": (AWAITING, AWAITED_JOBS),
}


def occurrences(pid: int, needle: bytes) -> int:
    """How often the needle stands in the writable memory of a process."""
    found = 0
    process = Path(f"/proc/{pid}")
    with (process / "mem").open("rb", buffering=0) as memory:
        for line in (process / "maps").read_text(encoding="utf-8").splitlines():
            span, rights, *_ = line.split()
            if not rights.startswith("rw"):
                continue
            start, end = (int(part, 16) for part in span.split("-"))
            try:
                memory.seek(start)
                found += len(re.findall(re.escape(needle), memory.read(end - start)))
            except OSError:
                continue
    return found


ENVELOPES = {
    "text": '{{"IsSuccess": true, "Result": "{{\\"Password\\": \\"{0}\\", \\"PassPhrase\\": \\"\\"}}"}}',
    "object": '{{"IsSuccess": true, "LogCode": "0", "Result": {{"Password": "{0}", "PassPhrase": ""}}}}',
    "xml": "<R><IsSuccess>true</IsSuccess><Result>{{&quot;Password&quot;:&quot;{0}&quot;}}</Result></R>",
}


PASSWORD = "pw-" + "".join(f"{number:x}" for number in range(7, 40))


# Some share a connection, some do not.
PARAMS = {"alm_user": "u", "alm_pass": PASSWORD, "alm_server": "rally1.example.com", "sde_min_priority": 7}
PAGE = {"results": [{"id": number, "connection": {"id": number // 2, "params": PARAMS}} for number in range(40)]}


@pytest.mark.parametrize("form", ENVELOPES)
@pytest.mark.parametrize("script", ["accounts", "awaited accounts"])
def test_nothing_is_left_of_a_password_that_was_dropped(form: str, script: str) -> None:
    with Wire(ok(ENVELOPES[form].format(PASSWORD))) as wire, Child(script, wire.url) as child:
        child.fetches_and_drops()
        assert child.occurrences() == 0
        assert wire.connections == 1


@pytest.mark.parametrize("script", ["jobs", "awaited jobs"])
def test_nothing_is_left_of_a_password_in_the_settings_of_jobs_that_were_dropped(script: str) -> None:
    with Wire(ok(json.dumps(PAGE))) as wire, Child(script, wire.url) as child:
        child.fetches_and_drops()
        assert child.occurrences() == 0


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_nothing_is_left_where_tls_was_undone(authority: Authority, script: str, version: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.issue("localhost").both)
    context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version.replace(".", "_"))
    body = json.dumps(PAGE) if "jobs" in script else ENVELOPES["text"].format(PASSWORD)
    with TlsWire(context, ok(body)) as wire, Child(script, wire.url, authority) as child:
        child.fetches_and_drops()
        assert child.occurrences() == 0
        assert wire.connections == 1


@pytest.mark.parametrize("script", SCRIPTS)
def test_nothing_is_left_in_the_encodings_of_an_answer(script: str) -> None:
    body = json.dumps(PAGE) if "jobs" in script else ENVELOPES["text"].format(PASSWORD)
    packed = gzip.compress(body[:40].encode("utf-16")) + gzip.compress(body[40:].encode("utf-16-le"))
    answer = ok(packed, "application/json;charset=UTF-16", Content_Encoding="gzip")
    with Wire(answer) as wire, Child(script, wire.url) as child:
        child.fetches_and_drops()
        assert child.occurrences() == 0
        assert child.occurrences("utf-16-le") == 0


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("way", ["forward", "tunnel"])
def test_nothing_is_left_on_the_way_through_a_proxy(authority: Authority, script: str, way: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.issue("localhost").both)
    body = json.dumps(PAGE) if "jobs" in script else ENVELOPES["text"].format(PASSWORD)
    with (
        Wire(ok(body)) if way == "forward" else TlsWire(context, ok(body)) as wire,
        Tinyproxy() as tunnels,
        # The wire is the forward proxy itself: tinyproxy keeps no connection.
        Child(
            script,
            "http://host.test" if way == "forward" else wire.url,
            authority,
            proxy=wire.url if way == "forward" else f"http://127.0.0.1:{tunnels.port}",
        ) as child,
    ):
        child.fetches_and_drops()
        assert child.occurrences() == 0
        assert wire.connections == 1


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_connection_that_can_not_be_wiped_is_closed_soon(authority: Authority, script: str) -> None:
    body = json.dumps(PAGE) if "jobs" in script else ENVELOPES["text"].format(PASSWORD)
    with (
        Wire(ok(body)) as wire,
        Nginx(wire.url, tls=authority.issue("localhost"), listen="http2") as nginx,
        Tap(nginx.port) as tap,
        Child(script, f"https://localhost:{tap.port}", authority) as child,
    ):
        child.fetches_and_drops()
        assert tap.ended.acquire(timeout=LIMIT)
        assert tap.connections == 1
        # The socket is closed before the memory around it is given back.
        end = monotonic() + LIMIT
        while child.occurrences() and monotonic() < end:
            pass
        assert child.occurrences() == 0


class Child:
    """A process that fetches secrets and drops them, with its client open."""

    def __init__(self, script: str, url: str, authority: Authority | None = None, **options: str) -> None:
        common = {"proxy": "direct", "allow_http": True, **options}
        if authority:
            common["ca_file"] = str(authority.file)
        frame, fetch = SCRIPTS[script]
        self._process = subprocess.Popen(
            [sys.executable, "-c", frame.format(fetch=fetch.format(url=url, options=common))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._watchdog = threading.Timer(60, self._process.kill)
        self._watchdog.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._watchdog.cancel()
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()

    def fetches_and_drops(self) -> None:
        assert self._process.stdout.readline() == "fetched\n"
        assert self.occurrences() >= 20, "the scan finds what is there"
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "dropped\n"

    def occurrences(self, encoding: str = "ascii") -> int:
        return occurrences(self._process.pid, PASSWORD.encode(encoding))
