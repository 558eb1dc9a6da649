"""Slow look-ups of names: others go on meanwhile, the deadline holds, and no name is looked up twice at a time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from wire import LIMIT, Wire, ok

SHIM = Path(__file__).parent / "files" / "slow_names.c"
BEGIN = """
import asyncio, os, pathlib, sys, threading, time
import infosecops
from infosecops import AsyncBambooAgents, BambooAgents

url = sys.argv[1]
port = url.rpartition(":")[2]
common = {"token": "t", "proxy": "direct", "allow_http": True, "timeout": 20.0}
noted = pathlib.Path(os.environ["LOOK_UPS"])

def look_ups():
    return noted.read_text().split() if noted.exists() else []

def go_on():
    pathlib.Path(os.environ["GO_ON"]).touch()

async def under_way(count):
    while len(look_ups()) < count:
        await asyncio.sleep(0.01)
"""
SCRIPTS = {
    "others go on": """
async def main():
    slow = [AsyncBambooAgents(f"http://slow-{n}.test:{port}", **common) for n in range(20)]
    calls = [asyncio.ensure_future(api.request("GET", "/x", effect="read")) for api in slow]
    await under_way(20)
    for _ in range(3):
        async with AsyncBambooAgents(f"http://localhost:{port}", **common) as other:
            await other.request("GET", "/x", effect="read")
    assert not any(call.done() for call in calls)
    go_on()
    await asyncio.gather(*calls)
asyncio.run(main())
""",
    "a name is looked up once at a time": """
async def main():
    async with AsyncBambooAgents(f"http://slow.test:{port}", **common) as api:
        calls = [asyncio.ensure_future(api.request("GET", "/x", effect="read")) for _ in range(70)]
        await under_way(1)
        for _ in range(3):
            async with AsyncBambooAgents(f"http://localhost:{port}", **common) as other:
                await other.request("GET", "/x", effect="read")
        go_on()
        await asyncio.gather(*calls)
    assert set(look_ups()) == {"slow.test"}
    # All that came before the first was answered; connections that are opened later look again.
    assert len(look_ups()) <= 3, look_ups()
asyncio.run(main())
""",
    "the deadline ends the waiting": """
for _ in range(3):
    with BambooAgents(f"http://slow.test:{port}", **{**common, "timeout": 0.3}) as api:
        try:
            api.request("POST", "/x")
        except infosecops.Error as error:
            assert (type(error), error.outcome) == (infosecops.DeadlineExceeded, "not_sent"), error
        else:
            raise AssertionError

async def main():
    async with AsyncBambooAgents(f"http://slow-too.test:{port}", **{**common, "timeout": 0.3}) as api:
        for _ in range(3):
            try:
                await api.request("POST", "/x")
            except infosecops.Error as error:
                assert (type(error), error.outcome) == (infosecops.DeadlineExceeded, "not_sent"), error
            else:
                raise AssertionError
    assert look_ups().count("slow-too.test") == 1, look_ups()
asyncio.run(main())
go_on()
""",
}


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if sys.platform != "linux" or compiler is None:
        pytest.skip("needs a C compiler and the dynamic linker of Linux")
    built = tmp_path_factory.mktemp("shim") / "slow_names.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", built, SHIM, "-ldl"], check=True)
    return built


@pytest.mark.parametrize("case", SCRIPTS)
def test_slow_look_ups(case: str, shim: Path, tmp_path: Path) -> None:
    places = {"LD_PRELOAD": str(shim), "LOOK_UPS": str(tmp_path / "look-ups"), "GO_ON": str(tmp_path / "go-on")}
    with Wire(ok("[]")) as wire:
        done = subprocess.run(
            [sys.executable, "-c", BEGIN + SCRIPTS[case], wire.url],
            env={**os.environ, **places},
            capture_output=True,
            text=True,
            timeout=2 * LIMIT,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
