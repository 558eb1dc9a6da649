"""The matrix's rows for RSA Governance & Lifecycle."""

from __future__ import annotations

import atexit
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import infosecops
from infosecops import Group, RevieweeAccount, ReviewItemChange
from matrix_calls import raw
from matrix_row import ATTEMPTS, GL, HASTY, PATIENT, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infosecops.sandbox import Sandbox

# The answer of a command that none of the rows struck with it sends.
ANOTHER_COMMAND = b'{"data": {"type": "getHelpLink", "link": "https://example.com/help"}}'
COVERAGE = b"user_id='lbelkin'|user|1=1|app-role|name='Datadog'|\n"
FOLDER = tempfile.TemporaryDirectory()
atexit.register(FOLDER.cleanup)
FILE = Path(FOLDER.name) / "coverage.txt"
FILE.write_bytes(COVERAGE)


def _changes(state: str) -> list[ReviewItemChange]:
    auditors, department = Group("Auditors", "CyberArk (REST)"), Group("HR Department", "Okta")
    return [
        ReviewItemChange(state, "achen", auditors, account=RevieweeAccount("TelemetryUser", "CyberArk (REST)")),
        ReviewItemChange(state, "asmith", department, account=RevieweeAccount("mason.stewart@example.com", "Okta")),
    ]


def _run(box: Sandbox) -> str:
    with box.governance_lifecycle() as gl:
        run = gl.run_review("UAR")
        gl.get_run_status(run)
        return run


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


def _wait_for_run(gl: Any, run: Any) -> Any:
    return gl.wait_for_run(run, timeout=HASTY, poll_interval=60)


def _wait_for_run_on(gl: Any, run: Any) -> Any:
    return gl.wait_for_run(run, timeout=PATIENT, poll_interval=0.02)


def rows() -> Iterator[Row]:
    def row(operation: str, effect: str, struck: str, call: Callable[[Any, Any], Any], **more: Any) -> Row:
        # `command` does not know what any command answers, but every modelled one does.
        another = b"" if operation in ("command", "request") else ANOTHER_COMMAND
        return Row(GL, operation, effect, struck, call, another=another, **more)

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
        lambda gl, _: gl.upload_coverage(FILE, type="reviewer", id=61),
        note="from a file",
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
    yield row("wait_for_run", "read", "getRunStatus", _wait_for_run, limit=HASTY, patient=_wait_for_run_on, **waiting)
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
    yield row("request", "unsafe", "about", raw("GET", "/aveksa/command.submit", "unsafe", **about), is_raw=True)
