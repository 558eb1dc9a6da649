"""Tries rows of the matrix against faults, through the sync client and through its Async twin."""

from __future__ import annotations

import asyncio
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import infosecops
from agent_calls import UUID
from infosecops import Retry
from infosecops.sandbox import Sandbox
from matrix import ATTEMPTS, GL, HASTY, MAX_BYTES, PATIENT, ROWS, Row
from matrix_expectation import applies, expected
from matrix_faults import ANOTHER, OWN_PLACE, Fault, available

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from infosecops.sandbox import JournalEntry

TWINS = ("sync", "async")
COMMON = {"retry": Retry(attempts=ATTEMPTS, base=0.0), "max_response_bytes": MAX_BYTES}
LANES_AT_ONCE = 32
LANE_LENGTH = 8
# On a busy machine a short deadline may end without a fault. What proves nothing is repeated.
CHANCES = 50
WANT_OF_TIME = (infosecops.DeadlineExceeded, infosecops.WaitTimeout, infosecops.PartialFailure, infosecops.TaskLeftOpen)


@dataclass
class Cell:
    """What came of one operation, one fault and one twin."""

    row: Row
    fault: Fault
    twin: str
    error: infosecops.Error | None = None
    value: Any = None
    wire: list[str] = field(default_factory=list)
    """The requests, by their names in the sandbox."""
    applied: int = 0
    """How many of them, from the struck one on, changed something."""
    struck_applied: int = 0
    """How many of these are of the struck kind."""
    elapsed: float = 0.0
    limit: float = PATIENT
    afterwards: infosecops.Error | None = None
    """What the same call raised when all was well again."""
    broken: Exception | None = None
    """Why it could not be tried, or what came up that is no error of the package."""

    def __str__(self) -> str:
        return f"{self.row}/{self.fault}/{self.twin}"


def everything() -> list[tuple[Row, Fault, str]]:
    """All cells of the matrix."""
    return [(row, fault, twin) for row in ROWS for fault in available() if applies(row, fault) for twin in TWINS]


class Lane:
    """A sandbox for one row and one twin, and the clients wired to it."""

    def __init__(self, row: Row, twin: str, box: Sandbox) -> None:
        self.row = row
        self.twin = twin
        self.box = box
        self.loop = asyncio.new_event_loop() if twin == "async" else None
        self.gift = row.prepare(box) if row.prepare else None
        self.clients: dict[float, Any] = {}
        self.place = ""
        self.way: dict[str, Any] = {}
        """Options of a client that reaches the sandbox otherwise."""
        self.held = socket.socket()

    def close(self) -> None:
        self.forget_clients()
        self.held.close()
        if self.loop:
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()

    def forget_clients(self) -> None:
        while self.clients:
            self.disconnect(self.clients.popitem()[1])

    def disconnect(self, client: Any) -> None:
        self.finish(client.aclose() if self.loop else client.close())

    def finish(self, value: Any) -> Any:
        return self.loop.run_until_complete(value) if self.loop and asyncio.iscoroutine(value) else value

    def client(self, timeout: float) -> Any:
        """A client that knows its session and the server's paths already, unless the row is about finding out."""
        if timeout not in self.clients:
            system = getattr(self.box, self.row.system)
            make = system.async_client if self.loop else system.client
            options = {**COMMON, **self.row.options(self.box), **self.way}
            if self.row.system == GL:
                # Closing is how this runner drops connections; the session is the row's.
                options["logout_on_close"] = False
            self.clients[timeout] = made = make(timeout=timeout, **options)
            if not self.row.is_fresh:
                self.again(lambda: self.good_call(made))
                self.remember_place()
        return self.clients[timeout]

    def ready(self, client: Any) -> None:
        if self.row.before:
            self.finish(self.row.before(client))

    def good_call(self, client: Any) -> Any:
        self.ready(client)
        return self.finish((self.row.patient or self.row.call)(client, self.gift))

    def order(self, fault: Fault) -> None:
        stands_for = {OWN_PLACE: self.place, ANOTHER: self.row.another}
        options = {name: stands_for.get(value, value) for name, value in fault.options.items()}
        options.update(system=self.row.system, operation=self.row.struck, skip=self.row.skip)
        times = self.row.strikes if fault.times is None else fault.times
        if fault.symptom == "gone":
            port = self.box.port
            self.box.stop()
            # Held without listening, or another sandbox may get the port and answer.
            self.held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Another lane's connection may have it already as its own end, where nobody listens either.
            with suppress(OSError):
                self.held.bind(("127.0.0.1", port))
        elif times is None:
            self.box.faults.always(**options)
        else:
            self.box.faults.next(times=times, **options)

    def attempt(self, fault: Fault) -> Cell:
        """One call that goes wrong, and one more when all is well again."""
        expectation = expected(self.row, fault)
        waits = self.row.patient is not None and expectation.error == "WaitTimeout"
        for _ in range(CHANCES):
            cell = self.strike(fault, hasty=waits)
            # A deadline that ended before the fault struck is no try.
            if not (waits or fault.is_hasty) or len(cell.wire) >= len(self.row.lead) + expectation.requests:
                break
            self.box.faults.clear()
        if fault.symptom != "gone":
            self.box.faults.clear()
            client = self.clients[HASTY if fault.is_hasty else PATIENT]
            try:
                self.again(lambda: self.good_call(client))
            except infosecops.Error as error:
                cell.afterwards = error
        return cell

    def strike(self, fault: Fault, *, hasty: bool) -> Cell:
        """Get ready with patience, then make the one call that goes wrong."""
        timeout = HASTY if fault.is_hasty else PATIENT
        if self.row.is_fresh:
            self.learn_place()
            self.forget_clients()
        client = self.client(timeout)
        self.again(lambda: self.ready(client))
        self.box.journal.clear()
        if fault.symptom == "gone":
            self.disconnect(client)
        self.order(fault)
        call = self.row.call if hasty else self.row.patient or self.row.call
        limit = timeout if self.row.patient and not hasty else self.row.limit or timeout
        cell = Cell(self.row, fault, self.twin, limit=limit)
        begun = time.monotonic()
        try:
            cell.value = self.finish(call(client, self.gift))
        except infosecops.Error as error:
            cell.error = error
        cell.elapsed = time.monotonic() - begun
        entries: list[JournalEntry] = self.box.journal.entries()
        cell.wire = [entry.operation for entry in entries]
        applied = [entry.operation for entry in entries[len(self.row.lead) :] if entry.applied]
        cell.applied, cell.struck_applied = len(applied), applied.count(self.row.struck)
        return cell

    def again(self, call: Callable[[], object]) -> None:
        """Until it ends in time: getting ready proves nothing, and must not fail on a busy machine."""
        for _ in range(CHANCES):
            with suppress(*WANT_OF_TIME):
                call()
                return
        call()

    def learn_place(self) -> None:
        if not self.place:
            self.good_call(self.client(PATIENT))
            self.remember_place()

    def remember_place(self) -> None:
        # The journal masks the uuid that opens agents, and a redirect without it would lead nowhere.
        target = self.box.journal.last(operation=self.row.struck).target
        self.place = target.replace("uuid=****", f"uuid={UUID}")


@contextmanager
def lane(row: Row, twin: str) -> Iterator[Lane]:
    """A lane that is torn down."""
    with Sandbox() as box:
        opened = Lane(row, twin, box)
        try:
            yield opened
        finally:
            opened.close()


def run_lane(
    row: Row,
    twin: str,
    faults: Iterable[Fault],
    watch: Callable[[Cell, Sandbox], None],
    lane: Callable[[Row, str], AbstractContextManager[Lane]] = lane,
) -> list[Cell]:
    """One row through one twin, the sandbox's end last."""
    cells = []
    faults = sorted(faults, key=lambda fault: fault.symptom == "gone")
    try:
        with lane(row, twin) as opened:
            for fault in faults:
                cell = opened.attempt(fault)
                watch(cell, opened.box)
                if cell.error is not None:
                    # The frames of thousands of calls are not kept.
                    cell.error = cell.error.with_traceback(None)
                cells.append(cell)
    except Exception as error:  # noqa: BLE001 - each cell that was to come fails with it
        cells += [Cell(row, fault, twin, broken=error) for fault in faults[len(cells) :]]
    return cells


def run(
    wanted: Iterable[tuple[Row, Fault, str]],
    watch: Callable[[Cell, Sandbox], None] = lambda _cell, _box: None,
    lane: Callable[[Row, str], AbstractContextManager[Lane]] = lane,
) -> list[Cell]:
    """All wanted cells: the quick ones one after another, those that have to wait side by side."""
    quick: dict[tuple[Row, str], list[Fault]] = {}
    slow: dict[tuple[Row, str], list[Fault]] = {}
    for row, fault, twin in wanted:
        lanes = slow if fault.is_slow or (row.limit and fault.symptom != "fine") else quick
        lanes.setdefault((row, twin), []).append(fault)
    with ThreadPoolExecutor(LANES_AT_ONCE) as pool:
        waiting = [
            pool.submit(run_lane, row, twin, [fault], watch, lane)
            for (row, twin), faults in slow.items()
            for fault in faults
        ]
        cells = [cell for (row, twin), faults in quick.items() for cell in run_lane(row, twin, faults, watch, lane)]
        return cells + [cell for future in waiting for cell in future.result()]
