"""What is believed of what a server says about agents, and that nothing is ever assumed."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from test_agents import CAPABILITIES, FINISHED, GRANTED, ID, LISTED, STATE, STATE_TEXT, UH_OH, UUID, opened, text
from wire import Wire, html, ok

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_form_that_was_not_asked_for_is_understood_too(connect: Callable[..., Any], form: str) -> None:
    other = text("\nBUSY=TRUE\r\nENABLED=False\r\n") if form == "json" else ok(STATE.replace("false", '"TRUE"'))
    with Wire(other) as wire:
        state = opened(connect, wire).state(ID, form=form)
        assert (state.id, state.busy) == (ID, True)


def test_odd_fields_are_kept(connect: Callable[..., Any]) -> None:
    with Wire(
        ok('{"id": "131073", "enabled": "true", "new": [1]}'),
        text(GRANTED.replace("TASK=1", "NEW=$(reboot)\nTASK=1")),
    ) as wire:
        agents = opened(connect, wire)
        state = agents.state(ID)
        assert (state.enabled, state.busy, state.name, state.extra) == (True, None, None, {"new": [1]})
        assert agents.maintenance(ID).extra == {"new": "$(reboot)"}


UNREADABLE = [
    html("<html><body><form action='/userlogin.action'></form></body></html>", "200 OK"),
    ok(""),
    ok("null"),
    ok('"x"'),
    ok('{"id": 131073}'),
    ok('{"id": 131073, "enabled": "perhaps"}'),
    text("BUSY=false\n"),
    text("ENABLED=\nBUSY=false\n"),
    text("ENABLED=true\x00\nBUSY=false\n"),
    ok(STATE.replace("131073", "131074")),
]


@pytest.mark.parametrize("answer", UNREADABLE)
@pytest.mark.parametrize("call", ["state", "enable"])
def test_no_state_is_ever_assumed(connect: Callable[..., Any], answer: bytes, call: str) -> None:
    with Wire(answer) as wire:
        with pytest.raises(infosecops.UnexpectedContentError) as caught:
            getattr(opened(connect, wire), call)(ID)
        assert caught.value.outcome == "unknown"
        assert len(wire.requests) == 1


def test_a_switch_that_does_not_take_is_an_error(connect: Callable[..., Any]) -> None:
    with Wire(ok(STATE)) as wire:
        with pytest.raises(infosecops.UnexpectedContentError, match="agent 131073 is still enabled") as caught:
            opened(connect, wire).disable(ID)
        assert f"agents.state({ID}).enabled" in caught.value.hint
        wire.answers = [ok(CAPABILITIES)]
        with pytest.raises(infosecops.UnexpectedContentError, match="2 capabilities are left"):
            opened(connect, wire).clear_capabilities(ID)


@pytest.mark.parametrize(
    "answer",
    [
        GRANTED.replace("TASK=1 \n", ""),
        GRANTED.replace("TASK=1 ", "TASK=0"),
        GRANTED.replace("TASK=1 ", "TASK=one"),
        GRANTED.replace("PCODE=YES_CHILD\n", ""),
        GRANTED.replace("ENABLED=false\n", ""),
        STATE_TEXT,
        "<html>log in</html>",
    ],
)
def test_no_permission_is_ever_assumed(connect: Callable[..., Any], answer: str) -> None:
    with Wire(text(answer)) as wire:
        with pytest.raises(infosecops.UnexpectedContentError) as caught:
            opened(connect, wire).maintenance(ID)
        assert caught.value.outcome == "unknown"
        assert "TaskLeftOpen" in caught.value.hint


@pytest.mark.parametrize("code", ["NO_CHILD", "WAIT_FOR_SIBLINGS", "GO_TO_BED"])
def test_other_answers_to_a_request_for_maintenance_are_given(connect: Callable[..., Any], code: str) -> None:
    with Wire(text(GRANTED.replace("YES_CHILD", code).replace("TASK=1 ", "TASK=0"))) as wire:
        task = opened(connect, wire).maintenance(ID)
        assert (task.code, task.id, task.granted) == (code, None, False)


def test_an_earlier_task_in_the_way_is_an_error(connect: Callable[..., Any]) -> None:
    with Wire(text(UH_OH)) as wire:
        agents = opened(connect, wire)
        with pytest.raises(infosecops.TaskLeftOpen, match="task 6 of agent 131073 is open already: Records") as caught:
            agents.maintenance(ID)
        error = caught.value
        assert (error.outcome, error.code, error.task.id, error.task.version) == ("rejected", "UH_OH", 6, "LATEST")
        assert "agents.finish_maintenance(131073, 6)" in error.hint
        again = pickle.loads(pickle.dumps(error))
        assert (again.task, str(again)) == (error.task, str(error))
        wire.answers = [text(UH_OH.replace("TASK=6", "TASK=0"))]
        for call in (lambda: agents.maintenance(ID), lambda: agents.finish_maintenance(ID, 6)):
            with pytest.raises(infosecops.ConflictError) as caught:
                call()
            assert (caught.value.outcome, caught.value.code) == ("rejected", "UH_OH")


@pytest.mark.parametrize("code", ["YES_CHILD", "WAIT_FOR_SIBLINGS", "BYE"])
def test_only_one_answer_means_that_a_task_is_finished(connect: Callable[..., Any], code: str) -> None:
    with Wire(text(FINISHED.replace("NO_CHILD", code))) as wire:
        with pytest.raises(infosecops.UnexpectedContentError, match=code) as caught:
            opened(connect, wire).finish_maintenance(ID, 6)
        assert caught.value.outcome == "unknown"


@pytest.mark.parametrize("answer", ["PVERSION=\n", "VERSION=1\n", "", "<html></html>"])
def test_a_version_is_needed(connect: Callable[..., Any], answer: str) -> None:
    with Wire(text(answer)) as wire, pytest.raises(infosecops.UnexpectedContentError):
        opened(connect, wire).target_version()


@pytest.mark.parametrize(("call", "row"), [("list", LISTED), ("capabilities", CAPABILITIES)])
def test_one_odd_record_never_loses_a_list(
    connect: Callable[..., Any], caplog: pytest.LogCaptureFixture, call: str, row: str
) -> None:
    good = json.loads(row)
    more = (ID,) if call == "capabilities" else ()
    with Wire(ok(json.dumps([{"name": "no id"}, *good, 5])), ok("[5]"), ok("{}"), ok("[]")) as wire:
        look = getattr(opened(connect, wire), call)
        assert len(look(*more)) == len(good)
        assert f"2 of {len(good) + 2} records could not be read" in caplog.text
        for _ in range(2):
            with pytest.raises(infosecops.UnexpectedContentError):
                look(*more)
        assert look(*more) == []


def test_what_servers_echo_is_masked(connect: Callable[..., Any]) -> None:
    echo = f'"no {UUID} {"x" * 590}{UUID}"'
    for code in ("UH_OH", "NO_CHILD", UUID):
        answer = GRANTED.replace("YES_CHILD", code).replace('"you may upgrade once idle"', echo)
        with Wire(text(answer.replace("TASK=1 ", "TASK=0"))) as wire:
            with pytest.raises(infosecops.Error) as caught, opened(connect, wire).maintenance_window(ID, settle=0):
                pass
            shown = f"{caught.value} {caught.value.__dict__}"
            assert UUID[:8] not in shown
            assert "****" in shown
