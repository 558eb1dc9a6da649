"""W2 threads: the small GET from `width` threads that share a client, or have one each where one can't be shared."""

from __future__ import annotations

import threading
from time import perf_counter

import small_get
from meter import Meter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from place import Figures, Place

WARM_UP = 3
PATIENCE = 60.0
"""Seconds, if a thread fails before the others begin."""
NOT_SHARED = ("pycurl", "http.client", "requests")
"""Clients of which each thread has its own: the first two can't be shared, the third's authors advise against it."""


def run(entry: str, place: Place) -> Figures:
    """Measure one entry."""

    def connected() -> Callable[[], str]:
        return small_get.ours(place) if entry == "infosecops" else small_get.theirs(entry, place)

    shared = None if entry in NOT_SHARED else connected()
    calls = [0] * place.width
    checks: set[str] = set()
    ready, begin = threading.Barrier(place.width + 1, timeout=PATIENCE), threading.Event()
    end = 0.0

    def caller(number: int) -> None:
        call = shared or connected()
        for _ in range(WARM_UP):
            checks.add(call())
        ready.wait()
        begin.wait()
        while perf_counter() < end:
            checks.add(call())
            calls[number] += 1

    threads = [threading.Thread(target=caller, args=(number,)) for number in range(place.width)]
    for thread in threads:
        thread.start()
    ready.wait()
    meter = Meter()
    end = meter.began + place.seconds
    begin.set()
    for thread in threads:
        thread.join()
    return meter.stop(sum(calls), *checks)
