"""What a row of the matrix says, and the times that bound all of its calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from infosecops.sandbox import Sandbox

PATIENT = 10.0
HASTY = 0.6
ATTEMPTS = 3
MAX_BYTES = 1 << 16

GL, SDE, PAM, BAMBOO = "governance_lifecycle", "sd_elements", "sectona", "bamboo_agents"
TITLES = {
    GL: "RSA Governance & Lifecycle",
    SDE: "SD Elements",
    PAM: "Sectona",
    BAMBOO: "Agent APIs for Bamboo",
}


@dataclass(frozen=True)
class Row:
    """One operation, and which of its requests is struck."""

    system: str
    operation: str
    """Its public name."""
    effect: str
    """Of the struck request: read, idempotent, unsafe or audited."""
    struck: str
    """The request's name in the sandbox."""
    call: Callable[[Any, Any], Any]
    """Takes the client and what `prepare` gave."""
    note: str = ""
    """Tells the rows of one operation apart."""
    lead: tuple[str, ...] = ()
    """Requests before the struck one."""
    skip: int = 0
    """How many of them have the struck one's name."""
    prepare: Callable[[Sandbox], Any] | None = None
    """Once for each sandbox."""
    before: Callable[[Any], Any] | None = None
    """Before each call."""
    options: Callable[[Sandbox], dict[str, Any]] = field(default=lambda _: {})
    another: bytes = b""
    """A sound answer to the struck request that is about another object, or from another command."""
    is_raw: bool = False
    """Whether the answer is handed over as it is."""
    is_fresh: bool = False
    """Whether each call needs a client that knows nothing yet."""
    is_wait: bool = False
    """Whether it looks until something has ended."""
    limit: float | None = None
    """Seconds that the call may take, where the client's timeout does not say so."""
    patient: Callable[[Any, Any], Any] | None = None
    """The same call with plenty of time, where `limit` is short."""
    strikes: int | None = None
    """How often a lasting fault strikes, where the call would not end otherwise."""

    @property
    def title(self) -> str:
        """Its name among those of its system."""
        return f"{self.operation}, {self.note}" if self.note else self.operation

    def __str__(self) -> str:
        return f"{self.system}: {self.title}"
