"""Clients across processes: forks in the middle of calls, multiprocessing of every kind, process pools."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import select
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import infosecops
import pytest
from infosecops import AsyncSectona, Sectona
from infosecops.sandbox import Sandbox
from scale import note, scaled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infosecops.sandbox import JournalEntry
    from typing_extensions import Self

PATIENCE = 60.0
METHODS = multiprocessing.get_all_start_methods()

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
# Forking with threads around is the point.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


@dataclass(frozen=True)
class Wanted:
    """An account and what the vault must give for it; plain texts, which travel to every kind of process."""

    asset_type: str
    asset_host: str
    account_name: str
    db_instance: str | None
    password: str

    def fetch(self, pam: Sectona) -> None:
        account = pam.request_password(
            self.asset_type, self.asset_host, self.account_name, db_instance=self.db_instance
        )
        assert account.password.reveal() == self.password, "somebody else's password"

    async def fetch_async(self, pam: AsyncSectona) -> None:
        account = await pam.request_password(
            self.asset_type, self.asset_host, self.account_name, db_instance=self.db_instance
        )
        assert account.password.reveal() == self.password, "somebody else's password"


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


def accounts(box: Sandbox) -> list[Wanted]:
    found = [
        Wanted(each.asset_type, each.asset_host, each.account_name, each.db_instance, each.password.reveal())
        for each in box.sectona.accounts
        if each.accessible and each.password.reveal()
    ]
    assert len({each.password for each in found}) == len(found) >= 3
    return found


def in_child(work: Callable[[], object]) -> str:
    """Fork, work in the child and leave it without the interpreter's end; what it raised comes back as text."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said = "it did not get to its end"
        try:
            work()
            said = "ok"
        except BaseException as error:  # noqa: BLE001 - the child must not go on as a second pytest
            said = repr(error)
        finally:
            os.write(writing, said.encode())
            os._exit(0)
    os.close(writing)
    try:
        # At its end the child closes the pipe, in whichever way it ends.
        if not select.select([reading], [], [], PATIENCE)[0]:
            os.kill(child, signal.SIGKILL)
            return "it hung"
        return os.read(reading, 10_000).decode()
    finally:
        os.close(reading)
        os.waitpid(child, 0)


def ports(entries: list[JournalEntry], account: Wanted | None = None) -> set[int]:
    return {entry.peer_port for entry in entries if account is None or f'"{account.account_name}"' in entry.body}


class Busy:
    """Four threads that make calls until told to stop: two block, two run loops."""

    def __init__(self, pam: Sectona, twin: AsyncSectona, wanted: list[Wanted]) -> None:
        self._pam, self._twin = pam, twin
        self._over = threading.Event()
        self._running = threading.Barrier(4 + 1)
        self.failures: list[BaseException] = []
        pairs = [(work, account) for work in (self._block, self._loop) for account in wanted]
        self._threads = [threading.Thread(target=self._guard, args=pair) for pair in pairs]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        self._running.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(PATIENCE)
        assert not any(thread.is_alive() for thread in self._threads)

    def _guard(self, work: Callable[[Wanted], None], account: Wanted) -> None:
        try:
            work(account)
        except BaseException as error:  # noqa: BLE001 - told by the main thread
            self.failures.append(error)

    def _block(self, account: Wanted) -> None:
        account.fetch(self._pam)
        self._running.wait(PATIENCE)
        while not self._over.is_set():
            account.fetch(self._pam)

    def _loop(self, account: Wanted) -> None:
        async def go_on() -> None:
            await account.fetch_async(self._twin)
            await asyncio.to_thread(self._running.wait, PATIENCE)
            while not self._over.is_set():
                await asyncio.gather(*(account.fetch_async(self._twin) for _ in range(5)))

        asyncio.run(go_on())


@needs_fork
def test_forks_while_other_threads_are_in_calls(box: Sandbox) -> None:
    ours, second, theirs, *_ = accounts(box)
    pam, twin = box.sectona(), box.sectona.async_client()

    def child() -> None:
        theirs.fetch(pam)
        asyncio.run(theirs.fetch_async(twin))
        theirs.fetch(pam)

    rounds = scaled(20, 200)
    parents: set[int] = set()
    with Busy(pam, twin, [ours, second]) as busy:
        for _ in range(rounds):
            box.journal.clear()
            assert in_child(child) == "ok"
            entries = box.journal.entries()
            its_own = ports(entries, theirs)
            assert len([entry for entry in entries if f'"{theirs.account_name}"' in entry.body]) == 3
            assert len(its_own) == 2, "one connection for the blocking client, one for the twin"
            assert not its_own & (ports(entries, ours) | ports(entries, second)), "a connection of the parent's"
            parents |= ports(entries) - its_own
    assert busy.failures == []
    assert len(parents) <= 2 + 10, "the parent lost connections over the forks"
    note("Forks", "forks while four threads are in calls; children that hung or got a wrong password", f"{rounds}; 0")
    note("Forks", "connections that a child shared with its parent", "0")


@needs_fork
def test_a_used_client_works_on_both_sides_of_a_fork(box: Sandbox) -> None:
    account, other, *_ = accounts(box)
    pam, twin = box.sectona(), box.sectona.async_client()
    account.fetch(pam)
    asyncio.run(account.fetch_async(twin))
    parents = ports(box.journal.entries())

    def child() -> None:
        other.fetch(pam)
        asyncio.run(other.fetch_async(twin))

    for _ in range(3):
        assert in_child(child) == "ok"
    assert not ports(box.journal.entries(), other) & parents
    account.fetch(pam)
    asyncio.run(account.fetch_async(twin))
    assert ports(box.journal.entries(), account) == parents, "the parent's connections did not survive"


@needs_fork
def test_a_grandchild_can_call_and_a_closed_client_too(box: Sandbox) -> None:
    account, *_ = accounts(box)
    pam = box.sectona()
    account.fetch(pam)

    def grandchild() -> None:
        account.fetch(pam)
        pam.close()
        account.fetch(pam)

    def child() -> None:
        pam.close()
        account.fetch(pam)
        assert in_child(grandchild) == "ok"
        account.fetch(pam)

    assert in_child(child) == "ok"
    account.fetch(pam)
    entries = box.journal.entries()
    assert entries[0].peer_port == entries[-1].peer_port, "closing in a child closed the parent's connection"
    assert len(ports(entries)) == 4


@needs_fork
def test_forks_from_inside_a_callback(box: Sandbox) -> None:
    account, *_ = accounts(box)
    pam = box.sectona()
    said: list[str] = []
    with box.sd_elements() as sde:
        box.jobs.progress("polls", 3)
        job = sde.jobs.alm.start(12)
        sde.jobs.alm.wait(
            job, poll_interval=0.001, on_progress=lambda _: said.append(in_child(lambda: account.fetch(pam)))
        )
    assert said == ["ok"] * len(said)
    assert len(said) >= 3


# What runs in other processes must be found by its name there.

MODULE_CLIENT: list[Sectona] = []


def client(url: str, key: str) -> Sectona:
    return Sectona(url, access_key=key, proxy="direct")


def fetch_with_a_new_client(url: str, key: str, account: Wanted) -> None:
    with client(url, key) as pam:
        account.fetch(pam)


def set_up(url: str, key: str) -> None:
    if not MODULE_CLIENT:
        MODULE_CLIENT.append(client(url, key))


def fetch_with_the_modules_client(account: Wanted) -> int:
    account.fetch(MODULE_CLIENT[0])
    return os.getpid()


def fail() -> None:
    raise infosecops.ConnectError("made in a child")


@pytest.mark.parametrize("method", METHODS)
def test_processes_of_every_kind_can_call(method: str, box: Sandbox) -> None:
    account, *_ = accounts(box)
    with box.sectona() as pam:
        account.fetch(pam)
        arguments = (box.url, box.sectona.access_key.reveal(), account)
        process = multiprocessing.get_context(method).Process(target=fetch_with_a_new_client, args=arguments)
        process.start()
        process.join(PATIENCE)
        assert process.exitcode == 0
        account.fetch(pam)
    entries = box.journal.entries()
    # The parent may have opened another one: an audited request takes no connection that waited for long.
    assert entries[1].peer_port not in {entries[0].peer_port, entries[2].peer_port}


@pytest.mark.parametrize("method", METHODS)
def test_a_pool_of_processes(method: str, box: Sandbox) -> None:
    wanted = accounts(box)[:3]
    arguments = (box.url, box.sectona.access_key.reveal())
    MODULE_CLIENT.clear()
    try:
        set_up(*arguments)
        fetch_with_the_modules_client(wanted[0])
        ours = ports(box.journal.entries())
        context = multiprocessing.get_context(method)
        with ProcessPoolExecutor(2, mp_context=context, initializer=set_up, initargs=arguments) as pool:
            pids = set(pool.map(fetch_with_the_modules_client, wanted * 10, timeout=PATIENCE))
            with pytest.raises(infosecops.ConnectError, match="made in a child"):
                pool.submit(fail).result(PATIENCE)
        assert os.getpid() not in pids
        entries = box.journal.entries()[1:]
        assert len(entries) == 30
        assert not ports(entries) & ours
        assert len(ports(entries)) == len(pids)
    finally:
        MODULE_CLIENT.clear()
