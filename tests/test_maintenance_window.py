"""Maintenance windows: what is asked on the way in, that the agent is given back on every way out, and who is told."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import Retry, TaskLeftOpen
from infosecops.sandbox import Sandbox
from test_agents import DISABLED, FINISHED, GRANTED, ID, STATE, UH_OH, opened, text
from test_idle_agents import BUSY, QUICK
from wire import Drop, Received, Wire, html, ok

if TYPE_CHECKING:
    from collections.abc import Callable

WAIT = GRANTED.replace("YES_CHILD", "WAIT_FOR_SIBLINGS").replace("TASK=1 ", "TASK=0")
ASK, LOOK, FINISH = "ask", "look", "finish"
PATHS = {
    ("POST", f"/rest/agents/1.0/{ID}/maintenance"): ASK,
    ("GET", f"/rest/agents/1.0/{ID}/state"): LOOK,
    ("PUT", f"/rest/agents/1.0/{ID}/maintenance/1/finish"): FINISH,
}


class Plugin:
    """Answers each kind of request from a list of its own; the last one repeats."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {ASK: [text(GRANTED)], LOOK: [ok(DISABLED)], FINISH: [text(FINISHED)], **answers}
        self.log: list[str] = []
        self.bodies = 0

    def __call__(self, request: Received) -> bytes:
        kind = PATHS[request.method, request.target.split("?")[0]]
        count = self.log.count(kind)
        self.log.append(kind)
        answers = self.answers[kind]
        answer = answers[min(count, len(answers) - 1)]
        return answer(request) if callable(answer) else answer


def window(connect: Callable[..., Any], wire: Wire, **options: Any) -> Any:
    return opened(connect, wire).maintenance_window(ID, **{**QUICK, **options})


def test_a_window(connect: Callable[..., Any]) -> None:
    plugin = Plugin()
    with Wire(plugin) as wire:
        with window(connect, wire) as task:
            assert plugin.log == [ASK, LOOK, LOOK]
            assert (task.id, task.version, task.agent_id) == (1, "1.2", ID)
        assert plugin.log == [ASK, LOOK, LOOK, FINISH]


def test_it_waits_for_siblings_and_for_builds(connect: Callable[..., Any]) -> None:
    plugin = Plugin(ask=[text(WAIT), text(WAIT), text(GRANTED)], look=[ok(BUSY), ok(DISABLED)])
    told: list[Any] = []
    with Wire(plugin) as wire:
        with window(connect, wire, on_progress=lambda seen: told.append(getattr(seen, "code", None) or seen.busy)):
            pass
        assert plugin.log == [ASK, ASK, ASK, LOOK, LOOK, LOOK, FINISH]
        assert told == ["WAIT_FOR_SIBLINGS", "WAIT_FOR_SIBLINGS", True, False, False]


def test_siblings_that_stay_away(connect: Callable[..., Any]) -> None:
    plugin = Plugin(ask=[text(WAIT)])
    with Wire(plugin) as wire:
        with (
            pytest.raises(infosecops.WaitTimeout, match="was not let go within") as caught,
            window(connect, wire, siblings_timeout=0.05),
        ):
            plugin.bodies += 1
        assert (caught.value.outcome, caught.value.code) == ("rejected", "WAIT_FOR_SIBLINGS")
        assert caught.value.last.code == "WAIT_FOR_SIBLINGS"
        assert (set(plugin.log), plugin.bodies) == ({ASK}, 0)


@pytest.mark.parametrize(
    ("answer", "kind", "outcome"),
    [
        (text(WAIT.replace("WAIT_FOR_SIBLINGS", "NO_CHILD")), infosecops.ConflictError, "rejected"),
        (text(UH_OH), TaskLeftOpen, "rejected"),
        (text(WAIT.replace("WAIT_FOR_SIBLINGS", "GO_TO_BED")), infosecops.UnexpectedContentError, "unknown"),
        (html("", "500 Oops"), infosecops.ServerError, "unknown"),
        (html("", "403 No"), infosecops.PermissionDeniedError, "rejected"),
    ],
)
def test_what_is_not_granted_is_not_entered(
    connect: Callable[..., Any], answer: bytes, kind: type[Exception], outcome: str
) -> None:
    plugin = Plugin(ask=[answer])
    with Wire(plugin) as wire:
        with pytest.raises(kind) as caught, window(connect, wire):
            plugin.bodies += 1
        assert caught.value.outcome == outcome
        assert caught.value.operation == "agents.maintenance_window"
        assert (plugin.log, plugin.bodies) == ([ASK], 0)


def test_a_request_that_may_have_opened_a_task_is_not_repeated(connect: Callable[..., Any]) -> None:
    with Wire(text(WAIT), Drop()) as wire:
        with pytest.raises(infosecops.TransportError) as caught, window(connect, wire):
            pass
        assert caught.value.outcome == "unknown"
        assert "TaskLeftOpen names the task" in caught.value.hint
        assert len(wire.requests) == 2


def test_once_it_waits_a_refusal_that_passes_is_outlived(connect: Callable[..., Any]) -> None:
    full = html("", "429 Later")
    plugin = Plugin(ask=[text(WAIT), full, text(GRANTED), full])
    with Wire(plugin) as wire:
        agents = opened(connect, wire, retry=Retry(1))
        with agents.maintenance_window(ID, **QUICK):
            assert plugin.log[:3] == [ASK] * 3
        with pytest.raises(infosecops.RateLimitedError), agents.maintenance_window(ID, **QUICK):
            plugin.bodies += 1
        assert (plugin.log.count(ASK), plugin.log[-1], plugin.bodies) == (4, ASK, 0)


@pytest.mark.parametrize("look", [html("", "401 No"), ok(BUSY), ok(STATE)], ids=["401", "busy", "enabled"])
def test_a_wait_that_fails_gives_the_agent_back(connect: Callable[..., Any], look: bytes) -> None:
    plugin = Plugin(look=[look])
    with Wire(plugin) as wire:
        expected = (infosecops.AuthenticationError, infosecops.WaitTimeout)
        with pytest.raises(expected) as caught, window(connect, wire, timeout=0.05):
            plugin.bodies += 1
        assert caught.value.operation == "agents.maintenance_window"
        assert (plugin.log[0], plugin.log[-1], plugin.log.count(FINISH), plugin.bodies) == (ASK, FINISH, 1, 0)


@pytest.mark.parametrize("ask", [[text(WAIT)], [text(GRANTED)]], ids=["asking", "looking"])
def test_what_a_listener_raises_leaves_nothing_open(connect: Callable[..., Any], ask: list[bytes]) -> None:
    def refuse(_: object) -> None:
        raise LookupError("enough")

    plugin = Plugin(ask=ask)
    with Wire(plugin) as wire:
        with pytest.raises(LookupError, match="enough"), window(connect, wire, on_progress=refuse):
            plugin.bodies += 1
        assert plugin.log == ([ASK] if ask == [text(WAIT)] else [ASK, LOOK, FINISH])
        assert plugin.bodies == 0


class OfBodyError(Exception):
    """What the body raises."""


class OfBodyExit(BaseException):
    """What the body raises that is no Exception."""


@pytest.mark.parametrize("kind", [OfBodyError, OfBodyExit, KeyboardInterrupt, SystemExit])
def test_whatever_the_body_raises_the_agent_is_given_back(
    connect: Callable[..., Any], kind: type[BaseException]
) -> None:
    plugin = Plugin()
    with Wire(plugin) as wire, pytest.raises(kind) as caught, window(connect, wire):
        raise kind
    assert plugin.log[-1] == FINISH
    assert caught.value.__context__ is None


TROUBLE = [
    (Drop(), "unknown", "task 1 of agent 131073 may be left open"),
    (html("", "500 Oops"), "unknown", "task 1 of agent 131073 may be left open"),
    (html("", "403 No"), "rejected", "task 1 of agent 131073 is left open"),
    (text(UH_OH), "rejected", "task 1 of agent 131073 is left open"),
]


@pytest.mark.parametrize(("answer", "outcome", "said"), TROUBLE)
def test_a_task_that_is_left_open_is_named(connect: Callable[..., Any], answer: Any, outcome: str, said: str) -> None:
    with Wire(text(GRANTED), ok(DISABLED), ok(DISABLED), answer) as wire:
        with pytest.raises(TaskLeftOpen, match=said) as caught, window(connect, wire):
            pass
        error = caught.value
        assert (error.outcome, error.task.id, error.task.agent_id) == (outcome, 1, ID)
        assert error.operation == "agents.maintenance_window"
        assert "agents.finish_maintenance(131073, 1)" in error.hint
        assert error.hint in str(error)
        assert len(wire.requests) == 4


@pytest.mark.parametrize(("answer", "outcome", "said"), TROUBLE)
def test_it_is_named_beside_what_the_body_raised(
    connect: Callable[..., Any], answer: Any, outcome: str, said: str
) -> None:
    with Wire(text(GRANTED), ok(DISABLED), ok(DISABLED), answer) as wire:
        with pytest.raises(TaskLeftOpen, match=said) as caught, window(connect, wire):
            raise OfBodyError("the update failed")
        assert caught.value.outcome == outcome
        assert isinstance(caught.value.__context__, OfBodyError)
        shown = shown_of(caught.value)
        assert "the update failed" in shown
        assert said in shown


@pytest.mark.parametrize("kind", [OfBodyExit, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("earlier", [None, OfBodyError("before")])
def test_what_is_no_exception_goes_up_and_says_it_too(
    connect: Callable[..., Any], kind: type[BaseException], earlier: Exception | None
) -> None:
    with Wire(text(GRANTED), ok(DISABLED), ok(DISABLED), Drop()) as wire:
        with pytest.raises(kind) as caught, window(connect, wire):
            raise kind from earlier
        before = caught.value.__cause__ or caught.value
        assert isinstance(before.__context__, TaskLeftOpen)
        assert before.__context__.task.id == 1
        assert "task 1 of agent 131073 may be left open" in shown_of(caught.value)


def hide(error: Exception) -> None:
    try:
        raise error
    except OfBodyError:
        raise SystemExit(3) from None


def test_it_is_shown_though_the_body_hides_what_was_before(connect: Callable[..., Any]) -> None:
    with Wire(text(GRANTED), ok(DISABLED), ok(DISABLED), Drop()) as wire:
        with pytest.raises(SystemExit) as caught, window(connect, wire):
            hide(OfBodyError("hidden"))
        shown = shown_of(caught.value)
        assert "task 1 of agent 131073 may be left open" in shown
        assert "OfBodyError: hidden" not in shown


def test_a_wait_and_a_finish_that_fail_are_both_told(connect: Callable[..., Any]) -> None:
    with Wire(text(GRANTED), html("", "401 No"), html("", "500 Oops")) as wire:
        with pytest.raises(TaskLeftOpen) as caught, window(connect, wire):
            pass
        assert isinstance(caught.value.__context__, infosecops.AuthenticationError)


def test_a_window_is_not_entered_twice_at_once(connect: Callable[..., Any]) -> None:
    plugin = Plugin()
    with Wire(plugin) as wire:
        one = window(connect, wire)
        with one, pytest.raises(RuntimeError, match="open already"), one:
            pass
        assert plugin.log == [ASK, LOOK, LOOK, FINISH]
        with one:
            assert "agent 131073: open" in repr(one)
        assert "not open" in repr(one)
        assert plugin.log == [ASK, LOOK, LOOK, FINISH] * 2
        with pytest.raises(RuntimeError, match="not open"):
            one.__exit__(None, None, None)


# In the sandbox.


def test_agents_take_turns_in_the_sandbox(connect: Callable[..., Any]) -> None:
    with Sandbox() as box:
        agents = connect("BambooAgents", box.url).agents(box.bamboo_agents.access_token)
        with agents.maintenance_window(131073, **QUICK) as task:
            assert agents.state(131073).enabled is False
            with (
                pytest.raises(infosecops.WaitTimeout),
                agents.maintenance_window(131074, **QUICK, siblings_timeout=0.05),
            ):
                pass
            with pytest.raises(TaskLeftOpen) as caught, agents.maintenance_window(131073, **QUICK):
                pass
            assert caught.value.task.id == task.id
        assert agents.state(131073).enabled is True
        box.bamboo_agents.set_agent_busy(131074, polls=2)
        with agents.maintenance_window(131074, **QUICK):
            assert agents.state(131074).busy is False
        assert box.journal.count(operation="agents.finish_maintenance") == 2
        box.bamboo_agents.set_maintenance(max_away=2)
        with agents.maintenance_window(131073, **QUICK), agents.maintenance_window(131074, **QUICK):
            pass
        box.bamboo_agents.set_maintenance(allowed=False)
        with pytest.raises(infosecops.ConflictError), agents.maintenance_window(131073, **QUICK):
            pass


def shown_of(error: BaseException) -> str:
    return "".join(traceback.format_exception(type(error), error, error.__traceback__))
