"""Waiting until an agent is idle: by literal answers, and in a sandbox. How long it must be idle is a Rust test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import Retry
from test_agents import DISABLED, GONE, ID, STATE, opened, sent, text
from wire import Drop, Wire, html, ok

if TYPE_CHECKING:
    from collections.abc import Callable

    from infosecops.sandbox import Sandbox

BUSY = DISABLED.replace('"busy": false', '"busy": true')
QUICK = {"settle": 0, "poll_interval": 0.02}


def test_it_looks_until_the_agent_is_idle_twice(connect: Callable[..., Any]) -> None:
    looks = [ok(STATE), ok(BUSY), ok(DISABLED), ok(BUSY), ok(DISABLED), ok(DISABLED)]
    with Wire(*looks) as wire:
        seen: list[tuple[bool, bool]] = []
        told = opened(connect, wire).wait_until_idle(
            ID, **QUICK, on_progress=lambda state: seen.append((state.enabled, state.busy))
        )
        assert (told.enabled, told.busy) == (False, False)
        assert seen == [(True, False), (False, True), (False, False), (False, True), (False, False), (False, False)]
        assert len(wire.requests) == len(looks)


def test_broken_looks_are_outlived(connect: Callable[..., Any]) -> None:
    looks = [Drop(), ok(DISABLED), html("", "503 Busy"), Drop(), ok(DISABLED)]
    with Wire(*looks) as wire:
        assert opened(connect, wire, retry=Retry(1)).wait_until_idle(ID, **QUICK).busy is False
        assert len(wire.requests) == len(looks)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (ok("{}", status="401 No"), infosecops.AuthenticationError),
        (GONE, infosecops.NotFoundError),
        (html("<html>log in</html>", "200 OK"), infosecops.UnexpectedContentError),
        (ok(DISABLED.replace('"busy": false', '"busy": "x"')), infosecops.UnexpectedContentError),
        (text("ENABLED=false\n"), infosecops.UnexpectedContentError),
    ],
)
def test_a_lasting_error_ends_the_wait(connect: Callable[..., Any], answer: bytes, kind: type[Exception]) -> None:
    with Wire(ok(BUSY), answer) as wire:
        with pytest.raises(kind) as caught:
            opened(connect, wire).wait_until_idle(ID, **QUICK)
        assert caught.value.operation == "agents.wait_until_idle"
        assert len(wire.requests) == 2


@pytest.mark.parametrize(
    ("answer", "hint"), [(STATE, "disable it first"), (BUSY, "a build runs on it"), (DISABLED, "more time than settle")]
)
def test_time_ends_the_wait_and_nothing_else(connect: Callable[..., Any], answer: str, hint: str) -> None:
    with Wire(ok(answer)) as wire:
        with pytest.raises(infosecops.WaitTimeout, match="agent 131073 was not idle within") as caught:
            opened(connect, wire).wait_until_idle(ID, settle=0.09, timeout=0.1, poll_interval=0.06)
        assert caught.value.last.id == ID
        assert hint in caught.value.hint
        assert {method for method, _ in sent(wire)} == {"GET"}


@pytest.mark.parametrize(
    "wrong",
    [{"settle": -1}, {"settle": float("nan")}, {"settle": 5, "timeout": 5}, {"timeout": 0}, {"poll_interval": 0}],
)
@pytest.mark.parametrize("call", ["wait_until_idle", "maintenance_window"])
def test_waits_that_cannot_end_are_refused(connect: Callable[..., Any], wrong: dict[str, float], call: str) -> None:
    with Wire(ok(DISABLED)) as wire:
        with pytest.raises(infosecops.ConfigError, match="|".join(wrong)):
            getattr(opened(connect, wire), call)(ID, **wrong)
        assert wire.connections == 0


def test_what_a_listener_raises_ends_the_wait(connect: Callable[..., Any]) -> None:
    def refuse(_: object) -> None:
        raise LookupError("enough")

    with Wire(ok(BUSY)) as wire:
        with pytest.raises(LookupError, match="enough"):
            opened(connect, wire).wait_until_idle(ID, **QUICK, on_progress=refuse)
        assert len(wire.requests) == 1


@pytest.mark.parametrize("api", ["agent-config", "agent"])
def test_a_build_ends_in_the_sandbox(box: Sandbox, connect: Callable[..., Any], api: str) -> None:
    box.bamboo_agents.set_api(api)
    uuid = box.bamboo_agents.access_token
    agents = connect("BambooAgents", box.url).agents(uuid)
    box.bamboo_agents.set_agent_busy(131074, polls=3)
    assert agents.disable(131074).busy is True
    seen: list[bool] = []
    agents.wait_until_idle(131074, **QUICK, on_progress=lambda state: seen.append(state.busy))
    # One question found out which paths there are.
    assert seen == [True, True, False, False]
