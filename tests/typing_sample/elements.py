"""Clients of SD Elements: connections, jobs, and what they end with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from infosecops import BulkResult, Connection, Job, JobFailed, LazyList, SDElements, WaitTimeout
from infosecops.sandbox import Sandbox, SDElementsEndpoint

from .asserted import assert_type


def sd_elements(box: Sandbox) -> None:
    endpoint = assert_type(box.sd_elements, SDElementsEndpoint)
    with SDElements(endpoint.url, token=endpoint.token, proxy="direct") as sde:
        connections = assert_type(sde.connections.alm.list(page_size=1), LazyList[Connection])
        connection = connections.collect()[0]
        assert_type(connection.params, dict[str, Any] | None)
        assert connection.id is not None
        assert_type(sde.connections.kind("alm").get(connection.id), Connection)
        box.jobs.progress("polls", 1)
        job = assert_type(sde.jobs.alm.start(connection.id), Job)
        done = assert_type(sde.jobs.alm.wait(job, poll_interval=0.01, on_progress=seen), Job)
        assert_type(done.last_run, datetime | None)
        assert_type(done.user, str | int | None)
        assert_type(done.connection, Connection | None)
        assert_type(sde.jobs.alm.get(job.id), Job)
        assert_type(sde.jobs.alm.report(connection.id, succeeded=True, result_message="ok"), Job)
        for page in sde.jobs.alm.list(connection=connection.id, limit=3).pages():
            assert_type(page, list[Job])
        for one in sde.jobs.list(succeeded=True, limit=1):
            assert_type(one, Job)
        box.jobs.progress("immediate", then="failed", message="no such project")
        try:
            sde.jobs.alm.wait(sde.jobs.alm.start(connection.id), poll_interval=0.01)
        except JobFailed as error:
            assert error.job.succeeded is False
        else:
            raise AssertionError
        box.jobs.progress("manual")
        assert_type(sde.jobs.alm.wait_all([job, done.id]), BulkResult[int, Job])
        assert assert_type(sde.jobs.wait_all([job]).values(), list[Job]) == [done]
        assert assert_type(sde.jobs.alm.find_running(connection.id), Job | None) is None
        waiting = sde.jobs.alm.start(connection.id)
        try:
            sde.jobs.alm.wait(waiting, timeout=0.05, poll_interval=0.01)
        except WaitTimeout as error:
            assert error.last is not None
        else:
            raise AssertionError
        box.jobs.finish(waiting.id, kind="alm")
        assert sde.jobs.kind("alm").wait(waiting.id, on_failure="return").succeeded


def seen(job: Job) -> None:
    assert job.kind == "alm"
