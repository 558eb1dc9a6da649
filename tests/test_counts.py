"""The counted work: how callgrind's format is read, and when a count has grown too far."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROFILE = """version: 1
events: Ir
ob=(1) /usr/lib/libc.so.6
fn=(3) measured_part
16 7
cfn=(5) malloc
calls=40 0
16 900
cfn=(9) <alloc::vec::Vec<T> as core::clone::Clone>::clone
calls=8 0
* 90
fn=(9)
cob=(1)
cfn=(5)
calls=2 0
* 50
cfn=(11) realloc
calls=1 0
* 5
totals: 1052
"""


@pytest.fixture(scope="module")
def counts() -> Any:
    spec = importlib.util.spec_from_file_location("counts", ROOT / "scripts" / "counts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_profile_is_read(counts: Any) -> None:
    assert counts.read(PROFILE) == (1052, 43)


def test_what_is_kept_covers_all_work(counts: Any) -> None:
    kept = json.loads(counts.KEPT.read_text(encoding="utf-8"))
    assert set(kept) == set(counts.WORKS)
    assert all(number > 0 for kinds in kept.values() for number in kinds.values())


def test_growth_needs_a_line_in_the_changelog(counts: Any) -> None:
    kept = {"W1": {"instructions": 100_000, "allocations": 100}}
    now = {"W1": {"instructions": 110_001, "allocations": 110}}
    assert counts.grown(now, counts.accepted(kept, "")) == [
        "W1 (small GET): 110001 instructions, accepted are 100000 and a tenth more"
    ]
    line = "- Answers are checked twice (counts: W1 instructions 112000)."
    assert counts.grown(now, counts.accepted(kept, line)) == []
    less = "- counts: W1 instructions 90000"
    assert len(counts.grown(now, counts.accepted(kept, less))) == 1
