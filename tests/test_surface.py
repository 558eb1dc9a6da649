"""The public surface: what is promised is there, and everything is explained."""

from __future__ import annotations

import inspect
import sys

import infosecops
import infosecops.errors
import infosecops.sandbox
import pytest
from infosecops import _lists, bamboo_agents, sd_elements, sectona

REQUEST = "(method, path, *, params=None, json=None, body=None, headers=None, effect='unsafe')"
CLIENT = {
    "request": REQUEST,
    "close": "()",
    "url": "",
    "from_env": "(**overrides)",
    "from_profile": "(profile, **overrides)",
    "config_report": "()",
}
JOB_FILTERS = (
    "automatic=None, connection=None, ready=None, succeeded=None, user=None, expand=None, page_size=None, limit=None"
)
WAIT_ALL = "timeout=600.0, poll_interval=2.0, max_concurrency=8, on_progress=None, on_failure='raise', executor=None"
KINDS = {"alm": "", "analysis": "", "ldap": "", "kind": "(kind)"}

# Every public member of a class with its parameters; nothing in place of them stands for a property.
SURFACE = {
    infosecops.GovernanceLifecycle: {
        **CLIENT,
        "__init__": "(url, *, token=None, login=None, logout_on_close=True, **common)",
        "upload_coverage": (
            "(coverage=None, *, type, id=None, name=None, filename=None, alt_manager_resolves_to=None, check=False)"
        ),
        "update_review_items": (
            "(review, changes, *, sign_off=False, sign_off_comments=None, comments_only=False, chunk_size=None, "
            "same_state_ok=False, on_partial='raise', dry_run=False, on_progress=None, progress=False, executor=None)"
        ),
        "command": "(name, *, params=None, body=None, method='GET', effect='unsafe')",
        "login": "()",
        "logout": "()",
        "keep_alive": "()",
        "get_security_settings": "()",
        "run_review": "(name)",
        "get_run_status": "(run_id)",
        "wait_for_run": "(run_id, *, timeout=3600.0, poll_interval=5.0, on_progress=None)",
        "get_review_result": "(run_id)",
        "get_review_status": "(id)",
        "set_review_state": "(id, state)",
        "refresh_review": "(id, **options)",
        "update_unreviewed_items": "(id, state, *, unassigned=None, grouping=None, comment=None)",
    },
    infosecops.SDElements: {
        **CLIENT,
        "__init__": "(url, *, token, **common)",
        "jobs": "",
        "connections": "",
    },
    sd_elements.Jobs: {**KINDS, "list": f"(*, {JOB_FILTERS})", "wait_all": f"(jobs, *, {WAIT_ALL})"},
    sd_elements.JobsOfKind: {
        "list": f"(*, {JOB_FILTERS})",
        "get": "(job_id)",
        "find_running": "(connection)",
        "start": "(connection, *, automatic=False, project=None)",
        "report": "(connection, *, succeeded, result_message, automatic=True, ready=None, project=None)",
        "wait_all": f"(jobs, *, {WAIT_ALL})",
        "wait": "(job, *, timeout=600.0, poll_interval=2.0, on_progress=None, on_failure='raise')",
    },
    sd_elements.Connections: KINDS,
    sd_elements.ConnectionsOfKind: {
        "list": "(*, project=None, include=None, page_size=None, limit=None)",
        "get": "(connection_id)",
    },
    _lists.LazyList: {"pages": "()", "collect": "()"},
    infosecops.Sectona: {
        **CLIENT,
        "__init__": "(url, *, access_key, accept='json', failover=(), cache_ttl=None, **common)",
        "request_password": (
            "(asset_type, asset_host, account_name, *, instance='Default', db_instance=None, fresh=False)"
        ),
        "request_passwords": (
            "(requests, *, max_concurrency=4, on_partial='raise', on_progress=None, on_result=None, fresh=False, "
            "executor=None)"
        ),
        "credential": (
            "(asset_type, asset_host, account_name, *, instance='Default', db_instance=None, field='password')"
        ),
        "call": "(path, fields)",
    },
    sectona.VaultCredential: {},
    infosecops.BambooAgents: {
        **CLIENT,
        "__init__": "(url, *, username=None, password=None, token=None, api='auto', **common)",
        "tokens": "",
        "agents": "(uuid)",
    },
    bamboo_agents.Agents: {
        "list": "()",
        "state": "(id, *, form='json')",
        "enable": "(id)",
        "disable": "(id)",
        "capabilities": "(id)",
        "clear_capabilities": "(id)",
        "maintenance": "(id)",
        "finish_maintenance": "(id, task)",
        "target_version": "()",
        "wait_until_idle": "(id, *, settle=120.0, timeout=3600.0, poll_interval=5.0, on_progress=None)",
        "maintenance_window": (
            "(id, *, siblings_timeout=3600.0, settle=120.0, timeout=3600.0, poll_interval=15.0, on_progress=None)"
        ),
    },
    bamboo_agents.MaintenanceWindow: {},
    bamboo_agents.Tokens: {
        "list": "()",
        "create": "(name, *, read=True, change=False)",
        "update": "(token, *, name=None, read=None, change=None)",
        "find": "(name)",
        "ensure": "(name, *, read=True, change=False)",
        "revoke": "(token)",
    },
}
TWINS = {
    cls: getattr(sys.modules[cls.__module__.replace("._jobs", "._async_jobs")], f"Async{cls.__name__}")
    for cls in SURFACE
}

ATTRIBUTES = {
    "AccessToken": "uuid name read change extra",
    "AccountRequest": "asset_type asset_host account_name instance db_instance",
    "BulkEntry": "index input value error",
    "BulkResult": "succeeded failed unknown ok total values",
    "Agent": "id name enabled busy online extra",
    "AgentState": "id name enabled busy extra",
    "ApplicationRole": "name business_source",
    "Capability": "key value extra",
    "ChangeResult": "index change reason",
    "CommandResult": "type status message data",
    "ConfigEntry": "name value source shadowed to_dict",
    "ConfigReport": "to_dict",
    "Connection": "id kind alias system frequency command params project inaccessible extra",
    "CoverageProblem": "line column field severity problem fix",
    "CoverageReport": "ok rules errors warnings problems",
    "CoverageRule": "reviewer object_type objects subjects subject_type privilege from_csv",
    "EnsureResult": "token changed",
    "Entitlement": "resource action business_source",
    "Envelope": "version is_success log_code status_code message timestamp timestamp_text result",
    "Event": "kind system operation method url attempt status delay reason elapsed",
    "GlobalRole": "name role_set",
    "Group": "name business_source",
    "Job": "id kind user triggered_by automatic ready succeeded result_message last_run connection extra",
    "MaintenanceTask": "id agent_id code message version enabled busy granted extra",
    "Response": "status headers content text json",
    "Retry": "attempts base cap",
    "RevieweeAccount": "name business_source",
    "ReviewItemChange": "state reviewee item account comments expires_on from_csv",
    "ReviewItemResult": "label account ok reason",
    "ReviewStatus": "name state start_date total_entitlements extra",
    "ReviewUpdate": ("updated total ok items succeeded failed unknown counts iter_results retry_failed raw raw_parts"),
    "RunStatus": "overall_status start_time completed_time extra",
    "Secret": "reveal reveal_bytes",
    "SecretFile": "path",
    "SecuritySettings": "token_inactivity_timeout token_lifespan_timeout extra",
    "Table": "flattened to_dicts to_pandas to_polars",
    "TrustedApp": "",
    "UserLogin": "",
    "VaultAccount": (
        "asset_type asset_host account_name authentication_type account_type password pass_phrase created_by "
        "created_on created_on_text status kind extra write_key"
    ),
}
MADE_BY_USERS = {
    "AccountRequest": "(asset_type, asset_host, account_name, *, instance='Default', db_instance=None)",
    "ApplicationRole": "(name, business_source)",
    "CoverageRule": ("(reviewer, object_type, *, objects='1=1', subjects='1=1', subject_type='user', privilege='')"),
    "Entitlement": "(resource, action, business_source)",
    "GlobalRole": "(name, role_set)",
    "Group": "(name, business_source)",
    "Retry": "(attempts=3, base=0.5, cap=20.0)",
    "RevieweeAccount": "(name, business_source)",
    "ReviewItemChange": "(state, reviewee, item, *, account=None, comments=None, expires_on=None)",
    "Secret": "(text)",
    "SecretFile": "(path, *, allow_others=False)",
    "TrustedApp": "(client_id, client_secret)",
    "UserLogin": "(username, password, auth_source=None)",
}
ERRORS = {
    "Error": "Exception",
    "ConfigError": "Error ValueError",
    "TransportError": "Error",
    "ConnectError": "TransportError",
    "TlsError": "TransportError",
    "ProxyError": "TransportError",
    "DeadlineExceeded": "Error TimeoutError",
    "ApiError": "Error",
    "BadRequestError": "ApiError",
    "AuthenticationError": "ApiError",
    "PermissionDeniedError": "ApiError",
    "NotFoundError": "ApiError",
    "ConflictError": "ApiError",
    "PreconditionFailedError": "ApiError",
    "RateLimitedError": "ApiError",
    "ServerError": "ApiError",
    "UnexpectedContentError": "Error",
    "PartialFailure": "Error",
    "JobFailed": "Error",
    "WaitTimeout": "Error TimeoutError",
    "AmbiguousMatch": "Error",
    "TaskLeftOpen": "Error",
}
SANDBOX = {
    infosecops.sandbox.Sandbox: {
        "__init__": "(port=0, *, bamboo_api='agent-config', tls=None, client_ca=None)",
        "start": "()",
        "stop": "()",
        "wait": "(timeout=None)",
        "running": "",
        "url": "",
        "port": "",
        "describe": "()",
        "open_connections": "()",
        "close_idle_connections": "()",
        "set_idle_timeout": "(timeout)",
    },
    infosecops.sandbox.Faults: {"next": "(*, times=1, **fault)", "always": "(**fault)", "clear": "()", "pending": ""},
    infosecops.sandbox.Jobs: {
        "progress": "(how, n=None, *, then='succeeded', message='')",
        "finish": "(job_id, *, succeeded=True, message='', kind=None)",
        "finish_run": "(run_id, *, succeeded=True)",
    },
    infosecops.sandbox.Journal: {
        "entries": "(*, system=None, operation=None, method=None)",
        "count": "(*, system=None, operation=None, method=None)",
        "last": "(*, system=None, operation=None, method=None)",
        "clear": "()",
    },
}


def parameters(function: object) -> str:
    """Names, kinds and defaults, without self and types."""
    given = inspect.signature(function).parameters.values()
    bare = [each.replace(annotation=each.empty) for each in given if each.name not in ("self", "cls")]
    return str(inspect.Signature(bare))


def function_of(member: object) -> object:
    """The function in a class method; anything else as it is."""
    return member.__func__ if isinstance(member, classmethod) else member


def public(cls: type) -> set[str]:
    return {name for name in dir(cls) if not name.startswith("_")}


def members(cls: type, wanted: dict[str, str]) -> dict[str, str]:
    """What is public in a class, and what is wanted beside it."""
    found = {}
    for name in public(cls) | wanted.keys():
        value = function_of(inspect.getattr_static(cls, name))
        found[name] = parameters(value) if inspect.isfunction(value) else ""
    return found


def named(cls: type) -> str:
    return cls.__name__


@pytest.mark.parametrize("cls", [*SURFACE, *SANDBOX], ids=named)
def test_every_method_has_the_promised_parameters(cls: type) -> None:
    wanted = {**SURFACE, **SANDBOX}[cls]
    assert members(cls, wanted) == wanted


def test_nothing_else_is_public() -> None:
    clients = {cls.__name__ for cls in [*SURFACE, *TWINS.values()] if cls.__module__.startswith("infosecops.")}
    clients = {name for name in clients if hasattr(infosecops, name)}
    assert set(infosecops.__all__) == clients | ATTRIBUTES.keys() | ERRORS.keys() | {
        *("__version__", "check_coverage", "equals")
    }
    assert set(infosecops.errors.__all__) == ERRORS.keys()
    assert len(set(infosecops.__all__)) == len(infosecops.__all__)
    assert set(infosecops.__all__) <= set(dir(infosecops))
    with pytest.raises(AttributeError, match="no attribute 'GovernenceLifecycle'"):
        _ = infosecops.GovernenceLifecycle


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_every_value_has_the_promised_attributes(name: str) -> None:
    assert set(ATTRIBUTES[name].split()) <= public(getattr(infosecops, name))


@pytest.mark.skipif(sys.version_info < (3, 10), reason="CPython 3.9 does not tell the signatures of native classes")
@pytest.mark.parametrize("name", MADE_BY_USERS)
def test_every_value_is_made_as_promised(name: str) -> None:
    assert parameters(getattr(infosecops, name)) == MADE_BY_USERS[name]


@pytest.mark.parametrize("name", sorted(ATTRIBUTES.keys() - MADE_BY_USERS.keys()))
def test_what_servers_answer_is_not_made_by_users(name: str) -> None:
    with pytest.raises(TypeError):
        getattr(infosecops, name)()


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_has_its_place(name: str) -> None:
    cls = getattr(infosecops, name)
    assert " ".join(base.__name__ for base in cls.__bases__) == ERRORS[name]
    attributes = "system operation method url status code request_id body_excerpt attempts elapsed outcome hint"
    own = {"PartialFailure": " result", "JobFailed": " job", "WaitTimeout": " last", "TaskLeftOpen": " task"}.get(
        name, ""
    )
    assert set((attributes + own).split()) <= public(cls)


@pytest.mark.parametrize("cls", [cls for cls in SURFACE if "url" in SURFACE[cls]], ids=named)
def test_all_clients_take_the_common_keywords(cls: type) -> None:
    needed = {infosecops.SDElements: {"token": "x"}, infosecops.Sectona: {"access_key": "x"}}.get(cls, {})
    common = {
        "timeout": 30.0,
        "connect_timeout": 10.0,
        "retry": infosecops.Retry(),
        "ca_file": None,
        "client_cert": None,
        "proxy": None,
        "allow_http": False,
        "danger_accept_invalid_certs": False,
        "max_response_bytes": 256 * 1024 * 1024,
        "max_connections": 100,
        "user_agent": None,
        "headers": None,
        "on_event": None,
    }
    for each in (cls, TWINS[cls]):
        assert each("https://example.com", **needed, **common).url == "https://example.com"
        with pytest.raises(TypeError, match="time_out"):
            each("https://example.com", **needed, time_out=1)


def explained() -> list[object]:
    """All that is public, with the names by which failures are told."""
    modules = [infosecops, infosecops.sandbox, sd_elements, sectona, bamboo_agents]
    owners = {name: getattr(module, name) for module in modules for name in module.__all__ if name != "__version__"}
    found = dict(owners)
    for owner, cls in owners.items():
        if inspect.isclass(cls):
            inherited = {name for base in cls.__mro__ if base.__module__ == "builtins" for name in dir(base)}
            members = {name: inspect.getattr_static(cls, name) for name in public(cls) - inherited}
            found |= {f"{owner}.{name}": each for name, each in members.items() if hasattr(each, "__get__")}
    return [pytest.param(found[name], id=name) for name in sorted(found)]


@pytest.mark.parametrize("value", explained())
def test_everything_public_has_a_docstring(value: object) -> None:
    assert (value.__doc__ or "").strip()
    assert value.__doc__ not in {object.__doc__, Exception.__doc__}
