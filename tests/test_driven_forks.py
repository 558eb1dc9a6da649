"""Forks of processes whose loops drive calls: a child never reads its parent's answers, nor is kept busy by them."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time

import pytest
from driven import EMPTY, PATIENCE, client, warm
from test_stale_connections import hang_up
from wire import Wire, ok

SPAN = 1.0
"""For how long a child is watched, in seconds."""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_has_connections_of_its_own() -> None:
    with Wire(EMPTY) as wire:
        api = client(wire.url)
        asyncio.run(warm(api))
        if (child := os.fork()) == 0:
            os._exit(0 if asyncio.run(warm(api)) == [] else 1)
        asyncio.run(warm(api))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert wire.connections == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_that_goes_on_with_its_parents_loop_reads_no_answer_of_its_parents() -> None:
    answer = ok('[{"uuid": "u", "name": "Mine", "read": true, "change": false}]')

    async def main() -> None:
        async with client(f"http://127.0.0.1:{listener.getsockname()[1]}") as api:
            first = asyncio.ensure_future(api.tokens.list())
            server = (await asyncio.to_thread(listener.accept))[0]
            with server:
                assert await asyncio.to_thread(server.recv, 65536)
                server.sendall(answer)
                await first
                call = asyncio.ensure_future(api.tokens.list())
                assert await asyncio.to_thread(server.recv, 65536)
                server.sendall(answer)
                loop = asyncio.get_running_loop()
                if (child := os.fork()) == 0:
                    begun = time.process_time()

                    def leave() -> None:
                        is_busy = time.process_time() - begun > SPAN / 4
                        os._exit(call.done() + 2 * is_busy)

                    # Since CPython 3.14 a child can't step tasks of its parent's; other callbacks it can.
                    loop.call_later(SPAN, leave)
                    await loop.create_future()
                    os._exit(9)
                # The loop stands still meanwhile.
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0  # noqa: ASYNC222
                assert [token.name for token in await call] == ["Mine"]

    with socket.create_server(("127.0.0.1", 0)) as listener:
        asyncio.run(main())


NAMESPACES = """
import os, sys
from infosecops import BambooAgents

api = BambooAgents(sys.argv[1], token="t0ken", proxy="direct", api="agent-config", timeout=20.0)

def call():
    assert api.tokens.list() == []

def parted(work):
    if (child := os.fork()) == 0:
        try:
            os._exit(work() or 0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def first():
    # The number 1 of the first namespace.
    call()
    os.unshare(os.CLONE_NEWPID)
    assert os.getpid() == 1
    return parted(second)

def second():
    assert os.getpid() == 1
    call()

os.unshare(os.CLONE_NEWPID)
sys.exit(parted(first))
"""


@pytest.mark.skipif(not hasattr(os, "unshare"), reason="namespaces, and CPython 3.12 to make them")
def test_a_child_with_the_number_of_its_parent_has_connections_of_its_own() -> None:
    with Wire(EMPTY) as wire:
        program = [sys.executable, "-W", "ignore", "-c", NAMESPACES, wire.url]
        done = subprocess.run(program, capture_output=True, text=True, timeout=PATIENCE, check=False)
        if "Operation not permitted" in done.stderr:
            pytest.skip("this user may not make namespaces")
        assert (done.returncode, done.stderr) == (0, "")
        assert wire.connections == 2


DAEMON = """
import asyncio, os, sys
from infosecops import AsyncBambooAgents

async def forgotten():
    while len(loop._selector.get_map()) >= watched:
        await asyncio.sleep(0.01)
    return "forgotten"

loop = asyncio.new_event_loop()
api = AsyncBambooAgents(sys.argv[1], token="t0ken", proxy="direct", api="agent-config")
for _ in range(3):
    loop.run_until_complete(api.tokens.list())
watched = len(loop._selector.get_map())
if os.fork():
    os._exit(0)
print(loop.run_until_complete(asyncio.wait_for(forgotten(), 30)), flush=True)
os._exit(0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="forks, and looks for the parent in /proc")
def test_a_daemon_is_not_called_for_ever_by_what_its_parent_left() -> None:
    with Wire(EMPTY) as wire:
        program = [sys.executable, "-W", "ignore", "-c", DAEMON, wire.url]
        with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as parent:
            assert parent.wait(PATIENCE) == 0
            hang_up(wire)
            assert parent.stdout is not None
            assert parent.stdout.read() == "forgotten\n"
