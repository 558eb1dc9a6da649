"""Signals: Ctrl-C and handlers that raise end a call at once, wherever it is, and close its connection."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from statistics import median
from typing import TYPE_CHECKING

import pytest
from infosecops import Retry
from infosecops.sandbox import Sandbox
from scale import note, scaled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATIENCE = 30.0
PROMPT_SECONDS = 1.0
BIG_BYTES = 256 * 1024 * 1024

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


class Stalled:
    """A server that takes a connection, reads a little and no more."""

    def __init__(self) -> None:
        self.reading = threading.Event()
        self.closed = threading.Event()
        self._go_on = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with self._listener:
            connection, _ = self._listener.accept()
        with connection, suppress(ConnectionError):
            connection.settimeout(PATIENCE)
            connection.recv(1000)
            self.reading.set()
            self._go_on.wait(PATIENCE)
            while connection.recv(1_000_000):
                pass
        self.closed.set()

    def see_the_end(self) -> bool:
        """Read what was sent; whether the client has closed its side."""
        self._go_on.set()
        self._thread.join(PATIENCE)
        return self.closed.is_set()


class Interrupted(Exception):  # noqa: N818 - named for what happened
    """What our handlers raise."""


@contextmanager
def handler(number: int, raises: type[BaseException]) -> Iterator[None]:
    def handle(*_: object) -> None:
        raise raises

    before = signal.signal(number, handle)
    try:
        yield
    finally:
        signal.signal(number, before)


def until(box: Sandbox, reached: Callable[[], bool]) -> None:
    """Wait until something can be seen at the server."""
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline
        box.wait(0.002)


def delay_of_interrupt(number: int, raises: type[BaseException], ready: Callable[[], object], call: Callable) -> float:
    """Send the signal to ourselves once the call is where it should be; how long it took to come up."""
    sent: list[float] = []

    def kill() -> None:
        ready()
        sent.append(time.monotonic())
        os.kill(os.getpid(), number)

    killer = threading.Thread(target=kill)
    with handler(number, raises):
        killer.start()
        try:
            with pytest.raises(raises):
                call()
            took = time.monotonic() - sent[0]
        finally:
            killer.join()
    assert took < PROMPT_SECONDS
    return took


def in_a_call(box: Sandbox, interrupt: Callable[..., float]) -> float:
    box.faults.next(hang=True)
    with box.bamboo_agents() as bamboo:
        return interrupt(lambda: until(box, lambda: box.journal.count() == 1), bamboo.tokens.list)


def in_paging(box: Sandbox, interrupt: Callable[..., float]) -> float:
    with box.sd_elements() as sde:
        box.faults.next(skip=1, hang=True)
        reached = lambda: until(box, lambda: box.journal.count() == 2)  # noqa: E731
        return interrupt(reached, sde.jobs.alm.list(page_size=1).collect)


def in_waiting_for_a_job(box: Sandbox, interrupt: Callable[..., float]) -> float:
    box.jobs.progress("manual")
    looked = threading.Event()
    with box.sd_elements() as sde:
        job = sde.jobs.alm.start(12)
        return interrupt(
            lambda: looked.wait(PATIENCE),
            lambda: sde.jobs.alm.wait(job, poll_interval=60.0, on_progress=lambda _: looked.set()),
        )


def in_the_sleep_before_a_retry(box: Sandbox, interrupt: Callable[..., float]) -> float:
    box.faults.next(status=503, retry_after=25)
    slept = threading.Event()

    def listen(event: object) -> None:
        if event.kind == "retry":
            slept.set()

    with box.bamboo_agents(timeout=60.0, retry=Retry(attempts=3), on_event=listen) as bamboo:
        return interrupt(lambda: slept.wait(PATIENCE), bamboo.tokens.list)


PLACES = [in_a_call, in_paging, in_waiting_for_a_job, in_the_sleep_before_a_retry]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("raises", [KeyboardInterrupt, Interrupted, InterruptedError])
def test_a_handler_that_raises_ends_a_call(place: Callable[..., float], raises: type[BaseException]) -> None:
    times = []
    for _ in range(scaled(1, 20)):
        with Sandbox() as box:

            def interrupt(ready: Callable[[], object], call: Callable[[], object]) -> float:
                took = delay_of_interrupt(signal.SIGUSR1, raises, ready, call)
                until(box, lambda: box.open_connections() == 0)
                return took

            times.append(place(box, interrupt))
            box.faults.clear()
            with box.bamboo_agents() as bamboo:
                assert bamboo.tokens.list()
    if raises is KeyboardInterrupt:
        tell(place.__name__.replace("_", " "), times)


def tell(place: str, times: list[float]) -> None:
    figure = f"{len(times)}; {median(times) * 1000:.0f}; {max(times) * 1000:.0f}"
    note("Signals", f"{place}: interrupts; median; longest, in ms until the exception", figure)


def test_a_stalled_upload_is_ended(tmp_path: Path) -> None:
    import infosecops

    big = tmp_path / "coverage.txt"
    with big.open("wb") as file:
        file.truncate(BIG_BYTES)
    times = []
    for _ in range(scaled(1, 20)):
        server = Stalled()
        with infosecops.GovernanceLifecycle(server.url, token="t", proxy="direct", timeout=120.0) as gl:
            took = delay_of_interrupt(
                signal.SIGUSR1,
                KeyboardInterrupt,
                lambda: server.reading.wait(PATIENCE),  # noqa: B023 - used in this round only
                lambda: gl.upload_coverage(big, type="reviewer", id="61"),
            )
        assert server.see_the_end(), "the connection stays open"
        times.append(took)
    tell("in an upload to a stalled server", times)


def test_an_alarm_ends_a_call() -> None:
    with Sandbox() as box, box.bamboo_agents() as bamboo:
        box.faults.next(hang=True)
        with handler(signal.SIGALRM, Interrupted):
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            try:
                with pytest.raises(Interrupted):
                    bamboo.tokens.list()
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        until(box, lambda: box.open_connections() == 0)
        assert bamboo.tokens.list()


def test_signals_that_raise_nothing_disturb_no_call() -> None:
    ticks: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: ticks.append(number))
    try:
        with Sandbox() as box, box.bamboo_agents() as bamboo:
            box.faults.next(delay=0.3)
            signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
            token = bamboo.tokens.create("under fire")
            signal.setitimer(signal.ITIMER_REAL, 0)
            assert token.name == "under fire"
            assert box.journal.count(operation="tokens.create") == 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(ticks) > 1


def test_a_handler_may_use_a_client() -> None:
    with Sandbox() as box, box.bamboo_agents() as bamboo:
        names: list[str] = []

        def handle(*_: object) -> None:
            names.extend(token.name for token in bamboo.tokens.list())

        before = signal.signal(signal.SIGALRM, handle)
        try:
            box.faults.next(delay=0.3)
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            assert bamboo.tokens.create("outer").name == "outer"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        assert names[:2] == ["readOnly", "read and write"]


CTRL_C = """
import sys, time
from infosecops import BambooAgents, SDElements
url = sys.argv[1]
bamboo = BambooAgents(url, token="t", proxy="direct", api="agent-config")
try:
    bamboo.tokens.list()
except KeyboardInterrupt:
    print(time.monotonic())
"""


def test_ctrl_c_reaches_a_program_in_a_call() -> None:
    times = []
    for _ in range(scaled(1, 20)):
        with Sandbox() as box:
            box.faults.next(hang=True)
            program = subprocess.Popen(
                [sys.executable, "-W", "error", "-c", CTRL_C, box.url], stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            with program:
                try:
                    until(box, lambda: box.journal.count() == 1)
                    sent = time.monotonic()
                    program.send_signal(signal.SIGINT)
                    said, noise = program.communicate(timeout=PATIENCE)
                finally:
                    program.kill()
            assert (program.returncode, noise) == (0, b"")
            # One clock for all processes of a machine.
            times.append(float(said) - sent)
            assert 0 < times[-1] < PROMPT_SECONDS
    tell("Ctrl-C sent to a program in a call", times)


def test_ctrl_c_ends_a_program_that_does_not_catch_it() -> None:
    with Sandbox() as box:
        box.faults.next(hang=True)
        code = "import sys, infosecops\ninfosecops.BambooAgents(sys.argv[1], token='t', proxy='direct').tokens.list()"
        program = subprocess.Popen([sys.executable, "-c", code, box.url], stderr=subprocess.PIPE, text=True)
        with program:
            try:
                until(box, lambda: box.journal.count() == 1)
                program.send_signal(signal.SIGINT)
                _, noise = program.communicate(timeout=PATIENCE)
            finally:
                program.kill()
        assert program.returncode == -signal.SIGINT
        assert noise.rstrip().endswith("KeyboardInterrupt")
        assert noise.count("Traceback") == 1
