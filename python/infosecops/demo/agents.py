"""The part of the tour about build agents, opened by an access token."""

from __future__ import annotations

import infosecops
from infosecops.demo.stage import Step, fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from infosecops.demo.stage import Side, Tour

IDLE, BUSY = 131073, 131074
# Short, as the agents of a sandbox do not build for long.
_PACE = {"settle": 0, "poll_interval": 0.02}
_STATE = fields("id", "enabled", "busy")


def tour(side: Side) -> Tour:
    """Look, switch off, wait, maintain, switch on; then what the paths before 1.5 have of that."""
    place = side.box.bamboo_agents
    place.set_api("agent-config")
    # A client without a login: the access token is enough.
    bamboo = side.client("bamboo_agents", username=None, password=None)
    agents = bamboo.agents(place.access_token)
    yield from _look(agents)
    yield from _switch(side, agents)
    yield from _maintain(side, agents)
    yield Step(
        "agents.disable",
        "with a token that may only look",
        lambda: bamboo.agents(place.reading_access_token).disable(IDLE),
        refused=(infosecops.PermissionDeniedError, "rejected"),
    )
    place.set_api("agent")
    older = side.client("bamboo_agents", username=None, password=None).agents(place.access_token)
    yield Step(
        "agents.state",
        "paths of versions before 1.5, as text",
        lambda: older.state(IDLE, form="text"),
        _STATE,
        {"id": IDLE, "enabled": True, "busy": False},
    )
    for name, enabled in (("disable", False), ("enable", True)):
        yield Step(
            f"agents.{name}",
            "paths of versions before 1.5",
            lambda name=name: getattr(older, name)(IDLE),  # type: ignore[misc]
            _STATE,
            {"id": IDLE, "enabled": enabled, "busy": False},
            applied=1,
        )


def reading(agents: Any) -> Tour:  # noqa: ANN401
    """Look at the agents of a real system, and change nothing."""
    listed = yield Step("agents.list", "", agents.list, lambda found: f"{len(found)} agents", needed=False)
    for agent in (listed or ())[:1]:
        yield Step("agents.state", "of the first", lambda: agents.state(agent.id), _STATE, needed=False)  # noqa: B023
        yield Step(
            "agents.capabilities",
            "of the first",
            lambda: agents.capabilities(agent.id),  # noqa: B023
            lambda found: f"{len(found)} capabilities",
            needed=False,
        )
    yield Step("agents.target_version", "", agents.target_version, needed=False)


def _look(agents: Any) -> Tour:  # noqa: ANN401
    yield Step(
        "agents.list",
        "",
        agents.list,
        lambda listed: [(agent.name, agent.enabled, agent.busy) for agent in listed],
        [("linux-01", True, False), ("linux-02", True, True), ("windows-01", False, False)],
    )
    yield Step("agents.state", "", lambda: agents.state(IDLE), _STATE, {"id": IDLE, "enabled": True, "busy": False})
    yield Step(
        "agents.capabilities",
        "",
        lambda: agents.capabilities(IDLE),
        lambda found: [each.key for each in found],
        ["system.jdk.JDK 17", "system.builder.command.Bash"],
    )
    yield Step("agents.target_version", "", agents.target_version, expected="4.1")


def _switch(side: Side, agents: Any) -> Tour:  # noqa: ANN401
    yield Step(
        "agents.disable",
        "a build goes on",
        lambda: agents.disable(BUSY),
        _STATE,
        {"id": BUSY, "enabled": False, "busy": True},
        applied=1,
    )
    side.box.bamboo_agents.set_agent_busy(BUSY, polls=2)
    yield Step(
        "agents.wait_until_idle",
        "until the build has ended",
        lambda: agents.wait_until_idle(BUSY, **_PACE),
        _STATE,
        {"id": BUSY, "enabled": False, "busy": False},
    )
    yield Step(
        "agents.clear_capabilities",
        "",
        lambda: agents.clear_capabilities(BUSY),
        expected=None,
        applied=1,
    )
    yield Step(
        "agents.enable",
        "",
        lambda: agents.enable(BUSY),
        _STATE,
        {"id": BUSY, "enabled": True, "busy": False},
        applied=1,
    )


def _maintain(side: Side, agents: Any) -> Tour:  # noqa: ANN401
    task = yield Step(
        "agents.maintenance",
        "",
        lambda: agents.maintenance(IDLE),
        fields("id", "code", "granted"),
        {"id": 1, "code": "YES_CHILD", "granted": True},
        applied=1,
    )
    yield Step(
        "agents.maintenance",
        "of another agent, while one is away",
        lambda: agents.maintenance(BUSY),
        fields("id", "code", "granted"),
        {"id": None, "code": "WAIT_FOR_SIBLINGS", "granted": False},
    )
    yield Step(
        "agents.maintenance",
        "again, before the task is finished",
        lambda: agents.maintenance(IDLE),
        lambda error: f"task {error.task.id}",
        "task 1",
        refused=(infosecops.TaskLeftOpen, "rejected"),
    )
    yield Step(
        "agents.finish_maintenance",
        "",
        lambda: agents.finish_maintenance(IDLE, task),
        fields("code", "enabled"),
        {"code": "NO_CHILD", "enabled": True},
        applied=1,
    )
    yield Step(
        "agents.maintenance_window",
        "ask, wait until it is idle, give it back",
        lambda: side.within(agents.maintenance_window(IDLE, **_PACE)),
        fields("id", "version", "enabled"),
        {"id": 2, "version": "4.1", "enabled": False},
        applied=2,
    )
