"""Edges of the engine that once were sharp: hangs, leaks and noise that real programs would have met."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import (
    AsyncBambooAgents,
    BambooAgents,
    GovernanceLifecycle,
    Retry,
    SDElements,
    Sectona,
    TrustedApp,
    UserLogin,
    _infosecops,
)
from infosecops.sandbox import Sandbox
from wire import Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable

ONCE = Retry(attempts=1)


def hang_up(wire: Wire) -> None:
    with wire._lock:
        for connection in wire._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def test_unsafe_async_calls_notice_it_too() -> None:
    async def main() -> None:
        async with AsyncBambooAgents(wire.url, token="t", proxy="direct", retry=ONCE) as api:
            for number in range(1, 1001):
                await api.request("POST", "/x")
                assert len(wire.requests) == wire.connections == number
                hang_up(wire)

    with Wire(ok("{}")) as wire:
        asyncio.run(main())


def test_failed_calls_leave_nothing_behind() -> None:
    async def main() -> None:
        async with box.bamboo_agents.async_client(retry=ONCE) as api:
            for _ in range(50):
                with pytest.raises(infosecops.NotFoundError):
                    await api.request("GET", "/nowhere")

    with Sandbox() as box:
        asyncio.run(main())
    gc.collect()
    assert not [each for each in gc.get_objects() if isinstance(each, infosecops.NotFoundError)]


# test_asyncio.py: a coroutine that is closed, its answer already on the way
def test_a_closed_coroutine_leaves_no_complaint() -> None:
    complaints = []

    async def main() -> None:
        api = box.bamboo_agents.async_client()
        coroutine = api.request("GET", "/nowhere")
        coroutine.send(None)
        # The answer must be waiting for the loop, which this thread holds up.
        time.sleep(0.5)  # noqa: ASYNC251
        coroutine.close()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    with Sandbox() as box:
        loop = asyncio.new_event_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        loop.run_until_complete(main())
        gc.collect()
        loop.close()
    assert complaints == []


def test_a_callable_that_raises_stop_iteration_does_not_hang() -> None:
    async def main() -> None:
        api = box.bamboo_agents.async_client(token=lambda: next(iter([])))
        with pytest.raises((StopIteration, RuntimeError)):
            await asyncio.wait_for(api.tokens.list(), 10)

    with Sandbox() as box:
        asyncio.run(main())


def test_events_for_a_builtin_do_not_keep_ctrl_c_away() -> None:
    def raise_it(*_: object) -> None:
        raise KeyboardInterrupt

    events: list[object] = []
    before = signal.signal(signal.SIGUSR1, raise_it)
    try:
        with Sandbox() as box, box.sd_elements(on_event=events.append) as sde:
            box.jobs.progress("manual")
            job = sde.jobs.alm.start(12)

            def kill() -> None:
                while box.journal.count() < 10:
                    box.wait(0.002)
                sent.append(time.monotonic())
                os.kill(os.getpid(), signal.SIGUSR1)

            sent: list[float] = []
            killer = threading.Thread(target=kill)
            killer.start()
            with pytest.raises(KeyboardInterrupt):
                sde.jobs.alm.wait(job, timeout=10.0, poll_interval=0.01)
            assert time.monotonic() - sent[0] < 1
            killer.join()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_listener_that_exits_ends_the_loop() -> None:
    def leave(_: object) -> None:
        raise SystemExit(7)

    async def main() -> None:
        await box.bamboo_agents.async_client(on_event=leave).tokens.list()

    with Sandbox() as box, pytest.raises(SystemExit) as caught:
        asyncio.run(main())
    assert caught.value.code == 7


class Owner:
    """Has a client that asks it for its credential and tells it of events."""

    def __init__(self, make: Callable[[Owner], object]) -> None:
        self.client = make(self)

    def secret(self) -> str:
        return "t"

    def hear(self, event: object) -> None:
        pass


COMMON: dict[str, Any] = {"proxy": "direct", "retry": ONCE}
OWNED: dict[str, Callable[[str, Owner], Any]] = {
    "sde": lambda url, owner: SDElements(url, token=owner.secret, **COMMON),
    "sectona": lambda url, owner: Sectona(url, access_key=owner.secret, **COMMON),
    "bamboo": lambda url, owner: BambooAgents(url, token=owner.secret, on_event=owner.hear, **COMMON),
    "bamboo password": lambda url, owner: BambooAgents(url, username="u", password=owner.secret, **COMMON),
    "token": lambda url, owner: GovernanceLifecycle(url, token=owner.secret, **COMMON),
    "user": lambda url, owner: GovernanceLifecycle(url, login=UserLogin("u", owner.secret), **COMMON),
    "app": lambda url, owner: GovernanceLifecycle(url, login=TrustedApp("a", owner.secret), **COMMON),
}


@pytest.mark.parametrize("name", OWNED)
def test_a_client_and_its_owner_are_collected(name: str) -> None:
    with Wire(ok("{}")) as wire:
        owner: Owner | None = Owner(lambda this: OWNED[name](wire.url, this))
        assert owner is not None
        with suppress(infosecops.Error):
            owner.client.request("GET", "/x")
        gone = weakref.ref(owner)
        del owner
        gc.collect()
        assert gone() is None


def test_a_running_call_keeps_what_it_needs() -> None:
    asked = threading.Event()
    collected = threading.Event()

    class Asked(Owner):
        def secret(self) -> str:
            asked.set()
            collected.wait(10)
            return "t"

    with Wire(ok("{}")) as wire:
        owner = Asked(lambda this: OWNED["sde"](wire.url, this))
        operation = owner.client._native.request(
            _infosecops.RawCall("GET", "/x", params=None, json=None, body=None, headers=None, effect="read")
        )
        del owner
        gc.collect()
        answers: list[Any] = []
        caller = threading.Thread(target=lambda operation: answers.append(operation.wait()), args=(operation,))
        caller.start()
        del operation
        assert asked.wait(10)
        gc.collect()
        collected.set()
        caller.join()
        assert answers[0].status == 200


LAST = """
import os, resource, sys, asyncio
import infosecops
url, proxy, trusting = sys.argv[1:]
common = dict(
    token="t", api="agent-config", retry=infosecops.Retry(attempts=1), proxy=proxy,
    danger_accept_invalid_certs=trusting == "trusting", allow_http=True,
)
sync = infosecops.BambooAgents(url, **common)
twin = infosecops.AsyncBambooAgents(url, **common)
loop = asyncio.new_event_loop()
# The engine is there, without a connection that it could still be closing.
early = infosecops.AsyncBambooAgents(url, **common | dict(token=lambda: 1 / 0))
try:
    loop.run_until_complete(early.tokens.list())
except ZeroDivisionError:
    pass
resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
held = []

def take_all():
    try:
        while True:
            held.append(os.open(os.devnull, 0))
    except OSError:
        pass

take_all()
for call in (lambda: sync.tokens.create("x"), lambda: loop.run_until_complete(twin.tokens.create("x"))):
    try:
        call()
    except Exception as error:
        for each in held[-20:]:
            os.close(each)
        del held[-20:]
        print(type(error).__name__, error.outcome, error.system, error.operation, "ulimit -n" in error.hint)
        take_all()
for each in held: os.close(each)
"""


@pytest.mark.parametrize(
    ("way", "trust", "second"),
    [
        ("direct", "store", "ConnectError"),
        ("proxy", "trusting", "ConnectError"),
        # The store of CAs is a file too.
        ("proxy", "store", "TransportError"),
    ],
)
def test_without_a_descriptor_the_process_is_to_blame_and_no_host(way: str, trust: str, second: str) -> None:
    with Sandbox() as box:
        proxy = "direct" if way == "direct" else box.url
        done = subprocess.run(
            [sys.executable, "-c", LAST, box.url, proxy, trust], capture_output=True, timeout=60, check=False, text=True
        )
        assert len(box.journal) == 0
    assert done.stdout.splitlines() == [
        "TransportError not_sent bamboo_agents tokens.create True",
        f"{second} not_sent bamboo_agents tokens.create True",
    ], done.stderr


COLD = """
import os, resource, sys, infosecops
api = infosecops.BambooAgents("http://127.0.0.1:9", token="t", proxy="direct")
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
held = []
try:
    while True: held.append(os.open(os.devnull, 0))
except OSError: pass
try:
    api.tokens.list()
except BaseException as error:
    os.close(held.pop()); os.close(held.pop()); os.close(held.pop())
    print(type(error).__name__, error.system, error.operation)
"""


def test_the_first_error_needs_no_descriptor() -> None:
    done = subprocess.run([sys.executable, "-c", COLD], capture_output=True, timeout=30, check=False, text=True)
    assert done.stdout == "TransportError bamboo_agents tokens.list\n", done.stderr


ALONE = """
import sys, infosecops
api = infosecops.BambooAgents("http://127.0.0.1:9", token="t", proxy="direct")
finders, sys.meta_path = sys.meta_path, []
try:
    api.tokens.list()
except BaseException as error:
    sys.meta_path = finders
    from infosecops.errors import ConnectError
    assert infosecops.errors.ConnectError is infosecops.ConnectError is ConnectError
    print(type(error) is ConnectError, ConnectError.__module__)
"""


def test_the_first_error_needs_no_import() -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, timeout=30, check=False, text=True)
    assert done.stdout == "True infosecops.errors\n", done.stderr


def handling(first: Exception, call: Callable[[], object]) -> None:
    """Call while this error is handled."""
    try:
        raise first
    except type(first):
        call()


def test_an_error_leads_to_the_one_that_was_handled() -> None:
    first = KeyError("before")
    with Sandbox() as box, box.sd_elements() as sde:
        with pytest.raises(infosecops.NotFoundError) as caught:
            handling(first, lambda: sde.jobs.alm.get(999))
        assert caught.value.__context__ is first
        assert not caught.value.__suppress_context__
        with pytest.raises(infosecops.NotFoundError) as caught:
            sde.jobs.alm.get(999)
        assert caught.value.__context__ is None


def test_an_error_is_never_its_own_context() -> None:
    first = KeyError("first")

    def again() -> str:
        raise first

    with Sandbox() as box, box.sd_elements(token=again) as sde, pytest.raises(KeyError) as caught:
        handling(first, lambda: handling(ValueError("second"), lambda: sde.jobs.alm.get(1)))
    assert caught.value is first
    chain: list[BaseException] = [first]
    while (before := chain[-1].__context__) is not None:
        assert before not in chain
        chain.append(before)
