"""Safe and fast clients for four security platforms.

RSA / SecurID Governance & Lifecycle, SD Elements, Sectona PAM and Agent APIs for Bamboo: each has a client and an
``Async`` twin. Names are loaded when they are first used, so importing the package costs next to nothing.

Example:
    >>> import infosecops
    >>> infosecops.SDElements("https://sde.example.com", token=lambda: "from the vault")
    SDElements('https://sde.example.com')
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from infosecops._bulk import BulkEntry, BulkResult
    from infosecops._config_report import ConfigEntry, ConfigReport
    from infosecops._infosecops import (
        AccessToken,
        AccountRequest,
        Agent,
        AgentState,
        ApplicationRole,
        Capability,
        ChangeResult,
        CommandResult,
        Connection,
        CoverageProblem,
        CoverageReport,
        CoverageRule,
        EnsureResult,
        Entitlement,
        Envelope,
        Event,
        GlobalRole,
        Group,
        Job,
        MaintenanceTask,
        Response,
        Retry,
        RevieweeAccount,
        ReviewItemChange,
        ReviewItemResult,
        ReviewStatus,
        ReviewUpdate,
        RunStatus,
        Secret,
        SecretFile,
        SecuritySettings,
        TrustedApp,
        UserLogin,
        VaultAccount,
        __version__,
        check_coverage,
        equals,
    )
    from infosecops._lists import AsyncLazyList, LazyList
    from infosecops._tables import Table
    from infosecops.bamboo_agents import AsyncBambooAgents, BambooAgents
    from infosecops.errors import (
        AmbiguousMatch,
        ApiError,
        AuthenticationError,
        BadRequestError,
        ConfigError,
        ConflictError,
        ConnectError,
        DeadlineExceeded,
        Error,
        JobFailed,
        NotFoundError,
        PartialFailure,
        PermissionDeniedError,
        PreconditionFailedError,
        ProxyError,
        RateLimitedError,
        ServerError,
        TaskLeftOpen,
        TlsError,
        TransportError,
        UnexpectedContentError,
        WaitTimeout,
    )
    from infosecops.governance_lifecycle import AsyncGovernanceLifecycle, GovernanceLifecycle
    from infosecops.sd_elements import AsyncSDElements, SDElements
    from infosecops.sectona import AsyncSectona, Sectona

_PLACES = {
    "governance_lifecycle": "AsyncGovernanceLifecycle GovernanceLifecycle",
    "sd_elements": "AsyncSDElements SDElements",
    "sectona": "AsyncSectona Sectona",
    "bamboo_agents": "AsyncBambooAgents BambooAgents",
    "_bulk": "BulkEntry BulkResult",
    "_config_report": "ConfigEntry ConfigReport",
    "_lists": "AsyncLazyList LazyList",
    "_tables": "Table",
    "errors": (
        "AmbiguousMatch ApiError AuthenticationError BadRequestError ConfigError ConflictError ConnectError "
        "DeadlineExceeded Error JobFailed NotFoundError PartialFailure PermissionDeniedError "
        "PreconditionFailedError ProxyError RateLimitedError ServerError TaskLeftOpen TlsError TransportError "
        "UnexpectedContentError WaitTimeout"
    ),
    "_infosecops": (
        "AccessToken AccountRequest Agent AgentState ApplicationRole Capability ChangeResult CommandResult Connection "
        "CoverageProblem CoverageReport CoverageRule EnsureResult Entitlement Envelope Event GlobalRole Group Job "
        "MaintenanceTask Response Retry ReviewItemChange ReviewItemResult ReviewStatus "
        "ReviewUpdate RevieweeAccount RunStatus Secret SecretFile SecuritySettings TrustedApp UserLogin VaultAccount "
        "__version__ check_coverage equals"
    ),
}
_MODULE_OF = {name: module for module, names in _PLACES.items() for name in names.split()}

__all__ = [
    "AccessToken",
    "AccountRequest",
    "Agent",
    "AgentState",
    "AmbiguousMatch",
    "ApiError",
    "ApplicationRole",
    "AsyncBambooAgents",
    "AsyncGovernanceLifecycle",
    "AsyncLazyList",
    "AsyncSDElements",
    "AsyncSectona",
    "AuthenticationError",
    "BadRequestError",
    "BambooAgents",
    "BulkEntry",
    "BulkResult",
    "Capability",
    "ChangeResult",
    "CommandResult",
    "ConfigEntry",
    "ConfigError",
    "ConfigReport",
    "ConflictError",
    "ConnectError",
    "Connection",
    "CoverageProblem",
    "CoverageReport",
    "CoverageRule",
    "DeadlineExceeded",
    "EnsureResult",
    "Entitlement",
    "Envelope",
    "Error",
    "Event",
    "GlobalRole",
    "GovernanceLifecycle",
    "Group",
    "Job",
    "JobFailed",
    "LazyList",
    "MaintenanceTask",
    "NotFoundError",
    "PartialFailure",
    "PermissionDeniedError",
    "PreconditionFailedError",
    "ProxyError",
    "RateLimitedError",
    "Response",
    "Retry",
    "ReviewItemChange",
    "ReviewItemResult",
    "ReviewStatus",
    "ReviewUpdate",
    "RevieweeAccount",
    "RunStatus",
    "SDElements",
    "Secret",
    "SecretFile",
    "Sectona",
    "SecuritySettings",
    "ServerError",
    "Table",
    "TaskLeftOpen",
    "TlsError",
    "TransportError",
    "TrustedApp",
    "UnexpectedContentError",
    "UserLogin",
    "VaultAccount",
    "WaitTimeout",
    "__version__",
    "check_coverage",
    "equals",
]


def __getattr__(name: str) -> object:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'infosecops' has no attribute {name!r}")
    # Loading importlib would take longer than all else.
    value = getattr(__import__(f"infosecops.{module}", fromlist=[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
