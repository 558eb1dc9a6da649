"""Clients of Agent APIs for Bamboo: access tokens, agents, and maintenance."""

from __future__ import annotations

from typing import Any, Literal

from infosecops import (
    AccessToken,
    Agent,
    AgentState,
    AmbiguousMatch,
    BambooAgents,
    Capability,
    EnsureResult,
    Event,
    MaintenanceTask,
    Response,
    Secret,
    Table,
    TaskLeftOpen,
)
from infosecops.bamboo_agents import Agents
from infosecops.sandbox import BambooAgentsEndpoint, Sandbox

from .asserted import assert_type


def bamboo_agents(box: Sandbox) -> None:
    endpoint = assert_type(box.bamboo_agents, BambooAgentsEndpoint)
    events: list[Event] = []
    with BambooAgents(
        endpoint.url, username=endpoint.username, password=endpoint.password, proxy="direct", on_event=events.append
    ) as bamboo:
        made = assert_type(bamboo.tokens.ensure("chef nodes", read=True), EnsureResult)
        token = assert_type(made.token, AccessToken)
        assert_type(bamboo.tokens.update(token, change=True).change, bool)
        assert_type(bamboo.tokens.find("chef nodes"), AccessToken | None)
        assert_type(bamboo.tokens.list(), Table[AccessToken])
        bamboo.tokens.revoke(assert_type(token.uuid, Secret))
        bamboo.tokens.create("chef nodes")
        try:
            bamboo.tokens.find("chef nodes")
        except AmbiguousMatch as error:
            assert_type(error.hint, str | None)
        else:
            raise AssertionError
        answer = assert_type(
            bamboo.request("GET", "/rest/agent-config/1.0/tokens/", headers={"Accept": "*/*"}), Response
        )
        assert_type(answer.status, int)
        assert_type(answer.headers, dict[str, str])
        assert_type(answer.content, bytes)
        assert_type(answer.text, str)
        assert_type(answer.json(), Any)
        build_agents(box, bamboo)
    assert_type(events[0].kind, Literal["request", "response", "retry", "warning", "failure"])
    assert_type(events[0].status, int | None)


def build_agents(box: Sandbox, bamboo: BambooAgents) -> None:
    uuid = assert_type(box.bamboo_agents.access_token, Secret)
    agents = assert_type(bamboo.agents(lambda: uuid), Agents)
    first = assert_type(agents.list(), Table[Agent])[0]
    assert_type(first.online, bool | None)
    assert_type(agents.state(first.id, form="text").enabled, bool)
    assert_type(agents.disable(first.id), AgentState)
    assert_type(agents.wait_until_idle(first.id, settle=0, poll_interval=0.01, on_progress=idle), AgentState)
    agents.enable(first.id)
    assert_type(agents.capabilities(first.id), list[Capability])
    agents.clear_capabilities(first.id)
    assert_type(agents.target_version(), str)
    task = assert_type(agents.maintenance(first.id), MaintenanceTask)
    assert assert_type(task.granted, bool)
    try:
        agents.maintenance(first.id)
    except TaskLeftOpen as error:
        assert_type(error.task, MaintenanceTask | None)
    else:
        raise AssertionError
    agents.finish_maintenance(first.id, task)
    with agents.maintenance_window(first.id, settle=0, poll_interval=0.01, on_progress=told_of_agent) as task:
        assert_type(task, MaintenanceTask)


def idle(state: AgentState) -> None:
    assert not state.busy


def told_of_agent(seen: MaintenanceTask | AgentState) -> None:
    assert not seen.enabled
