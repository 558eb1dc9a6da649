"""The calling side of a large review, a program of its own: it updates all items and prints as JSON what it was told.

Arguments: url, how many changes, how many in one request.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import infosecops
from infosecops import Group, ReviewItemChange

if TYPE_CHECKING:
    from collections.abc import Iterator

STATUS = Path("/proc/self/status")


def kibibytes(field: str) -> int:
    """Of the memory of this process: VmRSS is now, VmHWM the most there ever was."""
    if not STATUS.exists():
        return 0
    return int(STATUS.read_text().split(f"{field}:")[1].split()[0])


def changes(count: int) -> Iterator[ReviewItemChange]:
    for number in range(count):
        item = Group(f"Group {number % 977}", "Active Directory (EMEA)")
        yield ReviewItemChange("revoke", f"user{number}", item, comments=f"Campaign 2031-Q1, line {number}")


def account(result: infosecops.ReviewUpdate, count: int) -> dict[str, object]:
    """What became of the changes; each must stand in one list, and be the one that was given."""
    seen, reasons, strangers = bytearray(count), Counter(), 0
    for which in ("succeeded", "failed", "unknown"):
        for entry in result.iter_results(which):
            seen[entry.index] += 1
            strangers += entry.change.reviewee != f"user{entry.index}"
            reasons[f"{which} {entry.reason}"] += 1
    return {"once": seen.count(1), "strangers": strangers, "reasons": reasons}


def main(url: str, count: int, chunk_size: int) -> None:
    gl = infosecops.GovernanceLifecycle(url, token="t", proxy="direct", retry=infosecops.Retry(attempts=5, base=0.0))
    infosecops.Error  # noqa: B018 - loaded before memory is looked at
    told: list[tuple[int, int, int]] = []
    at_start, began = kibibytes("VmRSS"), time.monotonic()
    try:
        result = gl.update_review_items(
            "UAR-3", changes(count), chunk_size=chunk_size, on_progress=lambda *step: told.append(step)
        )
    except infosecops.PartialFailure as error:
        result = error.result
    seconds = time.monotonic() - began
    known = account(result, count)
    again = result.retry_failed()
    json.dump(
        {
            **known,
            "updated": result.updated,
            "total": result.total,
            "counts": result.counts,
            "again": [len(again), sum(1 for _ in again)],
            "steps": len(told),
            "last_step": told[-1],
            "seconds": seconds,
            "grown_kib": kibibytes("VmHWM") - at_start,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
