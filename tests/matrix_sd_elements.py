"""The matrix's rows for SD Elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matrix_calls import only_of, raw
from matrix_row import ATTEMPTS, HASTY, PATIENT, SDE, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infosecops.sandbox import Sandbox


ANOTHER_CONNECTION = b'{"id": 7, "alias": "x", "system": "x", "frequency": "manually", "command": "x", "project": 1}'
ANOTHER_JOB = (
    b'{"id": 987654, "user": "x@example.com", "succeeded": true, "automatic": false, "ready": true, '
    b'"result_message": "", "last_run": "2024-02-01T10:00:00Z", "connection": ' + ANOTHER_CONNECTION + b"}"
)


def _started(box: Sandbox) -> Any:
    with box.sd_elements() as sde:
        return sde.jobs.alm.start(12)


def _job(box: Sandbox) -> int:
    return _started(box).id


# One look, then a pause until time is up: what it sends does not depend on how fast the machine is.
ONE_LOOK = {"timeout": HASTY, "poll_interval": 60}
LOOK_ON = {"timeout": PATIENT, "poll_interval": 0.02}


def _wait(**options: float) -> Callable[[Any, Any], Any]:
    return lambda sde, job: sde.jobs.alm.wait(job, **options)


def _wait_for_all(**options: float) -> Callable[[Any, Any], Any]:
    return lambda sde, job: only_of(sde, lambda: sde.jobs.alm.wait_all([job], **options))


def _wait_for_any(**options: float) -> Callable[[Any, Any], Any]:
    return lambda sde, job: only_of(sde, lambda: sde.jobs.wait_all([job], **options))


def rows() -> Iterator[Row]:
    def row(operation: str, effect: str, call: Callable[[Any, Any], Any], struck: str = "", **more: Any) -> Row:
        return Row(SDE, operation, effect, struck or operation, call, **more)

    yield row("jobs.list", "read", lambda sde, _: sde.jobs.list().collect())
    yield row("jobs.alm.list", "read", lambda sde, _: sde.jobs.alm.list().collect())
    yield row(
        "jobs.alm.list",
        "read",
        lambda sde, _: sde.jobs.alm.list(page_size=1, limit=2).collect(),
        note="second page",
        lead=("jobs.alm.list",),
        skip=1,
    )
    yield row("jobs.alm.get", "read", lambda sde, job: sde.jobs.alm.get(job), prepare=_job, another=ANOTHER_JOB)
    yield row("jobs.alm.find_running", "read", lambda sde, _: sde.jobs.alm.find_running(12), "jobs.alm.list")
    yield row("jobs.alm.start", "unsafe", lambda sde, _: sde.jobs.alm.start(12))
    yield row(
        "jobs.alm.report", "unsafe", lambda sde, _: sde.jobs.alm.report(12, succeeded=True, result_message="All well")
    )
    waiting = {"is_wait": True, "another": ANOTHER_JOB}
    for operation, wait, prepare in (
        ("jobs.alm.wait", _wait, _job),
        ("jobs.alm.wait_all", _wait_for_all, _job),
        ("jobs.wait_all", _wait_for_any, _started),
    ):
        yield row(
            operation,
            "read",
            wait(**ONE_LOOK),
            "jobs.alm.get",
            prepare=prepare,
            limit=HASTY,
            patient=wait(**LOOK_ON),
            **waiting,
        )
    yield row(
        "jobs.alm.wait",
        "read",
        _wait(**LOOK_ON),
        "jobs.alm.get",
        note="looks again",
        prepare=_job,
        limit=PATIENT,
        strikes=ATTEMPTS,
        **waiting,
    )
    yield row("connections.alm.list", "read", lambda sde, _: sde.connections.alm.list().collect())
    yield row("connections.alm.get", "read", lambda sde, _: sde.connections.alm.get(12), another=ANOTHER_CONNECTION)
    for effect in ("read", "idempotent", "unsafe", "audited"):
        call = raw("GET", "/api/v2/users/me/", effect)
        yield row("request", effect, call, "users.me", note=f'effect="{effect}"', is_raw=True)
