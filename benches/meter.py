"""Time, processor time and memory of the process that measures itself."""

from __future__ import annotations

import resource
import sys
from contextlib import suppress
from pathlib import Path
from time import perf_counter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from place import Figures

WARM_UP = 20
BATCH = 10
STATUS = Path("/proc/self/status")


def processor_time() -> float:
    """Seconds, user and system, of all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def memory_mb(field: str) -> float:
    """`VmRSS` is what is resident now, `VmHWM` the most there was in this program.

    `ru_maxrss`, which stands in elsewhere, also knows what the process was before it became this program.
    """
    if STATUS.exists():
        return int(STATUS.read_text().split(f"{field}:")[1].split()[0]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


class Meter:
    """Runs from its making to `stop`."""

    def __init__(self) -> None:
        # From here on the high-water mark counts from what is resident now. Not everywhere allowed.
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")
        self.resident = memory_mb("VmRSS")
        self.used = processor_time()
        self.began = perf_counter()

    def stop(self, units: int, check: object) -> Figures:
        """The figures of so many units of work."""
        wall, cpu = perf_counter() - self.began, processor_time() - self.used
        peak = memory_mb("VmHWM")
        return {
            "wall": wall / units * 1e6,
            "cpu": cpu / units * 1e6,
            "peak": peak,
            "extra": max(peak - self.resident, 0.0),
            "units": units,
            "check": str(check),
        }


def repeat(call: Callable[[], object], seconds: float) -> Figures:
    """Call again and again for a while."""
    check: object = None
    for _ in range(WARM_UP):
        check = call()
    meter, calls = Meter(), 0
    end = meter.began + seconds
    while perf_counter() < end:
        for _ in range(BATCH):
            if call() != check:
                raise SystemExit(f"an answer differs from {check!r}")
        calls += BATCH
    return meter.stop(calls, check)
