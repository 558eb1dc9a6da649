"""Records as servers answer them, and tables of them."""

from __future__ import annotations

import importlib.util
import json
from typing import Any

from infosecops import BambooAgents, SDElements, Table
from wire import Wire, ok

MARKER = "marker-secret-2c6e1f9a7b"
CONNECTION = {
    "id": 23,
    "alias": "Mine",
    "system": "Rally",
    "frequency": "daily",
    "command": "run",
    "project": 7,
    "inaccessible": False,
    "in_progress": True,
    "debug_mode": False,
    "params": {"alm_pass": MARKER, "alm_user": "u"},
    "secret": MARKER,
}
JOB = {
    "id": 12,
    "user": "a@b.c",
    "triggered_by": 9,
    "succeeded": True,
    "automatic": False,
    "ready": True,
    "result_message": 'line\n"two" <b>ü\x1b[31m',
    "last_run": "2015-04-15T15:27:24.396442-05:00",
    "connection": CONNECTION,
    "new_token": MARKER,
}
NOTHING = {**dict.fromkeys(JOB), "id": 13}
HOLLOW = {"id": 14, "connection": {}}
JOBS = [JOB, NOTHING, HOLLOW, {**JOB, "last_run": "1969-12-31T23:59:59.9999999Z"}]
TOKENS = [{"uuid": MARKER, "name": "one", "read": True, "change": False}]
AGENTS = [{"id": 1, "name": "linux", "enabled": True, "busy": None, "password": MARKER}, {"id": 2}]


def table_of(path: str, records: list[dict[str, Any]]) -> Table[Any]:
    with Wire(ok(json.dumps(records))) as wire:
        keywords = {"allow_http": True, "proxy": "direct"}
        if path in {"tokens", "agents"}:
            with BambooAgents(wire.url, api="agent-config", token="pat", **keywords) as bamboo:
                return bamboo.tokens.list() if path == "tokens" else bamboo.agents("uuid").list()
        with SDElements(wire.url, token="t", **keywords) as sde:
            return getattr(sde, path).alm.list().collect()


KINDS = {
    "jobs": ("jobs", JOBS),
    "no jobs": ("jobs", []),
    "jobs of nothing": ("jobs", [NOTHING, NOTHING]),
    "connections": ("connections", [CONNECTION, {"id": None}]),
    "tokens": ("tokens", TOKENS),
    "no tokens": ("tokens", []),
    "agents": ("agents", AGENTS),
}


def is_there(name: str) -> bool:
    return importlib.util.find_spec(name) is not None
