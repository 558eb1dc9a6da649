"""A good status with another content than the operation's is never a success: other JSON, nothing, another object."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from test_agents import FINISHED, GRANTED, ID, STATE, UUID, text
from test_bamboo_agents import PAGE_LIST, PAGE_UPDATE, READ_ONLY, WRITING
from test_sd_elements import JOB
from test_sectona import RECORD, envelope
from wire import Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECTION = JOB["connection"]
ACCOUNT = ("Unix Based", "web01.example.net", "deploy")
SDE: dict[str, Callable[[Any], Any]] = {
    "jobs.get": lambda sde: sde.jobs.alm.get(12),
    "jobs.wait": lambda sde: sde.jobs.alm.wait(12, poll_interval=0.02),
    "jobs.wait_all": lambda sde: sde.jobs.alm.wait_all([12], poll_interval=0.02),
    "jobs.start": lambda sde: sde.jobs.alm.start(3),
    "jobs.report": lambda sde: sde.jobs.alm.report(3, succeeded=True, result_message=""),
    "jobs.list": lambda sde: list(sde.jobs.alm.list()),
    "jobs.list of all": lambda sde: list(sde.jobs.list()),
    "jobs.find_running": lambda sde: sde.jobs.alm.find_running(3),
    "connections.get": lambda sde: sde.connections.alm.get(3),
    "connections.list": lambda sde: list(sde.connections.alm.list()),
}
TOKENS: dict[str, Callable[[Any], Any]] = {
    "tokens.list": lambda bamboo: bamboo.tokens.list(),
    "tokens.find": lambda bamboo: bamboo.tokens.find("x"),
    "tokens.create": lambda bamboo: bamboo.tokens.create("x"),
    "tokens.update": lambda bamboo: bamboo.tokens.update(WRITING, name="x", read=True, change=True),
    "tokens.revoke": lambda bamboo: bamboo.tokens.revoke(WRITING),
    "tokens.ensure": lambda bamboo: bamboo.tokens.ensure("x"),
}
AGENTS: dict[str, Callable[[Any], Any]] = {
    "agents.list": lambda bamboo: bamboo.agents(UUID).list(),
    "agents.state": lambda bamboo: bamboo.agents(UUID).state(ID),
    "agents.state as text": lambda bamboo: bamboo.agents(UUID).state(ID, form="text"),
    "agents.enable": lambda bamboo: bamboo.agents(UUID).enable(ID),
    "agents.disable": lambda bamboo: bamboo.agents(UUID).disable(ID),
    "agents.capabilities": lambda bamboo: bamboo.agents(UUID).capabilities(ID),
    "agents.clear_capabilities": lambda bamboo: bamboo.agents(UUID).clear_capabilities(ID),
    "agents.maintenance": lambda bamboo: bamboo.agents(UUID).maintenance(ID),
    "agents.finish_maintenance": lambda bamboo: bamboo.agents(UUID).finish_maintenance(ID, 6),
    "agents.target_version": lambda bamboo: bamboo.agents(UUID).target_version(),
    "agents.wait_until_idle": lambda bamboo: bamboo.agents(UUID).wait_until_idle(ID, settle=0, poll_interval=0.02),
}
PAM: dict[str, Callable[[Any], Any]] = {
    "request_password": lambda pam: pam.request_password(*ACCOUNT),
    "call": lambda pam: pam.call("/API/APP/APP007/GetUsers", {}),
}
CALLS = {
    **{name: ("SDElements", {"token": "k"}, call) for name, call in SDE.items()},
    **{
        name: ("BambooAgents", {"token": "pat", "api": "agent-config"}, call)
        for name, call in {**TOKENS, **AGENTS}.items()
    },
    **{name: ("Sectona", {"access_key": "k"}, call) for name, call in PAM.items()},
}
OTHER = {
    "an empty object": "{}",
    "an error": '{"error": "The database is read-only"}',
    "an error with an id": '{"id": 12, "error": "The database is read-only"}',
    "a status": '{"data": {"status": "error"}}',
    "null": "null",
    "true": "true",
    "a number": "12",
    "a text": '"done"',
    "a list of numbers": "[1, 2]",
    "a list of others": '[{"error": "The database is read-only"}]',
    "results that are an object": '{"results": {}}',
    "results that are null": '{"results": null}',
    "nothing": "",
    "a page": "<html><body>Sign in</body></html>",
}


def failure(connect: Callable[..., Any], name: str, answer: bytes) -> infosecops.Error:
    client, options, call = CALLS[name]
    with Wire(answer) as wire, pytest.raises(infosecops.Error) as caught:
        call(connect(client, wire.url, **options))
    error = caught.value
    if isinstance(error, infosecops.PartialFailure):
        (only,) = error.result
        error = only.error
    return error


@pytest.mark.parametrize("other", OTHER)
@pytest.mark.parametrize("name", CALLS)
def test_another_content_is_no_success(connect: Callable[..., Any], name: str, other: str) -> None:
    error = failure(connect, name, ok(OTHER[other]))
    assert type(error) is infosecops.UnexpectedContentError, str(error)
    assert error.outcome in {"unknown", "not_sent"}


# Their list may be empty.
LISTS = ("list", "list of all", "find", "find_running", "capabilities", "clear_capabilities", "ensure", "revoke")


@pytest.mark.parametrize("name", [name for name in CALLS if not name.endswith(LISTS)])
def test_an_empty_list_is_none_of_these(connect: Callable[..., Any], name: str) -> None:
    assert type(failure(connect, name, ok("[]"))) is infosecops.UnexpectedContentError


@pytest.mark.parametrize("name", ["jobs.get", "jobs.wait", "jobs.wait_all"])
def test_another_job_is_not_taken(connect: Callable[..., Any], name: str) -> None:
    for other in (7, "7", -12, 120):
        error = failure(connect, name, ok(json.dumps({**JOB, "id": other})))
        assert type(error) is infosecops.UnexpectedContentError
        assert f"about job {other}, not 12" in str(error)
    for same in (12, "12", " 12"):
        with Wire(ok(json.dumps({**JOB, "id": same, "ready": True, "succeeded": True}))) as wire:
            CALLS[name][2](connect("SDElements", wire.url, token="k"))


def test_another_connection_is_not_taken(connect: Callable[..., Any]) -> None:
    for other in (7, "7", 30):
        error = failure(connect, "connections.get", ok(json.dumps({**CONNECTION, "id": other})))
        assert type(error) is infosecops.UnexpectedContentError
        assert f"about connection {other}, not 3" in str(error)
    with Wire(ok(json.dumps({**CONNECTION, "id": "3"}))) as wire:
        assert connect("SDElements", wire.url, token="k").connections.alm.get(3).id == 3


@pytest.mark.parametrize("name", ["jobs.get", "jobs.start", "jobs.report"])
def test_another_object_with_an_id_is_no_job(connect: Callable[..., Any], name: str) -> None:
    for other in ({**CONNECTION, "id": 12}, {"id": 12, "name": "Project", "slug": "project"}):
        error = failure(connect, name, ok(json.dumps(other), status="201 Created"))
        assert type(error) is infosecops.UnexpectedContentError
        assert "not a job" in str(error)


def test_a_job_is_no_connection(connect: Callable[..., Any]) -> None:
    error = failure(connect, "connections.get", ok(json.dumps({**JOB, "id": 3})))
    assert type(error) is infosecops.UnexpectedContentError
    assert "not a connection" in str(error)


def test_the_connection_of_a_started_job_may_be_told_by_another_id(connect: Callable[..., Any]) -> None:
    answer = json.dumps({**JOB, "connection": {**CONNECTION, "id": 23}})
    with Wire(ok(answer, status="201 Created")) as wire:
        assert connect("SDElements", wire.url, token="k").jobs.analysis.start(12).connection.id == 23


SENT = {"uuid": WRITING, "name": "x", "read": True, "change": False}


@pytest.mark.parametrize(
    ("call", "wrong"),
    [
        ("create", {"name": "y"}),
        ("create", {"read": False}),
        ("create", {"change": True}),
        ("update", {"uuid": READ_ONLY}),
        ("revoke", {"uuid": WRITING, "read": False, "name": "readOnly"}),
        ("update", {"read": False}),
        ("update", {"change": True}),
        ("revoke", {"read": True, "name": "readOnly"}),
        ("revoke", {"read": False, "change": True, "name": "readOnly"}),
        ("ensure", {"change": True}),
    ],
)
def test_a_token_that_is_not_what_was_sent(connect: Callable[..., Any], call: str, wrong: dict[str, Any]) -> None:
    calls = {
        "create": lambda tokens: tokens.create("x", read=True, change=False),
        "update": lambda tokens: tokens.update(WRITING, name="x", read=True, change=False),
        "revoke": lambda tokens: tokens.revoke(READ_ONLY),
        "ensure": lambda tokens: tokens.ensure("x", read=True, change=False),
    }
    uuid = READ_ONLY if call == "revoke" else WRITING
    answer = ok(json.dumps({**SENT, "uuid": uuid, **wrong}))
    with Wire(*([ok(PAGE_LIST)] if call in {"revoke", "ensure"} else []), answer) as wire:
        with pytest.raises(infosecops.UnexpectedContentError) as caught:
            calls[call](connect("BambooAgents", wire.url, token="pat", api="agent-config").tokens)
        assert caught.value.outcome == "unknown"
        assert not any(one in f"{caught.value} {caught.value.__dict__}" for one in (READ_ONLY, WRITING))


def test_a_uuid_in_another_case_is_the_same_token(connect: Callable[..., Any]) -> None:
    with Wire(ok(PAGE_UPDATE.replace(WRITING, WRITING.upper()))) as wire:
        tokens = connect("BambooAgents", wire.url, token="pat", api="agent-config").tokens
        assert tokens.update(WRITING, name="give me more power", read=True, change=True).change


@pytest.mark.parametrize("name", ["agents.state", "agents.enable", "agents.disable", "agents.wait_until_idle"])
def test_another_agent_is_not_taken(connect: Callable[..., Any], name: str) -> None:
    error = failure(connect, name, ok(STATE.replace(str(ID), "131074")))
    assert type(error) is infosecops.UnexpectedContentError
    assert f"about agent 131074, not {ID}" in str(error)


@pytest.mark.parametrize("missing", ["PCODE", "TASK", "ENABLED"])
@pytest.mark.parametrize("name", ["agents.maintenance", "agents.finish_maintenance"])
def test_a_maintenance_answer_needs_its_lines(connect: Callable[..., Any], name: str, missing: str) -> None:
    lines = (GRANTED if name == "agents.maintenance" else FINISHED).splitlines()
    answer = "\n".join(line for line in lines if not line.startswith(missing))
    error = failure(connect, name, text(answer))
    assert type(error) is infosecops.UnexpectedContentError
    assert missing.lower() in str(error)
    assert "=****" not in str(error).replace("uuid=****", "")


def vault(connect: Callable[..., Any], asked: tuple[str, str], **told: Any) -> Any:
    result = {**RECORD, "Password": "the-secret", **told}
    with Wire(ok(envelope(Result={name: value for name, value in result.items() if value is not ...}))) as wire:
        return connect("Sectona", wire.url, access_key="k").request_password("Unix Based", *asked)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("web01", "deploy"), {"AssetHost": "web02", "AccountName": "deploy"}),
        (("web01", "deploy"), {"AssetHost": "web01", "AccountName": "root"}),
        (("web01", "deploy"), {"AssetHost": "web01", "AccountName": "deploy2"}),
        (("10.0.0.1", "deploy"), {"AssetHost": "10.0.0.2", "AccountName": "deploy"}),
        (("10.0.0.1", "deploy"), {"AssetHost": "web01", "AccountName": "root"}),
        (("web01.example.net", "deploy"), {"AssetHost": "web01.example.org", "AccountName": "deploy"}),
        (("web01", "CORP\\deploy"), {"AssetHost": "web01", "AccountName": "OTHER\\deploy"}),
        (("web01", "deploy@corp"), {"AssetHost": "web01", "AccountName": "deploy@other"}),
        (("web01", "deploy"), {"AssetHost": ..., "AccountName": "root"}),
        (("web01", "deploy"), {"AssetHost": "XXXXXX", "AccountName": "X"}),
    ],
)
def test_the_secret_of_another_account_is_not_handed_out(
    connect: Callable[..., Any], asked: tuple[str, str], told: dict[str, Any]
) -> None:
    with pytest.raises(infosecops.UnexpectedContentError, match="about another account") as caught:
        vault(connect, asked, **told)
    assert caught.value.outcome == "unknown"
    assert "the-secret" not in f"{caught.value} {caught.value.__dict__}"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("web01", "deploy"), {"AssetHost": "WEB01", "AccountName": "Deploy"}),
        (("web01", "deploy"), {"AssetHost": " web01 ", "AccountName": "deploy"}),
        (("web01", "deploy"), {"AssetHost": "web01.example.net", "AccountName": "CORP\\deploy"}),
        (("web01.example.net", "deploy@corp"), {"AssetHost": "web01", "AccountName": "deploy"}),
        (("10.0.0.1", "deploy"), {"AssetHost": "web01", "AccountName": "deploy"}),
        (("web01", "deploy"), {"AssetHost": "::1", "AccountName": "deploy"}),
        (("web01", "deploy"), {"AssetHost": ..., "AccountName": ...}),
        (("web01", "deploy"), {"AssetHost": "", "AccountName": None}),
        (("web01", "deploy"), {"AssetHost": "XXXXXX", "AccountName": "******"}),
    ],
)
def test_names_of_one_account_may_be_written_differently(
    connect: Callable[..., Any], asked: tuple[str, str], told: dict[str, Any]
) -> None:
    assert vault(connect, asked, **told).password.reveal() == "the-secret"


def test_one_of_many_accounts_that_is_another_fails_alone(connect: Callable[..., Any]) -> None:
    def answer(request: Any) -> bytes:
        name = json.loads(request.body)["AccountName"]
        return ok(envelope(Result={**RECORD, "AccountName": "root" if name == "b" else name, "Password": "pw"}))

    with Wire(answer) as wire:
        requests = [("Unix Based", "web01", name) for name in "abc"]
        result = connect("Sectona", wire.url, access_key="k").request_passwords(requests, on_partial="return")
        assert [type(entry.error) for entry in result] == [type(None), infosecops.UnexpectedContentError, type(None)]
