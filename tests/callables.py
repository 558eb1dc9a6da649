"""Every public callable of the package with arguments that it takes, by name."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import infosecops
from infosecops import Retry, UserLogin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILES = Path(__file__).parent / "files"
CHANGE = {"state": "revoke", "reviewee": "a", "item": {"kind": "group", "name": "g", "business_source": "b"}}
COMMON = {
    "timeout": 5.0,
    "connect_timeout": 5.0,
    "retry": Retry(),
    "ca_file": None,
    "client_cert": None,
    "proxy": "direct",
    "allow_http": False,
    "danger_accept_invalid_certs": False,
    "max_response_bytes": 1000,
    "max_connections": 10,
    "user_agent": None,
    "headers": None,
    "on_event": None,
}
LIST = dict.fromkeys(("automatic", "connection", "ready", "succeeded", "user", "expand", "page_size", "limit"))
WAIT_ALL = {
    "timeout": 5.0,
    "poll_interval": 0.1,
    "max_concurrency": 2,
    "on_progress": None,
    "on_failure": "raise",
    "executor": None,
}
REFRESH = dict.fromkeys(
    (
        "coverage",
        "clear_reassignments",
        "users",
        "groups",
        "roles",
        "entitlements",
        "accounts",
        "review_analysis",
        "resources",
        "descriptions",
    )
)
RAW = {"method": "POST", "path": "x", "params": {"a": 1}, "json": None, "body": None, "headers": None, "effect": "read"}
WAIT = {"timeout": 0.05, "poll_interval": 0.02, "on_progress": None}
TOKEN = {"name": "n", "read": True, "change": False}

CONSTRUCTORS: dict[str, dict[str, Any]] = {
    "check_coverage": {"coverage": "a=1|user|1=1|ent|1=1|", "type": "reviewer"},
    "equals": {"column": "c", "value": "v"},
    "Secret": {"text": "x"},
    "SecretFile": {"path": "x", "allow_others": False},
    "AccountRequest": {
        "asset_type": "a",
        "asset_host": "h",
        "account_name": "n",
        "instance": "Default",
        "db_instance": None,
    },
    "Retry": {"attempts": 1, "base": 0.1, "cap": 1.0},
    "UserLogin": {"username": "u", "password": "p", "auth_source": None},
    "TrustedApp": {"client_id": "c", "client_secret": "s"},
    "Entitlement": {"resource": "r", "action": "-", "business_source": "b"},
    "ApplicationRole": {"name": "n", "business_source": "b"},
    "Group": {"name": "n", "business_source": "b"},
    "GlobalRole": {"name": "n", "role_set": "s"},
    "RevieweeAccount": {"name": "n", "business_source": "b"},
    "ReviewItemChange": {
        "state": "maintain",
        "reviewee": "r",
        "item": CHANGE["item"],
        "account": None,
        "comments": None,
        "expires_on": None,
    },
    "CoverageRule": {
        "reviewer": "r",
        "object_type": "ent",
        "objects": "1=1",
        "subjects": "1=1",
        "subject_type": "user",
        "privilege": "",
    },
}
READERS: dict[str, dict[str, Any]] = {
    f"{name}.from_csv": {"path": str(FILES / file), "encoding": "utf-8", "delimiter": ",", "columns": None}
    for name, file in {"ReviewItemChange": "changes.csv", "CoverageRule": "rules.csv"}.items()
}
CLIENTS: dict[str, dict[str, Any]] = {
    "GovernanceLifecycle": {"token": "t", "login": None, "logout_on_close": True},
    "SDElements": {"token": "t"},
    "Sectona": {"access_key": "k", "accept": "json", "failover": [], "cache_ttl": None},
    "BambooAgents": {"username": "u", "password": "p", "token": None, "api": "agent-config"},
}
METHODS: dict[str, dict[str, dict[str, Any]]] = {
    "GovernanceLifecycle": {
        "request": RAW,
        "update_review_items": {
            "review": "R",
            "changes": [CHANGE],
            "sign_off": False,
            "sign_off_comments": None,
            "comments_only": False,
            "chunk_size": None,
            "same_state_ok": False,
            "on_partial": "return",
            "dry_run": False,
            "on_progress": None,
            "progress": False,
            "executor": None,
        },
        "upload_coverage": {
            "coverage": "a|b",
            "type": "reviewer",
            "id": 1,
            "name": None,
            "filename": None,
            "alt_manager_resolves_to": None,
            "check": False,
        },
        "command": {"name": "x", "params": {"a": 1}, "body": None, "method": "POST", "effect": "read"},
        "run_review": {"name": "n"},
        "get_run_status": {"run_id": "1"},
        "get_review_result": {"run_id": "1"},
        "wait_for_run": {"run_id": "1", "timeout": 0.05, "poll_interval": 0.02, "on_progress": None},
        "get_review_status": {"id": 1},
        "set_review_state": {"id": 1, "state": "active"},
        "refresh_review": {"id": 1, **REFRESH, "applications": ["x"]},
        "update_unreviewed_items": {"id": 1, "state": "revoke", "unassigned": None, "grouping": None, "comment": None},
        **{name: {} for name in ("login", "logout", "keep_alive", "get_security_settings", "close")},
    },
    "SDElements": {
        "request": RAW,
        "close": {},
        "jobs.list": LIST,
        "jobs.kind": {"kind": "alm"},
        "jobs.alm.list": LIST,
        "jobs.alm.get": {"job_id": 1},
        "jobs.alm.find_running": {"connection": 1},
        "jobs.alm.start": {"connection": 1, "automatic": False, "project": None},
        "jobs.alm.report": {
            "connection": 1,
            "succeeded": True,
            "result_message": "x",
            "automatic": True,
            "ready": None,
            "project": None,
        },
        "jobs.wait_all": {"jobs": [], **WAIT_ALL},
        "jobs.alm.wait_all": {"jobs": [1], **WAIT_ALL},
        "jobs.alm.wait": {
            "job": 1,
            "timeout": 5.0,
            "poll_interval": 0.1,
            "on_progress": None,
            "on_failure": "raise",
        },
        "connections.kind": {"kind": "alm"},
        "connections.alm.list": dict.fromkeys(("project", "include", "page_size", "limit")),
        "connections.alm.get": {"connection_id": 1},
    },
    "Sectona": {
        "request": RAW,
        "close": {},
        "request_password": {
            "asset_type": "a",
            "asset_host": "h",
            "account_name": "n",
            "instance": "Default",
            "db_instance": None,
            "fresh": False,
        },
        "request_passwords": {
            "requests": [("a", "h", "n")],
            "max_concurrency": 2,
            "on_partial": "return",
            "on_progress": None,
            "on_result": None,
            "fresh": True,
            "executor": None,
        },
        "credential": {
            "asset_type": "a",
            "asset_host": "h",
            "account_name": "n",
            "instance": "Default",
            "db_instance": None,
            "field": "password",
        },
        "call": {"path": "x", "fields": {"a": 1}},
    },
    "BambooAgents": {
        "request": RAW,
        "close": {},
        "agents": {"uuid": "u-u-i-d"},
        "tokens.list": {},
        "tokens.create": TOKEN,
        "tokens.update": {"token": "u-u-i-d", **TOKEN},
        "tokens.find": {"name": "n"},
        "tokens.ensure": TOKEN,
        "tokens.revoke": {"token": "u-u-i-d"},
    },
    # What `agents` of a Bamboo client gives.
    "Agents": {
        **{name: {} for name in ("list", "target_version")},
        **{name: {"id": 1} for name in ("enable", "disable", "capabilities", "clear_capabilities", "maintenance")},
        "state": {"id": 1, "form": "json"},
        "finish_maintenance": {"id": 1, "task": 1},
        "wait_until_idle": {"id": 1, "settle": 0.0, **WAIT},
        "maintenance_window": {"id": 1, "settle": 0.0, "siblings_timeout": 0.05, **WAIT},
    },
}
for _name, _own in CLIENTS.items():
    _found = {"url": "http://127.0.0.1:9", **_own, "proxy": "direct"}
    METHODS[_name] |= {"config_report": {}, "from_env": _found, "from_profile": {"profile": "prod", **_found}}


@dataclass(frozen=True)
class Case:
    """One callable and what it takes."""

    label: str
    client: str | None
    path: str
    good: dict[str, Any]

    def run(self, clients: dict[str, Any], arguments: dict[str, Any]) -> object:
        """Call it, and read what it gives if that is lazy."""
        target = infosecops if self.client is None else clients[self.client]
        for name in self.path.split("."):
            target = getattr(target, name)
        result: Any = target(**arguments)
        if self.path.endswith("kind"):
            return result.get(1)
        return result.collect() if hasattr(result, "collect") else result


def cases() -> Iterator[Case]:
    """All of them; the clients of both kinds."""
    for name, good in {**CONSTRUCTORS, **READERS}.items():
        yield Case(name, None, name, good)
    for name, own in CLIENTS.items():
        for prefix in ("", "Async"):
            # The keywords that all share are read by the same code.
            common = COMMON if name == "SDElements" else {"proxy": "direct"}
            yield Case(prefix + name, None, prefix + name, {"url": "http://127.0.0.1:9", **own, **common})
    yield Case(
        "GovernanceLifecycle login",
        None,
        "GovernanceLifecycle",
        {"url": "http://127.0.0.1:9", "login": UserLogin("u", "p"), "proxy": "direct"},
    )
    for client, methods in METHODS.items():
        for path, good in methods.items():
            yield Case(f"{client}.{path}", client, path, good)


def parameters(target: Callable[..., Any], *, of_method: bool) -> set[str]:
    """Those that a table must have."""
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    found = inspect.signature(target).parameters.values()
    return {parameter.name for parameter in found if parameter.kind not in kinds} - ({"self"} if of_method else set())
