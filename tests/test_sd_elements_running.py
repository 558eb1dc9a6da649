"""Runs of SD Elements that go on: found before another is started."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops.sandbox import Sandbox
from wire import Drop, Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable

SDE = "SDElements"


def listed(*jobs: tuple[int, object], **fields: Any) -> bytes:
    records = [{"id": number, "ready": ready, "succeeded": False} for number, ready in jobs]
    return ok(json.dumps({**fields, "results": records}))


@pytest.mark.parametrize(
    ("jobs", "found"),
    [
        ([], None),
        ([(5, False)], 5),
        ([(5, False), (9, False), (7, False)], 9),
        # A server that does not know the filter gives everything.
        ([(5, False), (9, True)], 5),
        ([(9, True)], None),
        ([(5, None), (6, "soon")], None),
    ],
)
def test_the_newest_pending_run_is_found(
    connect: Callable[..., Any], jobs: list[tuple[int, object]], found: int | None
) -> None:
    with Wire(listed(*jobs)) as wire:
        job = connect(SDE, wire.url, token="k").jobs.alm.find_running(12)
        assert (job and job.id) == found
        assert wire.only.method == "GET"
        assert wire.only.target == "/api/v2/jobs/alm/?connection=12&ready=false"


def test_all_pages_are_looked_at(connect: Callable[..., Any]) -> None:
    with Wire(listed((5, False), next="?page=2"), Drop(), listed((8, False), (6, False))) as wire:
        assert connect(SDE, wire.url, token="k").jobs.kind("issue-tracker").find_running(12).id == 8
        assert len(wire.requests) == 3


def test_what_is_no_list_is_an_error(connect: Callable[..., Any]) -> None:
    with Wire(ok("{}")) as wire, pytest.raises(infosecops.UnexpectedContentError) as caught:
        connect(SDE, wire.url, token="k").jobs.alm.find_running(12)
    assert caught.value.operation == "jobs.alm.find_running"


def test_nothing_is_started_twice(connect: Callable[..., Any]) -> None:
    with Sandbox() as box:
        box.jobs.progress("manual")
        jobs = connect(SDE, box.sd_elements.url, token=box.sd_elements.token).jobs.alm
        assert jobs.find_running(12) is None
        started = jobs.start(12)
        assert jobs.find_running(12) == started
        box.jobs.finish(started.id, kind="alm")
        assert jobs.find_running(12) is None
        assert box.journal.count(operation="jobs.alm.start") == 1
