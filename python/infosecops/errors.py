"""Everything that infosecops raises.

All errors derive from :class:`Error`, can be pickled, and hold no secret. ``str(error)`` says in one line what was
called, what came back and what to do.

Example:
    >>> import infosecops
    >>> try:
    ...     infosecops.SDElements("http://sde.example.com", token="x")
    ... except infosecops.ConfigError as error:
    ...     print(error.outcome)
    not_sent
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from infosecops._infosecops import MaintenanceTask

__all__ = [
    "AmbiguousMatch",
    "ApiError",
    "AuthenticationError",
    "BadRequestError",
    "ConfigError",
    "ConflictError",
    "ConnectError",
    "DeadlineExceeded",
    "Error",
    "JobFailed",
    "NotFoundError",
    "PartialFailure",
    "PermissionDeniedError",
    "PreconditionFailedError",
    "ProxyError",
    "RateLimitedError",
    "ServerError",
    "TaskLeftOpen",
    "TlsError",
    "TransportError",
    "UnexpectedContentError",
    "WaitTimeout",
]


class Error(Exception):
    """Base of all errors of this package."""

    system: str | None = None
    """The product: ``governance_lifecycle``, ``sd_elements``, ``sectona`` or ``bamboo_agents``."""
    operation: str | None = None
    """The operation by its public name, such as ``jobs.alm.start``."""
    method: str | None = None
    """The HTTP method, when there was a request."""
    url: str | None = None
    """The URL, secrets masked."""
    status: int | None = None
    """The HTTP status, when there was an answer."""
    code: str | None = None
    """The product's own error code."""
    request_id: str | None = None
    """The answer's request id header, for the server's administrators."""
    body_excerpt: str | None = None
    """The beginning of the answer, secrets masked; None where answers hold secrets."""
    attempts: int = 0
    """Requests sent or tried."""
    elapsed: float = 0.0
    """Seconds since the call began."""
    outcome: Literal["not_sent", "rejected", "unknown"] | None = None
    """``not_sent``: safe to repeat. ``rejected``: the server said no. ``unknown``: it may have been applied."""
    hint: str | None = None
    """What to do."""

    def __init__(self, message: str = "", **fields: Any) -> None:  # noqa: ANN401
        super().__init__(message)
        for name, value in fields.items():
            setattr(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, dict(self.__dict__))

    def _repr_html_(self) -> str:
        from infosecops import _html

        return _html.error(self)


def _restore(cls: type[Error], args: tuple[str, ...], fields: dict[str, Any]) -> Error:
    return cls(*args, **fields)


class ConfigError(Error, ValueError):
    """A setting or an argument that can't be used. Found before anything is sent; the text names it.

    An argument of the wrong type is a :class:`TypeError`, whose text names it too.
    """

    outcome = "not_sent"


class TransportError(Error):
    """The connection broke, or what came over it can't be read."""


class ConnectError(TransportError):
    """No connection could be made."""


class TlsError(TransportError):
    """The TLS handshake failed; the hint says which side refused what."""


class ProxyError(TransportError):
    """The proxy refused or could not be reached."""


class DeadlineExceeded(Error, TimeoutError):  # noqa: N818
    """The call's ``timeout`` was up, retries and body included."""


class ApiError(Error):
    """The server said no, or failed."""


class BadRequestError(ApiError):
    """Wrong or missing parameters."""


class AuthenticationError(ApiError):
    """Credentials missing, wrong or expired."""


class PermissionDeniedError(ApiError):
    """Known, but not allowed."""


class NotFoundError(ApiError):
    """No such object."""


class ConflictError(ApiError):
    """In conflict with the present state."""


class PreconditionFailedError(ApiError):
    """A condition of the request is not met."""


class RateLimitedError(ApiError):
    """Too many requests."""


class ServerError(ApiError):
    """The server failed; what was asked may have been done."""


class UnexpectedContentError(Error):
    """The answer is not what this API answers: a login page, a redirect, broken or very deep JSON, another object."""


class PartialFailure(Error):  # noqa: N818
    """Not everything was done."""

    result: Any = None
    """What is known of every part: of ``update_review_items`` the :class:`ReviewUpdate`, of operations on many objects
    the :class:`BulkResult`."""


class JobFailed(Error):  # noqa: N818
    """The job ended without success."""

    job: Any = None
    """The :class:`Job` as it ended; of ``wait_for_run`` the :class:`RunStatus`."""


class WaitTimeout(Error, TimeoutError):  # noqa: N818
    """Waited long enough; the job may go on."""

    last: Any = None
    """The :class:`Job`, :class:`RunStatus` or :class:`AgentState` as last seen, or the :class:`MaintenanceTask` that
    was not granted; None if nothing was."""


class AmbiguousMatch(Error):  # noqa: N818
    """More than one object fits. Nothing was changed."""


class TaskLeftOpen(Error):  # noqa: N818
    """A maintenance task of an agent is, or may be, not finished. Until it is, the agent gets no builds."""

    task: MaintenanceTask | None = None
    """The task to finish; None if it is not known, because asking for it was interrupted."""
