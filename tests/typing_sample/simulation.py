"""The sandbox's own objects."""

from __future__ import annotations

from infosecops import Secret
from infosecops.sandbox import Jobs, Journal, JournalEntry, Sandbox

from .asserted import assert_type


def sandbox(box: Sandbox) -> None:
    assert_type(box.jobs, Jobs)
    journal = assert_type(box.journal, Journal)
    last = assert_type(journal.last(system="sectona"), JournalEntry | None)
    assert last is not None
    assert_type(last.status, int | None)
    assert_type(journal[-1], JournalEntry)
    assert_type(journal[:2], list[JournalEntry])
    assert_type(journal.count(method="POST"), int)
    for system, url, name, value in box.describe():
        assert_type((system, url, name), tuple[str, str, str])
        assert_type(value, str | Secret)
    assert_type(box.wait(0), bool)
