"""Review updates of many thousands of changes: every one is accounted for, in little memory."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from infosecops import ReviewItemChange
from review_caller import changes
from review_server import LOCKED
from scale import SOAK, note, scaled
from test_review_items import GL
from wire import Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
CHANGES = scaled(20_000, 1_000_000)
CHUNK = 1000
MEMORY_KIB = 64 * 1024
PATIENCE = scaled(300, 3600)


@contextmanager
def served(left_unanswered: int = 0) -> Iterator[str]:
    command = [sys.executable, str(HERE / "review_server.py"), str(left_unanswered)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.kill()


def run(url: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(HERE / "review_caller.py"), url, str(CHANGES), str(CHUNK)],
        capture_output=True,
        timeout=PATIENCE,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["grown_kib"] <= MEMORY_KIB
    assert (told["once"], told["strangers"], told["total"]) == (CHANGES, 0, CHANGES)
    return told


def test_a_large_run_from_a_generator_accounts_for_every_change() -> None:
    with served() as url:
        told = run(url)
    locked = CHANGES // 10
    assert told["counts"] == {"succeeded": CHANGES - locked, "failed": locked, "unknown": 0}
    assert told["reasons"] == {"succeeded None": CHANGES - locked, f"failed {LOCKED}": locked}
    assert told["updated"] == CHANGES - locked
    assert told["again"] == [locked, locked]
    assert (told["steps"], told["last_step"]) == (CHANGES // CHUNK, [CHANGES, CHANGES, locked])
    if SOAK:
        note(
            "Reviews",
            "changes from a generator, every tenth locked, every tenth request refused; unaccounted",
            f"{CHANGES}; 0",
        )
        note("Reviews", "most memory above the start, in MiB", f"{told['grown_kib'] / 1024:.0f}")
        note("Reviews", "changes a second", f"{CHANGES / told['seconds']:.0f}")


def test_a_connection_cut_in_mid_run_loses_nothing() -> None:
    answered = CHANGES // CHUNK // 2
    with served(answered) as url:
        told = run(url)
    locked, left = answered * CHUNK // 10, CHANGES - (answered + 1) * CHUNK
    assert told["counts"] == {"succeeded": answered * CHUNK - locked, "failed": locked + left, "unknown": CHUNK}
    assert told["reasons"].pop("failed not sent") == left
    assert told["reasons"].pop(f"failed {LOCKED}") == locked
    (reason,) = (reason for reason in told["reasons"] if reason.startswith("unknown "))
    assert told["reasons"][reason] == CHUNK
    assert len(reason) > len("unknown None")
    assert told["again"] == [locked + left, locked + left]
    if SOAK:
        note("Reviews", "changes left unsent after a cut connection; unaccounted", f"{left}; 0")


def test_forms_in_which_a_hundred_thousand_changes_come_are_one(connect: Callable[..., Any]) -> None:
    count = scaled(2_000, 100_000)
    objects = list(changes(count))
    rows = [
        {"state": "revoke", "reviewee": change.reviewee, "kind": "group", "name": change.item.name,
         "business_source": change.item.business_source, "comments": change.comments, "role_set": None}
        for change in objects
    ]  # fmt: skip
    gl = connect(GL, "http://127.0.0.1:9", token="t")
    documents = [
        gl.update_review_items("UAR-3", given, dry_run=True, chunk_size=CHUNK).raw_parts
        for given in (objects, changes(count), rows, [change.to_dict() for change in objects])
    ]
    assert len(documents[0]) == count // CHUNK
    assert documents[0] == documents[1] == documents[2] == documents[3]
    assert sum(document.count("<ReviewItemChange ") for document in documents[0]) == count


@pytest.mark.parametrize("form", [list, iter])
def test_every_bad_entry_is_told_at_once_and_nothing_is_sent(connect: Callable[..., Any], form: Any) -> None:
    count = scaled(2_000, 100_000)
    given: list[Any] = list(changes(count))
    given[7] = ReviewItemChange("", "jdoe", given[0].item)
    given[1000] = {**given[0].to_dict(), "reviewee": 12}
    given[count - 1] = {"state": "revoke", "reviewee": "jdoe", "kind": "group", "name": "x\x00", "business_source": "b"}
    with Wire(ok("")) as wire:
        with pytest.raises(ValueError, match=f"3 of {count} changes can't be used: ") as caught:
            connect(GL, wire.url, token="t").update_review_items("UAR-3", form(given), chunk_size=10)
        assert wire.connections == 0
    told = str(caught.value)
    for place in ("changes[7].state: must not be empty", "changes[1000].reviewee: must be a str"):
        assert place in told
    assert f"changes[{count - 1}].item.name: holds U+0000" in told


def test_of_very_many_bad_entries_some_are_told_and_all_counted(connect: Callable[..., Any]) -> None:
    gl = connect(GL, "http://127.0.0.1:9", token="t")
    with pytest.raises(TypeError, match="500 of 500 changes can't be used: ") as caught:
        gl.update_review_items("UAR-3", [None] * 500)
    assert "changes[19]: must be" in str(caught.value)
    assert str(caught.value).endswith("and 480 more")
    with pytest.raises(ZeroDivisionError):
        gl.update_review_items("UAR-3", (1 / 0 for _ in range(3)))
