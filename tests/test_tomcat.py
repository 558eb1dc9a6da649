"""Tomcat 10, the server of Governance & Lifecycle and of Bamboo: all operations, its own pages of errors, gzip."""

from __future__ import annotations

import datetime as dt
import inspect
import signal
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import Group, ReviewItemChange
from infosecops.bamboo_agents import Agents, Tokens
from servers import Tap
from web_servers import Tomcat

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

AGENT = 131073
PATH = "/aveksa/command.submit"
TOKENS = "/rest/agent-config/1.0/tokens/"
UUID = "7ba167aa-631c-4771-b197-fcb459cc7fd7"
NAME = "Größe & Co"
CHANGES = [ReviewItemChange("revoke", "jdoe", Group(name, "AD")) for name in ("admins", "users")]
LOCKED = ReviewItemChange("revoke", "jdoe", Group("locked", "AD"))
QUICK = {"settle": 0, "poll_interval": 0.02}


@pytest.fixture
def gl(connect: Callable[..., Any], tomcat: Tomcat) -> Any:
    return connect("GovernanceLifecycle", tomcat.url, login=infosecops.UserLogin("jdoe", "s3same"))


@pytest.fixture
def bamboo(connect: Callable[..., Any], tomcat: Tomcat) -> Any:
    return connect("BambooAgents", tomcat.url, username="admin", password="s3same")


def window(bamboo: Any) -> Any:
    with bamboo.agents(UUID).maintenance_window(AGENT, **QUICK) as task:
        return task.code


def successes(update: Any) -> tuple[int, int, bool]:
    return update.updated, update.total, update.ok


GL_CALLS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "login": (lambda gl: gl.login(), None),
    "keep_alive": (lambda gl: gl.keep_alive(), None),
    "get_security_settings": (lambda gl: gl.get_security_settings().token_lifespan_timeout, 120),
    "run_review": (lambda gl: gl.run_review("UAR"), "17"),
    "get_run_status": (lambda gl: gl.get_run_status(17).overall_status, "Completed"),
    "wait_for_run": (lambda gl: gl.wait_for_run(17).completed_time, dt.datetime(2023, 8, 3, 20, 13, 8)),  # noqa: DTZ001
    "get_review_result": (lambda gl: gl.get_review_result(17), "61"),
    "get_review_status": (lambda gl: gl.get_review_status(61).name, NAME),
    "set_review_state": (lambda gl: gl.set_review_state(61, "active").data["name"], NAME),
    "refresh_review": (lambda gl: gl.refresh_review(61).data["run-id"], "18"),
    "update_unreviewed_items": (lambda gl: gl.update_unreviewed_items(61, "maintain").status, "success"),
    "upload_coverage": (lambda gl: gl.upload_coverage("ä|\n" * 40_000, type="reviewer", id=61).data["bytes"], "120000"),
    "update_review_items": (lambda gl: successes(gl.update_review_items("UAR", CHANGES)), (2, 2, True)),
    "command": (lambda gl: gl.command("keepAlive").type, "keepAlive"),
    "request": (lambda gl: gl.request("GET", PATH, params={"cmd": "keepAlive"}).status, 200),
    "logout": (lambda gl: gl.logout(), None),
}
BAMBOO_CALLS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "tokens.list": (lambda bamboo: bamboo.tokens.list()[0].name, "chef nodes"),
    "tokens.create": (lambda bamboo: bamboo.tokens.create("made", change=True).change, True),
    "tokens.find": (lambda bamboo: bamboo.tokens.find("chef nodes").uuid.reveal(), UUID),
    "tokens.update": (lambda bamboo: bamboo.tokens.update(bamboo.tokens.find("made"), name="näw").name, "näw"),
    "tokens.ensure": (lambda bamboo: bamboo.tokens.ensure("näw", change=True).changed, False),
    "tokens.revoke": (lambda bamboo: bamboo.tokens.revoke(bamboo.tokens.find("näw")).read, False),
    "agents.list": (lambda bamboo: [agent.id for agent in bamboo.agents(UUID).list()], [AGENT]),
    "agents.state": (lambda bamboo: bamboo.agents(UUID).state(AGENT).enabled, True),
    "agents.disable": (lambda bamboo: bamboo.agents(UUID).disable(AGENT).enabled, False),
    "agents.wait_until_idle": (lambda bamboo: bamboo.agents(UUID).wait_until_idle(AGENT, **QUICK).busy, False),
    "agents.enable": (lambda bamboo: bamboo.agents(UUID).enable(AGENT).enabled, True),
    "agents.capabilities": (lambda bamboo: bamboo.agents(UUID).capabilities(AGENT)[0].key, "system.jdk.JDK 17"),
    "agents.clear_capabilities": (lambda bamboo: bamboo.agents(UUID).clear_capabilities(AGENT), None),
    "agents.target_version": (lambda bamboo: bamboo.agents(UUID).target_version(), "4.1"),
    "agents.maintenance": (lambda bamboo: bamboo.agents(UUID).maintenance(AGENT).code, "YES_CHILD"),
    "agents.finish_maintenance": (
        lambda bamboo: bamboo.agents(UUID).finish_maintenance(AGENT, open_task(bamboo)).code,
        "NO_CHILD",
    ),
    "agents.maintenance_window": (window, "YES_CHILD"),
}


def open_task(bamboo: Any) -> int:
    text = bamboo.request("GET", f"/rest/agents/1.0/{AGENT}/maintenance/text", params={"uuid": UUID}).text
    return int(text.strip().partition("=")[2])


def test_governance_lifecycle_works(gl: Any) -> None:
    assert {name: call(gl) for name, (call, _) in GL_CALLS.items()} == {
        name: expected for name, (_, expected) in GL_CALLS.items()
    }


def test_bamboo_agents_work(bamboo: Any) -> None:
    assert {name: call(bamboo) for name, (call, _) in BAMBOO_CALLS.items()} == {
        name: expected for name, (_, expected) in BAMBOO_CALLS.items()
    }
    # The twin's test begins with the same tokens.
    bamboo.tokens.update(bamboo.tokens.find("näw"), name="revoked")


def test_no_operation_is_left_out() -> None:
    def public(cls: type, prefix: str = "") -> set[str]:
        return {prefix + name for name, _ in inspect.getmembers(cls, inspect.isfunction) if not name.startswith("_")}

    assert public(infosecops.GovernanceLifecycle) - {"close", "config_report"} == set(GL_CALLS)
    assert public(Tokens, "tokens.") | public(Agents, "agents.") == set(BAMBOO_CALLS)


# Pages of errors: status, class, what the page says in its field "Message".
GL_REFUSALS: dict[str, tuple[Callable[[Any], Any], int, type[infosecops.Error], str]] = {
    "no command": (
        lambda gl: gl.request("GET", PATH),
        400,
        infosecops.BadRequestError,
        "cmd parameter must be provided",
    ),
    "large head": (
        lambda gl: gl.request("GET", PATH, headers={"X-Large": "x" * 20_000}),
        400,
        infosecops.BadRequestError,
        "Request header is too large",
    ),
    "no such path": (lambda gl: gl.request("GET", "/no"), 404, infosecops.NotFoundError, "[/no] is not available"),
    "no such command": (lambda gl: gl.command("about"), 404, infosecops.NotFoundError, "Unknown command about"),
    "no such review": (lambda gl: gl.get_review_status(7), 404, infosecops.NotFoundError, "review with the id 7"),
    "method": (
        lambda gl: gl.request("PUT", PATH, params={"cmd": "about"}),
        405,
        infosecops.BadRequestError,
        "JSPs only permit GET, POST or HEAD",
    ),
    "unknown review": (
        lambda gl: gl.update_review_items("Other", CHANGES),
        412,
        infosecops.NotFoundError,
        "Could not find a review with name",
    ),
    "too large": (
        lambda gl: gl.request("POST", PATH, params={"cmd": "too-large"}, body="x"),
        413,
        infosecops.BadRequestError,
        "413",
    ),
    "broken page": (lambda gl: gl.command("broken"), 500, infosecops.ServerError, "Could not reach the database"),
}
BAMBOO_REFUSALS: dict[str, tuple[Callable[[Any], Any], int, type[infosecops.Error], str]] = {
    "no right": (
        lambda bamboo: bamboo.agents(UUID[::-1]).state(AGENT),
        403,
        infosecops.PermissionDeniedError,
        "does not allow this operation",
    ),
    "no such token": (
        lambda bamboo: bamboo.tokens.update(UUID[::-1], name="x", read=True, change=False),
        404,
        infosecops.NotFoundError,
        "There is no such token.",
    ),
    "method": (lambda bamboo: bamboo.request("DELETE", TOKENS), 405, infosecops.BadRequestError, "405"),
}


def refused(call: Callable[[], Any], status: int, kind: type[infosecops.Error], words: str) -> None:
    with pytest.raises(infosecops.Error) as caught:
        call()
    error = caught.value
    assert (type(error), error.status) == (kind, status)
    assert (error.outcome, error.attempts) == ("unknown" if status == 500 else "rejected", 1)
    assert words in str(error)
    assert "<" not in str(error)


@pytest.mark.parametrize("case", GL_REFUSALS)
def test_a_page_of_errors_is_read_governance_lifecycle(gl: Any, case: str) -> None:
    call, *expected = GL_REFUSALS[case]
    refused(lambda: call(gl), *expected)
    # Some of them end the connection.
    gl.keep_alive()


@pytest.mark.parametrize("case", BAMBOO_REFUSALS)
def test_a_page_of_errors_is_read_bamboo(bamboo: Any, case: str) -> None:
    call, *expected = BAMBOO_REFUSALS[case]
    refused(lambda: call(bamboo), *expected)
    assert bamboo.tokens.list()


def test_wrong_credentials(connect: Callable[..., Any], tomcat: Tomcat) -> None:
    gl = connect("GovernanceLifecycle", tomcat.url, login=infosecops.UserLogin("jdoe", "wrong-canary"))
    bamboo = connect("BambooAgents", tomcat.url, username="admin", password="wrong-canary")
    for call, words in (
        (lambda: gl.run_review("UAR"), "User could not be validated"),
        (lambda: bamboo.tokens.create("x"), "Client must be authenticated"),
    ):
        refused(call, 401, infosecops.AuthenticationError, words)


def test_a_login_of_an_application(connect: Callable[..., Any], tomcat: Tomcat) -> None:
    gl = connect("GovernanceLifecycle", tomcat.url, login=infosecops.TrustedApp("app", "s3same"))
    assert gl.run_review("UAR") == "17"


def test_items_that_the_server_refuses_are_told_apart(gl: Any) -> None:
    for changes, updated in (([*CHANGES, LOCKED], 2), ([LOCKED], 0)):
        with pytest.raises(infosecops.PartialFailure) as caught:
            gl.update_review_items("UAR", changes)
        result = caught.value.result
        assert (result.updated, result.total, len(result.succeeded), len(result.unknown)) == (
            updated,
            len(changes),
            updated,
            0,
        )
        (failed,) = result.failed
        assert failed.reason.startswith("The review component is locked and can not be changed.")


def test_a_session_that_the_server_forgot_is_opened_again(connect: Callable[..., Any]) -> None:
    login = infosecops.UserLogin("jdoe", "s3same")
    with Tomcat() as own:
        gl = connect("GovernanceLifecycle", own.url, login=login)
        for number in range(3):
            assert gl.request("GET", PATH, params={"cmd": "keepAlive"}, effect="read").status == 200
            assert gl.run_review("UAR") == "17"
            if number < 2:
                own.restart([signal.SIGKILL, signal.SIGTERM][number])


def test_answers_come_packed_and_on_one_connection(connect: Callable[..., Any], tomcat: Tomcat) -> None:
    with Tap(tomcat.port) as tap:
        gl = connect(
            "GovernanceLifecycle", f"http://127.0.0.1:{tap.port}", login=infosecops.UserLogin("jdoe", "s3same")
        )
        for _ in range(20):
            assert gl.get_review_status(61).name == NAME
        assert tap.connections == 1
        assert tap.received.lower().count(b"content-encoding: gzip") >= 20


def test_an_upload_from_a_file(gl: Any, tmp_path: Path) -> None:
    file = tmp_path / "coverage.txt"
    file.write_bytes(b"x|\n" * 1_000_000)
    assert gl.upload_coverage(file, type="monitor", name="UAR").data["bytes"] == "3000000"
