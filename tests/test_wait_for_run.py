"""Waiting for a run of Governance & Lifecycle: by literal answers, and in a sandbox."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops.sandbox import Sandbox
from wire import Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable


def run(status: str) -> bytes:
    # The form of the vendor's page of getRunStatus: every value is a text.
    return ok(
        json.dumps({"data": {"type": "getRunStatus", "overall-status": status, "start-time": "2023-08-03 20:12:08"}})
    )


def test_it_looks_until_the_run_has_completed(connect: Callable[..., Any]) -> None:
    with Wire(run("New"), run("Running"), run("Completed")) as wire:
        gl = connect("GovernanceLifecycle", wire.url, token="t")
        seen: list[str] = []
        told = gl.wait_for_run("17", poll_interval=0.02, on_progress=lambda status: seen.append(status.overall_status))
        assert told.overall_status == "Completed"
        assert seen == ["New", "Running", "Completed"]
        assert {request.target for request in wire.requests} == {
            "/aveksa/command.submit?cmd=getRunStatus&format=json&run-id=17"
        }


def test_an_aborted_run_is_a_failure(connect: Callable[..., Any]) -> None:
    with Wire(run("Aborted")) as wire:
        with pytest.raises(infosecops.JobFailed, match="run 17 has ended as Aborted") as caught:
            connect("GovernanceLifecycle", wire.url, token="t").wait_for_run(17)
        assert caught.value.job.overall_status == "Aborted"


def test_time_ends_the_wait_and_nothing_else(connect: Callable[..., Any]) -> None:
    with Wire(ok("busy", "text/plain", "503 Busy"), run("Running")) as wire:
        gl = connect("GovernanceLifecycle", wire.url, token="t", retry=infosecops.Retry(1))
        with pytest.raises(infosecops.WaitTimeout) as caught:
            gl.wait_for_run(17, timeout=0.1, poll_interval=0.02)
        assert caught.value.last.overall_status == "Running"
        assert len(wire.requests) > 1


def test_waits_are_told_to_listeners() -> None:
    steps: list[str] = []
    with Wire(run("New"), run("Completed")) as wire:
        gl = infosecops.GovernanceLifecycle(
            wire.url, token="t", proxy="direct", on_event=lambda event: steps.append(event.kind)
        )
        gl.wait_for_run(17, poll_interval=0.02)
    assert steps == ["request", "response", "wait", "request", "response"]


def test_a_review_is_run_to_its_end_in_the_sandbox() -> None:
    with Sandbox() as box, box.governance_lifecycle() as gl:
        box.jobs.progress("polls", 2)
        run_id = gl.run_review("UAR")
        assert gl.wait_for_run(run_id, poll_interval=0.02).overall_status == "Completed"
        assert gl.get_review_status(gl.get_review_result(run_id)).name == "UAR-4"
