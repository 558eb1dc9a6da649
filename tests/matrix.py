"""The matrix as data: every operation that makes a request, and everything that can go wrong with a request.

What each pair must lead to stands in `matrix_expectation.py`, and how a pair is tried in `matrix_run.py`.
"""

from __future__ import annotations

import inspect
import tempfile
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import agent_calls
import infosecops
from agent_calls import DISABLED, IDLE, QUICK
from infosecops import Group, RevieweeAccount, ReviewItemChange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infosecops.sandbox import Sandbox

PATIENT = 10.0
HASTY = 0.3
ATTEMPTS = 3
MAX_BYTES = 1 << 16

GL, SDE, PAM, BAMBOO = "governance_lifecycle", "sd_elements", "sectona", "bamboo_agents"
TITLES = {
    GL: "RSA Governance & Lifecycle",
    SDE: "SD Elements",
    PAM: "Sectona",
    BAMBOO: "Agent APIs for Bamboo",
}


@dataclass(frozen=True)
class Row:
    """One operation, and which of its requests is struck."""

    system: str
    operation: str
    """Its public name."""
    effect: str
    """Of the struck request: read, idempotent, unsafe or audited."""
    struck: str
    """The request's name in the sandbox."""
    call: Callable[[Any, Any], Any]
    """Takes the client and what `prepare` gave."""
    note: str = ""
    """Tells the rows of one operation apart."""
    lead: tuple[str, ...] = ()
    """Requests before the struck one."""
    skip: int = 0
    """How many of them have the struck one's name."""
    prepare: Callable[[Sandbox], Any] | None = None
    """Once for each sandbox."""
    before: Callable[[Any], Any] | None = None
    """Before each call."""
    options: Callable[[Sandbox], dict[str, Any]] = field(default=lambda _: {})
    is_raw: bool = False
    """Whether the answer is handed over as it is."""
    is_fresh: bool = False
    """Whether each call needs a client that knows nothing yet."""
    is_wait: bool = False
    """Whether it looks until something has ended."""
    limit: float | None = None
    """Seconds that the call may take, where the client's timeout does not say so."""
    strikes: int | None = None
    """How often a lasting fault strikes, where the call would not end otherwise."""

    @property
    def title(self) -> str:
        """Its name among those of its system."""
        return f"{self.operation}, {self.note}" if self.note else self.operation

    def __str__(self) -> str:
        return f"{self.system}: {self.title}"


def _changes(state: str) -> list[ReviewItemChange]:
    auditors, department = Group("Auditors", "CyberArk (REST)"), Group("HR Department", "Okta")
    return [
        ReviewItemChange(state, "achen", auditors, account=RevieweeAccount("TelemetryUser", "CyberArk (REST)")),
        ReviewItemChange(state, "asmith", department, account=RevieweeAccount("mason.stewart@example.com", "Okta")),
    ]


COVERAGE = b"user_id='lbelkin'|user|1=1|app-role|name='Datadog'|\n"
ACCOUNT = ("Unix Based", "web01.example.net", "deploy")
NUMBERS = count()


def _run(box: Sandbox) -> str:
    with box.governance_lifecycle() as gl:
        run = gl.run_review("UAR")
        gl.get_run_status(run)
        return run


def _started(box: Sandbox) -> Any:
    with box.sd_elements() as sde:
        return sde.jobs.alm.start(12)


def _job(box: Sandbox) -> int:
    return _started(box).id


def _token(box: Sandbox) -> Any:
    with box.bamboo_agents() as bamboo:
        return bamboo.tokens.list()[0]


def _coverage_file(_: Sandbox) -> Any:
    file = tempfile.NamedTemporaryFile(suffix=".txt")  # noqa: SIM115 - it lasts as long as the row
    file.write(COVERAGE)
    file.flush()
    return file


def _application(box: Sandbox) -> dict[str, Any]:
    place = box.governance_lifecycle
    return {"login": infosecops.TrustedApp(place.client_id, place.client_secret)}


def _maintain(gl: Any) -> Any:
    return gl.update_review_items("UAR-3", _changes("maintain"), same_state_ok=True)


def _revoke(gl: Any, count: int, **more: Any) -> Any:
    return gl.update_review_items("UAR-3", _changes("revoke")[:count], **more)


def _log_in(client: Any) -> Any:
    return client.login()


def _log_out(client: Any) -> Any:
    return client.logout()


def _wait(sde: Any, job: Any) -> Any:
    # One look, then a pause until time is up: what it sends does not depend on how fast the machine is.
    return sde.jobs.alm.wait(job, timeout=HASTY, poll_interval=60)


def _wait_on(sde: Any, job: Any) -> Any:
    return sde.jobs.alm.wait(job, timeout=PATIENT, poll_interval=0.02)


def _wait_for_run(gl: Any, run: Any) -> Any:
    return gl.wait_for_run(run, timeout=HASTY, poll_interval=60)


def _wait_for_run_on(gl: Any, run: Any) -> Any:
    return gl.wait_for_run(run, timeout=PATIENT, poll_interval=0.02)


def _of_many(pam: Any, _: Any) -> Any:
    return _only_of(pam.request_passwords([ACCOUNT], on_partial="return"))


def _wait_for_all(sde: Any, job: Any) -> Any:
    return _only_of(sde.jobs.alm.wait_all([job], timeout=HASTY, poll_interval=60, on_failure="return"))


def _wait_for_any(sde: Any, job: Any) -> Any:
    return _only_of(sde.jobs.wait_all([job], timeout=HASTY, poll_interval=60, on_failure="return"))


def _only_of(made: Any) -> Any:
    return _awaited_only(made) if inspect.isawaitable(made) else _only(made)


async def _awaited_only(made: Any) -> Any:
    return _only(await made)


def _only(result: Any) -> Any:
    (entry,) = result
    if entry.error is not None:
        raise entry.error
    return entry.value


def _update(bamboo: Any, token: Any) -> Any:
    return bamboo.tokens.update(token.uuid, name="readOnly", read=True, change=False)


def _ensure_new(bamboo: Any, _: Any) -> Any:
    return bamboo.tokens.ensure(f"made {next(NUMBERS)}")


def _ensure_same(bamboo: Any) -> Any:
    return bamboo.tokens.ensure("readOnly", read=True, change=False)


def _ensure_other(bamboo: Any, _: Any) -> Any:
    return bamboo.tokens.ensure("readOnly", read=True, change=True)


def _raw(method: str, path: str, effect: str, **more: Any) -> Callable[[Any, Any], Any]:
    return lambda client, _: client.request(method, path, effect=effect, **more)


def _governance_rows() -> Iterator[Row]:
    def row(operation: str, effect: str, struck: str, call: Callable[[Any, Any], Any], **more: Any) -> Row:
        return Row(GL, operation, effect, struck, call, **more)

    about = {"params": {"cmd": "about", "format": "json"}}
    yield row(
        "upload_coverage",
        "unsafe",
        "uploadCoverage",
        lambda gl, _: gl.upload_coverage(COVERAGE, type="reviewer", id=61),
    )
    yield row(
        "upload_coverage",
        "unsafe",
        "uploadCoverage",
        lambda gl, file: gl.upload_coverage(Path(file.name), type="reviewer", id=61),
        note="from a file",
        prepare=_coverage_file,
    )
    yield row(
        "update_review_items",
        "unsafe",
        "updateReviewItems",
        lambda gl, _: _revoke(gl, 1),
        before=_maintain,
    )
    yield row(
        "update_review_items",
        "unsafe",
        "updateReviewItems",
        lambda gl, _: _revoke(gl, 2, chunk_size=1),
        before=_maintain,
        note="second chunk",
        lead=("updateReviewItems",),
        skip=1,
    )
    yield row("command", "read", "about", lambda gl, _: gl.command("about", effect="read"), note='effect="read"')
    yield row("command", "unsafe", "refreshReview", lambda gl, _: gl.command("refreshReview", params={"id": 61}))
    yield row("login", "idempotent", "loginUser", lambda gl, _: gl.login())
    yield row(
        "login",
        "idempotent",
        "loginTrustedApp",
        lambda gl, _: gl.login(),
        note="of an application",
        options=_application,
    )
    yield row("logout", "idempotent", "logoutUser", lambda gl, _: gl.logout(), before=_log_in)
    yield row("keep_alive", "read", "keepAlive", lambda gl, _: gl.keep_alive())
    yield row("get_security_settings", "read", "getSecuritySettings", lambda gl, _: gl.get_security_settings())
    yield row("run_review", "unsafe", "runReview", lambda gl, _: gl.run_review("UAR"))
    yield row(
        "run_review",
        "idempotent",
        "loginUser",
        lambda gl, _: gl.run_review("UAR"),
        note="its login",
        before=_log_out,
    )
    yield row("get_run_status", "read", "getRunStatus", lambda gl, run: gl.get_run_status(run), prepare=_run)
    waiting = {"prepare": _run, "is_wait": True}
    yield row("wait_for_run", "read", "getRunStatus", _wait_for_run, limit=HASTY, **waiting)
    yield row(
        "wait_for_run",
        "read",
        "getRunStatus",
        _wait_for_run_on,
        note="looks again",
        limit=PATIENT,
        strikes=ATTEMPTS,
        **waiting,
    )
    yield row("get_review_result", "read", "getReviewResult", lambda gl, run: gl.get_review_result(run), prepare=_run)
    yield row("get_review_status", "read", "getReviewStatus", lambda gl, _: gl.get_review_status(61))
    yield row("set_review_state", "unsafe", "setReviewState", lambda gl, _: gl.set_review_state(61, "active"))
    yield row("refresh_review", "unsafe", "refreshReview", lambda gl, _: gl.refresh_review(61))
    yield row(
        "update_unreviewed_items",
        "unsafe",
        "updateUnreviewedItems",
        lambda gl, _: gl.update_unreviewed_items(61, "maintain"),
    )
    yield row("request", "unsafe", "about", _raw("GET", "/aveksa/command.submit", "unsafe", **about), is_raw=True)


def _sde_rows() -> Iterator[Row]:
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
    yield row("jobs.alm.get", "read", lambda sde, job: sde.jobs.alm.get(job), prepare=_job)
    yield row("jobs.alm.find_running", "read", lambda sde, _: sde.jobs.alm.find_running(12), "jobs.alm.list")
    yield row("jobs.alm.start", "unsafe", lambda sde, _: sde.jobs.alm.start(12))
    yield row(
        "jobs.alm.report", "unsafe", lambda sde, _: sde.jobs.alm.report(12, succeeded=True, result_message="All well")
    )
    yield row("jobs.alm.wait", "read", _wait, "jobs.alm.get", prepare=_job, is_wait=True, limit=HASTY)
    yield row("jobs.alm.wait_all", "read", _wait_for_all, "jobs.alm.get", prepare=_job, is_wait=True, limit=HASTY)
    yield row("jobs.wait_all", "read", _wait_for_any, "jobs.alm.get", prepare=_started, is_wait=True, limit=HASTY)
    yield row(
        "jobs.alm.wait",
        "read",
        _wait_on,
        "jobs.alm.get",
        note="looks again",
        prepare=_job,
        is_wait=True,
        limit=PATIENT,
        strikes=ATTEMPTS,
    )
    yield row("connections.alm.list", "read", lambda sde, _: sde.connections.alm.list().collect())
    yield row("connections.alm.get", "read", lambda sde, _: sde.connections.alm.get(12))
    for effect in ("read", "idempotent", "unsafe", "audited"):
        call = _raw("GET", "/api/v2/users/me/", effect)
        yield row("request", effect, call, "users.me", note=f'effect="{effect}"', is_raw=True)


def _sectona_rows() -> Iterator[Row]:
    def row(operation: str, effect: str, struck: str, call: Callable[[Any, Any], Any], **more: Any) -> Row:
        return Row(PAM, operation, effect, struck, call, **more)

    path = "/API/APP/APP007/GetInstances"
    yield row("request_password", "audited", "RequestPassword", lambda pam, _: pam.request_password(*ACCOUNT))
    yield row(
        "request_password",
        "audited",
        "RequestPassword",
        lambda pam, _: pam.request_password(*ACCOUNT),
        note="in XML",
        options=lambda _: {"accept": "xml"},
    )
    yield row("request_passwords", "audited", "RequestPassword", _of_many)
    yield row("call", "unsafe", "GetInstances", lambda pam, _: pam.call(path, {}))
    yield row("request", "audited", "GetInstances", _raw("POST", path, "audited", json={}), is_raw=True)


def _bamboo_rows() -> Iterator[Row]:
    def row(operation: str, effect: str, struck: str, call: Callable[[Any, Any], Any], **more: Any) -> Row:
        return Row(BAMBOO, operation, effect, struck, call, **more)

    path = "/rest/agent-config/1.0/tokens/"
    yield row("tokens.list", "read", "tokens.list", lambda bamboo, _: bamboo.tokens.list())
    yield row(
        "tokens.list",
        "read",
        "tokens.list",
        lambda bamboo, _: bamboo.tokens.list(),
        note="paths not known yet",
        is_fresh=True,
    )
    yield row("tokens.create", "unsafe", "tokens.create", lambda bamboo, _: bamboo.tokens.create("agents"))
    yield row("tokens.update", "idempotent", "tokens.update", _update, prepare=_token)
    yield row(
        "tokens.update",
        "read",
        "tokens.list",
        lambda bamboo, token: bamboo.tokens.update(token.uuid, name="readOnly"),
        note="its list",
        prepare=_token,
    )
    yield row("tokens.find", "read", "tokens.list", lambda bamboo, _: bamboo.tokens.find("readOnly"))
    yield row("tokens.ensure", "read", "tokens.list", _ensure_new, note="its list")
    yield row("tokens.ensure", "unsafe", "tokens.create", _ensure_new, note="its create", lead=("tokens.list",))
    yield row(
        "tokens.ensure",
        "idempotent",
        "tokens.update",
        _ensure_other,
        note="its update",
        lead=("tokens.list",),
        before=_ensure_same,
    )
    yield row(
        "tokens.revoke",
        "idempotent",
        "tokens.update",
        lambda bamboo, token: bamboo.tokens.revoke(token),
        prepare=_token,
    )
    yield row("request", "read", "tokens.list", _raw("GET", path, "read"), is_raw=True)
    yield from _agent_rows(row)


def _agent_rows(row: Callable[..., Row]) -> Iterator[Row]:
    def plain(name: str, effect: str, *arguments: int, **more: Any) -> Row:
        return row(f"agents.{name}", effect, f"agents.{name}", agent_calls.call(name, *arguments), **more)

    yield plain("list", "read")
    yield plain("state", "read", IDLE)
    yield plain("state", "read", IDLE, note="paths not known yet", is_fresh=True)
    as_text = agent_calls.call("state", IDLE, form="text")
    yield row("agents.state", "read", "agents.state_text", as_text, note="as text")
    yield plain("enable", "unsafe", IDLE)
    yield plain("disable", "unsafe", DISABLED)
    look = {"note": "its look", "is_fresh": True}
    yield row("agents.disable", "read", "agents.state", agent_calls.call("disable", DISABLED), **look)
    yield plain("capabilities", "read", IDLE)
    yield plain("clear_capabilities", "unsafe", IDLE)
    yield plain("target_version", "read")
    yield plain("maintenance", "unsafe", IDLE, before=agent_calls.close_task)
    yield row(
        "agents.finish_maintenance",
        "unsafe",
        "agents.finish_maintenance",
        agent_calls.finish,
        before=agent_calls.open_task,
    )
    waiting = agent_calls.call("wait_until_idle", DISABLED, timeout=PATIENT, **QUICK)
    yield row(
        "agents.wait_until_idle",
        "read",
        "agents.state",
        waiting,
        is_wait=True,
        limit=PATIENT,
        strikes=ATTEMPTS,
    )
    window = {"before": agent_calls.close_task}
    yield row(
        "agents.maintenance_window", "unsafe", "agents.maintenance", agent_calls.window, note="its request", **window
    )
    yield row(
        "agents.maintenance_window",
        "unsafe",
        "agents.finish_maintenance",
        agent_calls.window,
        note="its finish",
        lead=("agents.maintenance", "agents.state", "agents.state"),
        **window,
    )


ROWS = (*_governance_rows(), *_sde_rows(), *_sectona_rows(), *_bamboo_rows())
