"""The matrix's rows for Agent APIs for Bamboo."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import agent_calls
from agent_calls import DISABLED, IDLE, QUICK
from matrix_calls import raw
from matrix_row import ATTEMPTS, BAMBOO, PATIENT, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infosecops.sandbox import Sandbox

NUMBERS = count()
ANOTHER_TOKEN = b'{"uuid": "00000000-0000-4000-8000-000000000001", "name": "readOnly", "read": true, "change": true}'
ANOTHER_AGENT = b'{"id": 987654, "name": "another", "enabled": true, "busy": false}'
# Of an agent whose state is looked at or changed.
STATES = {"agents.state", "agents.enable", "agents.disable"}


def _token(box: Sandbox) -> Any:
    with box.bamboo_agents() as bamboo:
        return bamboo.tokens.list()[0]


def _update(bamboo: Any, token: Any) -> Any:
    return bamboo.tokens.update(token.uuid, name="readOnly", read=True, change=False)


def _ensure_new(bamboo: Any, _: Any) -> Any:
    return bamboo.tokens.ensure(f"made {next(NUMBERS)}")


def _ensure_same(bamboo: Any) -> Any:
    return bamboo.tokens.ensure("readOnly", read=True, change=False)


def _ensure_other(bamboo: Any, _: Any) -> Any:
    return bamboo.tokens.ensure("readOnly", read=True, change=True)


def rows() -> Iterator[Row]:
    def row(operation: str, effect: str, struck: str, call: Callable[[Any, Any], Any], **more: Any) -> Row:
        another = ANOTHER_AGENT if struck in STATES else ANOTHER_TOKEN if struck == "tokens.update" else b""
        return Row(BAMBOO, operation, effect, struck, call, another=another, **more)

    path = "/rest/agent-config/1.0/tokens/"
    yield row("tokens.list", "read", "tokens.list", lambda bamboo, _: bamboo.tokens.list())
    yield row(
        "tokens.list",
        "read",
        "tokens.list",
        lambda bamboo, _: bamboo.tokens.list(),
        note="paths not known yet",
        is_fresh=True,
    )
    yield row("tokens.create", "unsafe", "tokens.create", lambda bamboo, _: bamboo.tokens.create("agents"))
    yield row("tokens.update", "idempotent", "tokens.update", _update, prepare=_token)
    yield row(
        "tokens.update",
        "read",
        "tokens.list",
        lambda bamboo, token: bamboo.tokens.update(token.uuid, name="readOnly"),
        note="its list",
        prepare=_token,
    )
    yield row("tokens.find", "read", "tokens.list", lambda bamboo, _: bamboo.tokens.find("readOnly"))
    yield row("tokens.ensure", "read", "tokens.list", _ensure_new, note="its list")
    yield row("tokens.ensure", "unsafe", "tokens.create", _ensure_new, note="its create", lead=("tokens.list",))
    yield row(
        "tokens.ensure",
        "idempotent",
        "tokens.update",
        _ensure_other,
        note="its update",
        lead=("tokens.list",),
        before=_ensure_same,
    )
    yield row(
        "tokens.revoke",
        "idempotent",
        "tokens.update",
        lambda bamboo, token: bamboo.tokens.revoke(token),
        prepare=_token,
    )
    yield row("request", "read", "tokens.list", raw("GET", path, "read"), is_raw=True)
    yield from _agent_rows(row)


def _agent_rows(row: Callable[..., Row]) -> Iterator[Row]:
    def plain(name: str, effect: str, *arguments: int, **more: Any) -> Row:
        return row(f"agents.{name}", effect, f"agents.{name}", agent_calls.call(name, *arguments), **more)

    yield plain("list", "read")
    yield plain("state", "read", IDLE)
    yield plain("state", "read", IDLE, note="paths not known yet", is_fresh=True)
    as_text = agent_calls.call("state", IDLE, form="text")
    yield row("agents.state", "read", "agents.state_text", as_text, note="as text")
    yield plain("enable", "unsafe", IDLE)
    yield plain("disable", "unsafe", DISABLED)
    look = {"note": "its look", "is_fresh": True}
    yield row("agents.disable", "read", "agents.state", agent_calls.call("disable", DISABLED), **look)
    yield plain("capabilities", "read", IDLE)
    yield plain("clear_capabilities", "unsafe", IDLE)
    yield plain("target_version", "read")
    yield plain("maintenance", "unsafe", IDLE, before=agent_calls.close_task)
    yield row(
        "agents.finish_maintenance",
        "unsafe",
        "agents.finish_maintenance",
        agent_calls.finish,
        before=agent_calls.open_task,
    )
    waiting = agent_calls.call("wait_until_idle", DISABLED, timeout=PATIENT, **QUICK)
    yield row(
        "agents.wait_until_idle",
        "read",
        "agents.state",
        waiting,
        is_wait=True,
        limit=PATIENT,
        strikes=ATTEMPTS,
    )
    window = {"before": agent_calls.close_task}
    yield row(
        "agents.maintenance_window", "unsafe", "agents.maintenance", agent_calls.window, note="its request", **window
    )
    yield row(
        "agents.maintenance_window",
        "unsafe",
        "agents.finish_maintenance",
        agent_calls.window,
        note="its finish",
        lead=("agents.maintenance", "agents.state", "agents.state"),
        **window,
    )
