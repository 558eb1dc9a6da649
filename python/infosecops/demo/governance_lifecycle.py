"""The tour of RSA Governance & Lifecycle: sessions, coverage, and what a review goes through."""

from __future__ import annotations

import infosecops
from infosecops.demo import review_items
from infosecops.demo.stage import Step, fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from infosecops.demo.real import Real
    from infosecops.demo.stage import Proof, Side, Tour

TITLE = "RSA Governance & Lifecycle"
_LINE = "user_id='mcastro'|user|1=1|ent|name='Dynatrace'|"
_SUCCESS = "status success"


def tour(side: Side) -> Tour:
    """Do everything, in the sandbox."""
    gl = side.client("governance_lifecycle")
    yield Step("login", "UserLogin", gl.login, expected=None)
    yield Step(
        "get_security_settings",
        "",
        gl.get_security_settings,
        fields("token_inactivity_timeout", "token_lifespan_timeout"),
        {"token_inactivity_timeout": 10, "token_lifespan_timeout": 120},
    )
    yield Step("keep_alive", "", gl.keep_alive, expected=None)
    yield from _coverage(side, gl)
    yield from review_items.tour(side, gl)
    yield from _review(side, gl)
    yield Step(
        "command",
        "any other, here findReviews",
        lambda: gl.command("findReviews", effect="read"),
        lambda result: [row["name"] for row in result.data],
        ["UAR-3", "Azure Role #3-1", "UAR-2", "UAR-4"],
    )
    side.box.governance_lifecycle.expire_tokens()
    yield Step(
        "get_review_status",
        "token expired, logs in anew",
        lambda: gl.get_review_status(61),
        fields("name", "state"),
        {"name": "UAR-3", "state": "Active"},
    )
    yield Step("logout", "", gl.logout, expected=None, applied=1)
    yield from _trusted_application(side)


def _trusted_application(side: Side) -> Tour:
    here = side.box.governance_lifecycle
    app = side.client("governance_lifecycle", login=infosecops.TrustedApp(here.client_id, here.client_secret))
    yield Step("login", "TrustedApp", app.login, expected=None)
    yield Step(
        "get_review_status",
        "no such review",
        lambda: app.get_review_status(99),
        refused=(infosecops.NotFoundError, "rejected"),
    )
    yield Step("logout", "TrustedApp", app.logout, expected=None, applied=1)


def _coverage(side: Side, gl: Any) -> Tour:  # noqa: ANN401
    def upload(about: str, call: Any, review: int, stored: str) -> Step:  # noqa: ANN401
        def proof(_: object) -> list[Proof]:
            return [("stored as it was meant", stored, side.box.governance_lifecycle.coverage(review))]

        return Step("upload_coverage", about, call, lambda result: f"status {result.status}", _SUCCESS, 1, proof=proof)

    equals, rule = infosecops.equals, infosecops.CoverageRule
    rules = [
        rule(equals("user_id", "lbelkin"), "app-role", objects=equals("name", "Datadog")),
        rule(equals("user_id", "d'arcy"), "ent", objects=equals("name", "Dynatrace"), privilege="signoff"),
    ]
    written = (
        "user_id='lbelkin'|user|1=1|app-role|name='Datadog'|\nuser_id='d''arcy'|user|1=1|ent|name='Dynatrace'|signoff"
    )
    yield upload("by id, from rules", lambda: gl.upload_coverage(rules, type="reviewer", id=61), 61, written)
    yield upload("by name, text", lambda: gl.upload_coverage(_LINE, type="monitor", name="UAR"), 7, _LINE)
    data = _LINE.replace("mcastro", "möller").encode()
    yield upload(
        "by name, bytes",
        lambda: gl.upload_coverage(data, type="reviewer", name="Azure Role #3"),
        8,
        data.decode(),
    )
    table = side.folder / "coverage.csv"
    table.write_text("reviewer.user_id;object_type;objects.name\nmcastro;ent;Dynatrace\n", encoding="utf-8")
    yield upload(
        "from a table, checked",
        lambda: gl.upload_coverage(rule.from_csv(table), type="reviewer", id=61, check=True),
        61,
        _LINE,
    )
    path = side.folder / "coverage.txt"
    lines = "".join(f"user_id='user{number:04}'|user|1=1|app-role|1=1|\n" for number in range(2000))
    path.write_bytes(lines.encode())
    yield upload("from a file", lambda: gl.upload_coverage(path, type="reviewer", id=61), 61, lines)
    yield upload(
        "a file of the server",
        lambda: gl.upload_coverage(type="reviewer", id=61, filename="coverage.txt"),
        61,
        "user_id='lbelkin'|user|1=1|app-role|name='Datadog'|",
    )
    yield upload(
        "alternate managers",
        lambda: gl.upload_coverage("jdoe,asmith\n", type="altmanager", id=61, alt_manager_resolves_to="user_id"),
        61,
        "jdoe,asmith\n",
    )


def _review(side: Side, gl: Any) -> Tour:  # noqa: ANN401
    side.box.jobs.progress("polls", 1)
    run = yield Step("run_review", "", lambda: gl.run_review("UAR"), lambda run: f"run {run}", "run 5733", 1)
    status = fields("overall_status")
    yield Step("get_run_status", "", lambda: gl.get_run_status(run), status, {"overall_status": "New"})
    yield Step("wait_for_run", "", lambda: gl.wait_for_run(run), status, {"overall_status": "Completed"})
    review = yield Step(
        "get_review_result", "", lambda: gl.get_review_result(run), lambda review: f"review {review}", "review 64"
    )
    state = fields("name", "state", "reviewed_entitlements", "total_entitlements")
    seen = {"name": "UAR-4", "state": "InActionable", "reviewed_entitlements": 0, "total_entitlements": 9}
    yield Step("get_review_status", "", lambda: gl.get_review_status(review), state, seen)
    yield Step(
        "set_review_state",
        "active",
        lambda: gl.set_review_state(review, "active"),
        lambda result: f"status {result.status}",
        _SUCCESS,
        applied=1,
    )
    yield Step(
        "refresh_review",
        "coverage and users",
        lambda: gl.refresh_review(review, coverage=True, users=True),
        lambda result: f"run {result.data['run-id']}",
        "run 5734",
        applied=1,
    )
    yield from review_items.from_a_file(side, gl, "UAR-4")
    yield Step(
        "update_unreviewed_items",
        "maintain the rest",
        lambda: gl.update_unreviewed_items(review, "maintain", comment="closed by policy"),
        lambda result: f"status {result.status}",
        _SUCCESS,
        applied=1,
    )
    yield Step(
        "set_review_state",
        "completed",
        lambda: gl.set_review_state(review, "completed"),
        lambda result: f"status {result.status}",
        _SUCCESS,
        applied=1,
    )
    seen = {"name": "UAR-4", "state": "Completed", "reviewed_entitlements": 8, "total_entitlements": 9}
    yield Step("get_review_status", "again", lambda: gl.get_review_status(review), state, seen)


def notes(real: Real) -> list[str]:
    """Say what is not obvious about reading."""
    return ["No logout is sent: the session of the login ends by itself."] if real.logs_in else []


def reading(gl: Any, real: Real) -> Tour:  # noqa: ANN401
    """Look at a real system, and change nothing."""
    if real.logs_in:
        yield Step("login", "", gl.login)
    yield Step(
        "get_security_settings",
        "",
        gl.get_security_settings,
        fields("token_inactivity_timeout", "token_lifespan_timeout"),
        needed=False,
    )
    yield Step(
        "command",
        "about",
        lambda: gl.command("about", effect="read"),
        lambda result: f"version {result.data.get('server-version')}",
        needed=False,
    )
    found = yield Step(
        "command",
        "findReviews",
        lambda: gl.command("findReviews", effect="read"),
        lambda result: f"{len(_rows(result))} reviews",
        needed=False,
    )
    for row in _rows(found)[:1]:
        yield Step(
            "get_review_status",
            "the first of them",
            lambda row=row: gl.get_review_status(row["id"]),  # type: ignore[misc]
            fields("state", "total_entitlements"),
            needed=False,
        )


def _rows(result: Any) -> list[dict[str, str]]:  # noqa: ANN401
    try:
        return [{"id": row["id"]} for row in result.data]
    except (AttributeError, KeyError, TypeError):
        return []
