"""Load: many calls at once, some of them failing: every one is accounted for, and nothing is left behind."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from infosecops.sandbox import Sandbox
from load_caller import ENGINE_DESCRIPTORS
from scale import SOAK, note, scaled

PATIENCE = scaled(120, 1800)
CALLER = Path(__file__).parent / "load_caller.py"
TOLERANCE = 0.02
SEED = 7

FAULTS: list[dict[str, Any]] = [
    {"status": 503},
    {"status": 500},
    {"status": 429, "retry_after": 0},
    {"drop": "before"},
    {"drop": "after"},
    {"drop": "mid_body"},
    {"html": True},
    {"truncate": 5},
    {"delay": 0.05},
    {"close": True},
]

needs_descriptors = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of descriptors to set")


def call(box: Sandbox, calls: int, at_once: int, limit: int = 0) -> dict[str, Any]:
    arguments = [box.url, box.bamboo_agents.token.reveal(), str(calls), str(at_once), str(limit)]
    done = subprocess.run(
        [sys.executable, str(CALLER), *arguments], capture_output=True, timeout=PATIENCE, check=False, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@needs_descriptors
def test_every_call_is_accounted_for() -> None:
    calls = scaled(2_000, 100_000)
    chance = random.Random(SEED)  # noqa: S311 - no secret
    with Sandbox() as box:
        # One request in twenty, spread at random.
        for _ in range(calls // 20):
            box.faults.next(skip=chance.randrange(calls), **chance.choice(FAULTS))
        told = call(box, calls, 256)
        received = box.journal[-1].sequence
    assert sum(told["ends"].values()) == calls
    # What is given up because the server hangs up in the same moment is begun, but not received.
    assert 0 <= told["requests"] - received <= calls // 20, "requests that nobody accounts for"
    # Nothing listens at /nowhere: each of those calls is refused or met a fault.
    assert told["ends"]["NotFoundError rejected"] > 0.9 * calls / 2
    assert told["ends"]["answered"] > 0.9 * calls / 2
    assert len(told["ends"]) > 3, "the faults struck nobody"
    assert told["descriptors_left"] <= ENGINE_DESCRIPTORS
    if SOAK:
        early, *_ = told["resident"]
        settled, *later = told["resident"][len(told["resident"]) // 2 - 1 :]
        # Buffers and pools still grow a little after the first calls; a leak would go on growing.
        assert all(abs(size / settled - 1) <= TOLERANCE for size in later), told["resident"]
        note("Load", "calls, 256 in flight, 5 % faults; unaccounted", f"{calls}; 0")
        note("Load", "calls a second, sandbox on the same cores", f"{calls / told['seconds']:.0f}")
        note("Load", "memory after 10 000 calls, in MiB; largest change after that", memory(early, told["resident"]))
        note("Load", "memory after half of the calls, in MiB; largest change after that", memory(settled, later))
        note("Load", "connections left open", "0")
        note("Load", "ends", ", ".join(f"{count} {end}" for end, count in sorted(told["ends"].items())))


def memory(settled: int, sizes: list[int]) -> str:
    drift = max((size / settled - 1 for size in sizes), key=abs)
    return f"{settled / 2**20:.1f}; {drift * 100:+.1f} %"


@needs_descriptors
def test_as_many_in_flight_as_there_are_descriptors_for() -> None:
    import resource

    at_once = scaled(500, 10_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < at_once + 500:
        pytest.skip(f"this machine allows {hard} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with Sandbox() as box:
            # Nobody gets an answer before all have asked.
            box.faults.always(delay=scaled(1, 20))
            told = call(box, at_once, at_once)
            assert len({entry.peer_port for entry in box.journal}) == at_once
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert told["ends"] == {"answered": at_once // 2, "NotFoundError rejected": at_once // 2}
    assert told["descriptors_left"] <= ENGINE_DESCRIPTORS
    note("Load", "calls in flight at once, each on its own connection; failed", f"{at_once}; 0")


@needs_descriptors
def test_without_descriptors_calls_fail_before_anything_is_sent() -> None:
    at_once = scaled(600, 5_000)
    with Sandbox() as box:
        box.faults.always(delay=1.0)
        told = call(box, at_once, at_once, limit=256)
        received = box.journal[-1].sequence
    assert set(told["ends"]) == {"answered", "NotFoundError rejected", "ConnectError not_sent"}
    served = told["ends"]["answered"] + told["ends"]["NotFoundError rejected"]
    assert served == received
    assert served + told["ends"]["ConnectError not_sent"] == at_once
    assert served > 200
    assert told["descriptors_left"] <= ENGINE_DESCRIPTORS
    note(
        "Load",
        "calls in flight under `ulimit -n 256`; answered; failed as not sent",
        f"{at_once}; {served}; {at_once - served}",
    )
