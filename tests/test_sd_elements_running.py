"""Runs of SD Elements that go on: found before another is started, and waited for many at a time."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops.sandbox import Sandbox
from wire import Drop, Received, Wire, ok

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


# Waiting for many.


def job(number: int, *, ready: bool = True, succeeded: bool = True) -> bytes:
    return ok(json.dumps({"id": number, "ready": ready, "succeeded": succeeded, "result_message": "no such project"}))


def of_path(answers: dict[int, list[bytes]]) -> Callable[[Received], bytes]:
    """Of every job its answers in turn, the last one for ever."""

    def answer(request: Received) -> bytes:
        left = answers[int(request.target.rstrip("/").rpartition("/")[2])]
        return left.pop(0) if len(left) > 1 else left[0]

    return answer


PACE: dict[str, Any] = {"timeout": 30.0, "poll_interval": 0.001}


def test_all_are_waited_for_in_their_order(connect: Callable[..., Any]) -> None:
    told: list[tuple[int, int, int]] = []
    slow = job(5, ready=False)
    with Wire(of_path({5: [slow, slow, slow, job(5)], 7: [job(7)]})) as wire:
        jobs = connect(SDE, wire.url, token="k").jobs.alm
        result = jobs.wait_all([5, 7], **PACE, on_progress=lambda *counts: told.append(counts))
        assert [(entry.index, entry.input, entry.value.id) for entry in result] == [(0, 5, 5), (1, 7, 7)]
        assert (result.ok, told) == (True, [(1, 2, 0), (2, 2, 0)])
        assert jobs.wait_all(result.values(), **PACE).ok
        assert jobs.wait_all([], **PACE).total == 0


def test_a_failed_and_a_late_job_lose_nothing(connect: Callable[..., Any]) -> None:
    answers = {1: [job(1)], 2: [job(2, succeeded=False)], 3: [job(3, ready=False)]}
    gone = ok('{"detail": "Not found."}', status="404 Not Found")
    with Wire(of_path({**answers, 4: [gone]})) as wire:
        jobs = connect(SDE, wire.url, token="k").jobs.alm
        with pytest.raises(infosecops.PartialFailure, match="2 of 4 jobs failed, and the fate of 1") as caught:
            jobs.wait_all([1, 2, 3, 4], timeout=0.2, poll_interval=0.01)
        result = caught.value.result
        assert (caught.value.operation, caught.value.outcome) == ("jobs.alm.wait_all", "unknown")
        assert [entry.input for entry in result.succeeded] == [1]
        assert [type(entry.error) for entry in result.failed] == [infosecops.JobFailed, infosecops.NotFoundError]
        assert result.failed[0].error.job.result_message == "no such project"
        (late,) = result.unknown
        assert (type(late.error), late.error.last.id) == (infosecops.WaitTimeout, 3)
        returned = jobs.wait_all([1, 2], **PACE, on_failure="return")
        assert [entry.input for entry in returned.failed] == [2]


def test_no_more_looks_at_a_time_than_allowed(connect: Callable[..., Any]) -> None:
    lock, most, now = threading.Lock(), 0, 0
    both = threading.Barrier(2)

    def answer(request: Received) -> bytes:
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
        # Two looks meet here, as long as two may be under way.
        both.wait(10)
        with lock:
            now -= 1
        return job(int(request.target.rstrip("/").rpartition("/")[2]))

    with Wire(answer) as wire:
        result = connect(SDE, wire.url, token="k").jobs.alm.wait_all(range(1, 9), **PACE, max_concurrency=2)
        assert (result.total, result.ok, most) == (8, True, 2)


def test_jobs_of_several_kinds_are_told_apart(connect: Callable[..., Any]) -> None:
    with Sandbox() as box:
        sde = connect(SDE, box.sd_elements.url, token=box.sd_elements.token)
        started = [sde.jobs.alm.start(12), sde.jobs.ldap.start(29)]
        assert [job.kind for job in sde.jobs.wait_all(started, **PACE).values()] == ["alm", "ldap"]
        with pytest.raises(TypeError, match=r"jobs\[1\]: must be a Job, whose kind is known, not int"):
            sde.jobs.wait_all([started[0], 5])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"jobs": [1, "x", 2, None]}, r"jobs\[1\]: must be an int, not str; jobs\[3\]: must be an int, not NoneType"),
        ({"jobs": "12"}, "jobs: must be an iterable"),
        ({"jobs": [1], "max_concurrency": 0}, "max_concurrency: must be at least 1"),
        ({"jobs": [1], "timeout": -1.0}, "timeout"),
    ],
)
def test_what_cannot_be_waited_for_is_refused_at_once(
    connect: Callable[..., Any], wrong: dict[str, Any], told: str
) -> None:
    with Wire(job(1)) as wire:
        with pytest.raises((TypeError, infosecops.ConfigError), match=told):
            connect(SDE, wire.url, token="k").jobs.alm.wait_all(**{**PACE, **wrong})
        assert wire.connections == 0
