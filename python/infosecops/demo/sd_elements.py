"""The tour of SD Elements."""

from __future__ import annotations

from dataclasses import dataclass

import infosecops
from infosecops.demo.stage import Step, fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from infosecops.demo.real import Real
    from infosecops.demo.stage import Side, Tour

TITLE = "SD Elements"
_JOB = fields("id", "ready", "succeeded", "result_message")
_ALL_IDS = [12, 12, 57, 71, 11, 72, 73, 74, 75, 76, 77]
"""Of all jobs, when three were started and three reported."""


@dataclass(frozen=True)
class _Kind:
    name: str
    about: str
    known: list[int]
    """The ids of the jobs that the sandbox starts with."""
    filters: dict[str, object]
    found: list[int]
    connection: int
    connections: list[int]
    starts: int
    """The id that the first new job must get."""
    system: str
    secrets: list[str]
    """Names of the first connection's parameters that hold a secret."""


_KINDS = (
    _Kind(
        name="alm",
        about="issue trackers",
        known=[12, 11],
        filters={
            "automatic": False,
            "connection": 12,
            "ready": True,
            "succeeded": False,
            "user": "viewer@example.com",
        },
        found=[11],
        connection=12,
        connections=[12, 23],
        starts=72,
        system="Rally",
        secrets=["alm_pass"],
    ),
    _Kind(
        name="analysis",
        about="security tools",
        known=[12],
        filters={"automatic": True, "succeeded": False},
        found=[],
        connection=23,
        connections=[12, 23],
        starts=74,
        system="Whitehat",
        secrets=[],
    ),
    _Kind(
        name="ldap",
        about="directories",
        known=[57],
        filters={"ready": True, "user": "admin@example.com"},
        found=[57],
        connection=29,
        connections=[30, 29],
        starts=76,
        system="LDAP",
        secrets=["bind_password"],
    ),
)


def tour(side: Side) -> Tour:
    """Do everything, in the sandbox."""
    sde = side.client("sd_elements")
    for kind in _KINDS:
        yield from _jobs(side, sde, kind)
        yield from _connections(side, sde, kind)
    jobs = sde.jobs
    yield Step("jobs.list", "all kinds in one list", lambda: jobs.list().collect(), _ids, _ALL_IDS)
    yield Step(
        "jobs.alm.report",
        "by the path of a project",
        lambda: jobs.alm.report(23, succeeded=False, result_message="2 tasks failed", automatic=False, project=7),
        _JOB,
        {"id": 78, "ready": True, "succeeded": False, "result_message": "2 tasks failed"},
        applied=1,
    )
    side.box.jobs.progress("polls", 1, then="failed", message="The bind user may not read OU=SyncGroups.")
    job = yield Step(
        "jobs.ldap.start", "one that will fail", lambda: jobs.ldap.start(29), _JOB, _pending(79), applied=1
    )
    yield Step(
        "jobs.ldap.find_running",
        "what runs already",
        lambda: jobs.ldap.find_running(29),
        _JOB,
        _pending(79),
    )
    yield Step(
        "jobs.ldap.wait",
        "a job that fails is raised",
        lambda: jobs.ldap.wait(job, timeout=30.0, poll_interval=0.01),
        refused=(infosecops.JobFailed, "rejected"),
        view=lambda error: _JOB(error.job),
        expected={
            "id": 79,
            "ready": True,
            "succeeded": False,
            "result_message": "The bind user may not read OU=SyncGroups.",
        },
    )
    yield Step(
        "jobs.ldap.wait_all",
        "many at once; one has failed",
        lambda: jobs.ldap.wait_all([57, 79], timeout=30.0, poll_interval=0.01, on_failure="return"),
        _fates,
        {"succeeded": [57], "failed": [79], "unknown": []},
    )
    yield Step(
        "jobs.wait_all",
        "of several kinds",
        lambda: jobs.wait_all([job], timeout=30.0, poll_interval=0.01, on_failure="return"),
        _fates,
        {"succeeded": [], "failed": [79], "unknown": []},
    )
    yield Step(
        "request",
        "what has no method of its own",
        lambda: sde.request("GET", "/api/v2/users/me/", effect="read"),
        lambda response: response.json()["email"],
        "admin@example.com",
    )
    yield Step(
        "jobs.alm.get",
        "a job that is not there",
        lambda: jobs.alm.get(999),
        refused=(infosecops.NotFoundError, "rejected"),
    )


def _fates(result: Any) -> dict[str, list[int]]:  # noqa: ANN401
    fates = {"succeeded": result.succeeded, "failed": result.failed, "unknown": result.unknown}
    return {fate: [entry.input for entry in entries] for fate, entries in fates.items()}


def _jobs(side: Side, sde: Any, kind: _Kind) -> Tour:  # noqa: ANN401
    jobs, name = getattr(sde.jobs, kind.name), f"jobs.{kind.name}"
    yield Step(f"{name}.list", kind.about, lambda: jobs.list().collect(), _ids, kind.known)
    yield Step(f"{name}.list", "with filters", lambda: jobs.list(**kind.filters).collect(), _ids, kind.found)
    known = kind.known[-1]
    yield Step(
        f"{name}.get",
        f"job {known}",
        lambda: jobs.get(known),
        fields("id", "kind", "ready"),
        {"id": known, "kind": kind.name, "ready": True},
    )

    side.box.jobs.progress("polls", 2, message="3 tasks synchronised")
    job = yield Step(
        f"{name}.start",
        f"connection {kind.connection}",
        lambda: jobs.start(kind.connection),
        _JOB,
        _pending(kind.starts),
        applied=1,
        proof=lambda _: [("started exactly once", 1, side.box.journal.count(operation=f"{name}.start"))],
    )
    states: list[bool | None] = []

    def hear(seen: infosecops.Job) -> None:
        states.append(seen.ready)

    yield Step(
        f"{name}.wait",
        "until it has ended",
        lambda: jobs.wait(job, timeout=30.0, poll_interval=0.01, on_progress=hear),
        _JOB,
        {"id": kind.starts, "ready": True, "succeeded": True, "result_message": "3 tasks synchronised"},
        proof=lambda _: [("on_progress heard of every look", [False, False, True], states)],
    )
    yield Step(
        f"{name}.report",
        "a run that was made elsewhere",
        lambda: jobs.report(kind.connection, succeeded=True, result_message="My Message"),
        _JOB,
        {"id": kind.starts + 1, "ready": True, "succeeded": True, "result_message": "My Message"},
        applied=1,
    )
    paged = [*kind.known, kind.starts, kind.starts + 1]
    yield Step(
        f"{name}.list",
        "in pages of two",
        lambda: side.pages(jobs.list(page_size=2)),
        lambda pages: [_ids(page) for page in pages],
        [paged[start : start + 2] for start in range(0, len(paged), 2)],
    )


def _connections(side: Side, sde: Any, kind: _Kind) -> Tour:  # noqa: ANN401
    connections, name = getattr(sde.connections, kind.name), f"connections.{kind.name}"
    yield Step(f"{name}.list", "", lambda: connections.list().collect(), _ids, kind.connections)
    wanted = kind.connections[0]
    found = yield Step(
        f"{name}.get",
        f"connection {wanted}",
        lambda: connections.get(wanted),
        _connection,
        {"id": wanted, "system": kind.system, "secret_parameters": kind.secrets},
    )
    side.secrets += [value for value in found.params.values() if isinstance(value, infosecops.Secret)]


def notes(_: Real) -> list[str]:
    """Say what is not obvious about reading."""
    return []


def reading(sde: Any, _: Real) -> Tour:  # noqa: ANN401
    """Look at a real system, and change nothing."""
    yield Step(
        "request",
        "who the token belongs to",
        lambda: sde.request("GET", "/api/v2/users/me/", effect="read"),
        lambda response: f"status {response.status}",
        needed=False,
    )
    for kind in _KINDS:
        jobs, connections = getattr(sde.jobs, kind.name), getattr(sde.connections, kind.name)
        found = yield Step(
            f"jobs.{kind.name}.list",
            "five at most",
            lambda jobs=jobs: jobs.list(page_size=5, limit=5).collect(),  # type: ignore[misc]
            _ids,
            needed=False,
        )
        if found:
            yield Step(
                f"jobs.{kind.name}.get",
                "the first of them",
                lambda jobs=jobs, job=found[0]: jobs.get(job.id),  # type: ignore[misc]
                fields("id", "ready", "succeeded"),
                needed=False,
            )
        found = yield Step(
            f"connections.{kind.name}.list",
            "five at most",
            lambda connections=connections: connections.list(page_size=5, limit=5).collect(),  # type: ignore[misc]
            _ids,
            needed=False,
        )
        if found:
            yield Step(
                f"connections.{kind.name}.get",
                "the first of them",
                lambda connections=connections, one=found[0]: connections.get(one.id),  # type: ignore[misc]
                fields("id", "system"),
                needed=False,
            )


def _ids(records: Any) -> list[int]:  # noqa: ANN401
    return [record.id for record in records]


def _pending(job_id: int) -> dict[str, object]:
    return {"id": job_id, "ready": False, "succeeded": False, "result_message": ""}


def _connection(found: Any) -> dict[str, object]:  # noqa: ANN401
    secrets = [name for name, value in found.params.items() if isinstance(value, infosecops.Secret)]
    return {"id": found.id, "system": found.system, "secret_parameters": secrets}
