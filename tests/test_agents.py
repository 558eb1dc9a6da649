"""Agents of Bamboo: the exchanges of the vendor's pages in both families of paths, and what is made of the answers."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from wire import Drop, Received, Wire, html, ok

if TYPE_CHECKING:
    from collections.abc import Callable

BAMBOO = "BambooAgents"
UUID = "7ba167aa-631c-4771-b197-fcb459cc7fd7"
ID = 131073

# As the pages print them, blanks at line ends included.
STATE = """{
  "id": 131073,
  "name": "Default Agent",
  "enabled": true,
  "busy": false
}"""
DISABLED = STATE.replace('"enabled": true', '"enabled": false')
STATE_TEXT = "ENABLED=true\nBUSY=false\n"
CAPABILITIES = """[
  {
    "key": "system.builder.command.ssh",
    "value": "ssh"
  },
  {
    "key": "system.builder.mvn3.Maven 3.4",
    "value": "/opt/tools/Maven3.4/bin/mvn"
  }
]"""
GRANTED = 'PCODE=YES_CHILD\nPMESSAGE="you may upgrade once idle"\nPVERSION=1.2\nENABLED=false\nBUSY=false\nTASK=1 \n'
FINISHED = (
    'PCODE=NO_CHILD\nPMESSAGE="Thanks for reporting. Letting the others catch up"\n'
    "PVERSION=1.2\nENABLED=true\nBUSY=false\nTASK=0\n"
)
UH_OH = (
    'PCODE=UH_OH\nPMESSAGE="Records indicate this agents is already upgrading, but has since asked for permission! '
    'Please mark the provided task complete before requesting additonal work."\n'
    "PVERSION=LATEST\nENABLED=false\nBUSY=false\nTASK=6\n"
)
VERSION = "PVERSION=1.2.1\n"
# Its form is that of scripts; no page has it.
LISTED = '[{"id": 131073, "name": "Default Agent", "enabled": true, "busy": false, "online": true}]'
PATHS = {
    "agent-config": {
        "state": f"/rest/agents/1.0/{ID}/state",
        "text": f"/rest/agents/1.0/{ID}/state/text",
        "disable": f"/rest/agents/1.0/{ID}/state/disable",
        "enable": f"/rest/agents/1.0/{ID}/state/enable",
    },
    "agent": {
        "state": f"/rest/agent/1.0/{ID}",
        "text": f"/rest/agent/1.0/{ID}/text",
        "disable": f"/rest/agent/1.0/{ID}/disable",
        "enable": f"/rest/agent/1.0/{ID}/enable",
    },
}
GONE = html("<html><head><title>404</title></head><body>Page not found</body></html>", "404 Not Found")
CHANGES = {
    "enable": (STATE, ()),
    "disable": (DISABLED, ()),
    "clear_capabilities": ("[]", ()),
    "maintenance": (GRANTED, ()),
    "finish_maintenance": (FINISHED, (1,)),
}
READS = {"state": STATE, "capabilities": CAPABILITIES}


def text(body: str) -> bytes:
    return ok(body, "text/plain")


def sent(wire: Wire) -> list[tuple[str, str]]:
    return [(request.method, request.target) for request in wire.requests]


def opened(connect: Callable[..., Any], wire: Wire, uuid: Any = UUID, **options: Any) -> Any:
    return connect(BAMBOO, wire.url, **{"api": "agent-config", **options}).agents(uuid)


@pytest.mark.parametrize("api", PATHS)
def test_state_and_switches_of_the_page(connect: Callable[..., Any], api: str) -> None:
    with Wire(ok(STATE), text(STATE_TEXT), ok(DISABLED), ok(STATE)) as wire:
        agents = opened(connect, wire, api=api)
        state = agents.state(ID)
        assert (state.id, state.name, state.enabled, state.busy, state.extra) == (ID, "Default Agent", True, False, {})
        as_text = agents.state(ID, form="text")
        assert (as_text.id, as_text.name, as_text.enabled, as_text.busy) == (ID, None, True, False)
        assert agents.disable(ID).enabled is False
        assert agents.enable(ID).enabled is True
        paths = PATHS[api]
        assert sent(wire) == [
            ("GET", f"{paths['state']}?uuid={UUID}"),
            ("GET", f"{paths['text']}?uuid={UUID}"),
            ("POST", f"{paths['disable']}?uuid={UUID}"),
            ("POST", f"{paths['enable']}?uuid={UUID}"),
        ]
        assert wire.requests[0].headers["accept"] == "application/json"
        assert wire.requests[1].headers["accept"].startswith("text/plain")


def test_the_exchanges_of_the_pages_from_1_5_on(connect: Callable[..., Any]) -> None:
    with Wire(ok(CAPABILITIES), ok("[]"), text(GRANTED), text(FINISHED), text(VERSION), ok(LISTED)) as wire:
        agents = opened(connect, wire)
        capabilities = agents.capabilities(ID)
        assert [(each.key, each.value) for each in capabilities] == [
            ("system.builder.command.ssh", "ssh"),
            ("system.builder.mvn3.Maven 3.4", "/opt/tools/Maven3.4/bin/mvn"),
        ]
        assert agents.clear_capabilities(ID) is None
        task = agents.maintenance(ID)
        assert (task.id, task.agent_id, task.code, task.message) == (1, ID, "YES_CHILD", "you may upgrade once idle")
        assert (task.version, task.enabled, task.busy, task.granted, task.extra) == ("1.2", False, False, True, {})
        finished = agents.finish_maintenance(ID, task)
        assert (finished.code, finished.id, finished.enabled, finished.granted) == ("NO_CHILD", None, True, False)
        assert agents.target_version() == "1.2.1"
        (listed,) = agents.list()
        assert (listed.id, listed.name, listed.enabled, listed.busy, listed.online) == (
            ID, "Default Agent", True, False, True,
        )  # fmt: skip
        root = "/rest/agents/1.0"
        assert sent(wire) == [
            ("GET", f"{root}/{ID}/capabilities?uuid={UUID}"),
            ("DELETE", f"{root}/{ID}/capabilities?uuid={UUID}"),
            ("POST", f"{root}/{ID}/maintenance?uuid={UUID}"),
            ("PUT", f"{root}/{ID}/maintenance/1/finish?uuid={UUID}"),
            ("GET", f"{root}/polling/version?uuid={UUID}"),
            ("GET", f"/rest/agents/latest/?uuid={UUID}"),
        ]
        for request in wire.requests:
            is_write = request.method != "GET"
            assert request.headers.get("x-atlassian-token") == ("no-check" if is_write else None)
            assert request.headers.get("content-type") == ("application/json" if is_write else None)
            assert request.body == b""


@pytest.mark.parametrize("login", [{}, {"token": "pat-canary"}, {"username": "adm", "password": "pw-canary"}], ids=str)
def test_the_uuid_alone_opens_agents(connect: Callable[..., Any], login: dict[str, str]) -> None:
    with Wire(ok(STATE), ok(DISABLED)) as wire:
        agents = opened(connect, wire, **login)
        agents.state(ID)
        agents.disable(ID)
        for request in wire.requests:
            assert "authorization" not in request.headers
            assert "os_authType" not in request.target
            assert b"canary" not in request.raw


# Which family of paths.


def family(known: str) -> Callable[[Received], bytes]:
    root = {"agent-config": "/rest/agents/1.0/", "agent": "/rest/agent/1.0/"}[known]

    def answer(request: Received) -> bytes:
        if not request.target.startswith(root):
            return GONE
        return ok(DISABLED if "/disable" in request.target else STATE)

    return answer


@pytest.mark.parametrize("api", PATHS)
def test_a_look_finds_out_which_paths_there_are(connect: Callable[..., Any], api: str) -> None:
    with Wire(family(api)) as wire:
        agents = opened(connect, wire, api="auto")
        assert agents.disable(ID).enabled is False
        probes = [("GET", PATHS["agent-config"]["state"])]
        if api == "agent":
            probes.append(("GET", PATHS["agent"]["state"]))
        expected = [*probes, ("POST", PATHS[api]["disable"])]
        assert [(method, target.split("?")[0]) for method, target in sent(wire)] == expected
        agents.state(ID, form="text")
        assert sent(wire)[len(expected) :] == [("GET", f"{PATHS[api]['text']}?uuid={UUID}")], "it is remembered"


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "500 Oops"])
def test_only_404_makes_it_try_the_older_paths(connect: Callable[..., Any], status: str) -> None:
    with Wire(html("<html></html>", status)) as wire:
        with pytest.raises(infosecops.ApiError) as caught:
            opened(connect, wire, api="auto").disable(ID)
        assert sent(wire) == [("GET", f"{PATHS['agent-config']['state']}?uuid={UUID}")]
        assert caught.value.operation == "agents.disable"
        assert caught.value.outcome == ("not_sent" if status.startswith("500") else "rejected")


def test_no_agent_or_no_plugin(connect: Callable[..., Any]) -> None:
    with Wire(GONE) as wire:
        with pytest.raises(infosecops.NotFoundError, match=r"bamboo-agent\.cfg\.xml"):
            opened(connect, wire, api="auto").enable(ID)
        assert [method for method, _ in sent(wire)] == ["GET", "GET"]


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("list", ()),
        ("capabilities", (ID,)),
        ("clear_capabilities", (ID,)),
        ("maintenance", (ID,)),
        ("finish_maintenance", (ID, 1)),
        ("target_version", ()),
    ],
)
def test_what_the_older_paths_do_not_have_is_not_sent(
    connect: Callable[..., Any], call: str, arguments: tuple[int, ...]
) -> None:
    with Wire(family("agent")) as wire:
        agents = opened(connect, wire, api="auto")
        agents.state(ID)
        already = len(wire.requests)
        with pytest.raises(infosecops.ConfigError, match=r"before version 1\.5") as caught:
            getattr(agents, call)(*arguments)
        assert len(wire.requests) == already
        assert caught.value.operation == f"agents.{call}"


# What is sent again, and what is refused.


@pytest.mark.parametrize("trouble", [Drop(), html("", "503 Busy")], ids=["cut", "503"])
def test_reads_are_sent_again_and_changes_never(connect: Callable[..., Any], trouble: Any) -> None:
    for call, body in READS.items():
        with Wire(trouble, ok(body)) as wire:
            getattr(opened(connect, wire), call)(ID)
            assert len(wire.requests) == 2, call
    for call, (_, more) in CHANGES.items():
        with Wire(trouble) as wire:
            with pytest.raises(infosecops.Error) as caught:
                getattr(opened(connect, wire), call)(ID, *more)
            assert (len(wire.requests), caught.value.outcome) == (1, "unknown"), call


@pytest.mark.parametrize(
    ("answer", "kind", "hint"),
    [
        (ok("{}", status="401 Unauthorized"), infosecops.AuthenticationError, "the uuid opens nothing"),
        (ok("{}", status="403 Forbidden"), infosecops.PermissionDeniedError, "change beside it"),
        (ok("XSRF check failed", "text/plain", "403 Forbidden"), infosecops.PermissionDeniedError, "XSRF"),
        (GONE, infosecops.NotFoundError, "<id> in its bamboo-agent.cfg.xml"),
    ],
)
def test_refusals_say_what_to_do(
    connect: Callable[..., Any], answer: bytes, kind: type[infosecops.Error], hint: str
) -> None:
    with Wire(answer) as wire:
        with pytest.raises(kind) as caught:
            opened(connect, wire).disable(ID)
        assert hint in caught.value.hint
        assert (len(wire.requests), caught.value.outcome) == (1, "rejected")


@pytest.mark.parametrize("task", [0, None, "6", 1.0, True])
def test_there_is_no_such_task(connect: Callable[..., Any], task: Any) -> None:
    with Wire(text(FINISHED)) as wire:
        agents = opened(connect, wire)
        with pytest.raises((infosecops.ConfigError, TypeError), match="task"):
            agents.finish_maintenance(ID, task)
        wire.answers = [text(GRANTED.replace("YES_CHILD", "NO_CHILD").replace("TASK=1 ", "TASK=0"))]
        with pytest.raises(infosecops.ConfigError, match="no task is open"):
            agents.finish_maintenance(ID, agents.maintenance(ID))
        assert [method for method, _ in sent(wire)] == ["POST"]


# Records.


def test_records_are_plain_values(connect: Callable[..., Any]) -> None:
    with Wire(ok(STATE), ok(CAPABILITIES), text(GRANTED), ok(LISTED)) as wire:
        agents = opened(connect, wire)
        records = [agents.state(ID), *agents.capabilities(ID), agents.maintenance(ID), *agents.list()]
    assert repr(records[0]) == "AgentState(id=131073, enabled=True, name='Default Agent', busy=False)"
    assert repr(records[1]) == "Capability(key='system.builder.command.ssh', value='ssh')"
    assert repr(records[3]) == (
        "MaintenanceTask(id=1, code='YES_CHILD', enabled=False, message='you may upgrade once idle', version='1.2', "
        "busy=False, agent_id=131073)"
    )
    for record in records:
        assert pickle.loads(pickle.dumps(record)) == record
        assert copy.copy(record) is copy.deepcopy(record) is record
        assert {name: getattr(record, name) for name in record.to_dict()} == record.to_dict()
        with pytest.raises(AttributeError):
            record.id = 5
    assert records[0] != records[4]
