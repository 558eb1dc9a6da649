"""Real systems, as the environment variables of ``from_env`` name them. Their values are never printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import infosecops
from infosecops._infosecops import setting_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ACCOUNT = "INFOSECOPS_SECTONA_ACCOUNT"
OPENS_AGENTS = "INFOSECOPS_BAMBOO_AGENTS_ACCESS_TOKEN"
CLIENTS = {
    "governance_lifecycle": "GovernanceLifecycle",
    "sd_elements": "SDElements",
    "sectona": "Sectona",
    "bamboo_agents": "BambooAgents",
}
_WORDS = {"accept", "api"}
"""Settings whose values are words that stand everywhere."""


@dataclass
class Real:
    """A real system, and what is to be known of it beside its client."""

    client: str
    logs_in: bool = False
    """Whether a session of Governance & Lifecycle is opened."""
    account: tuple[str, str, str] | None = None
    """Asset type, asset host and account name to ask Sectona for."""
    access_token: str | None = field(default=None, repr=False)
    """The uuid that opens the agents of Bamboo."""


def real_systems(environment: Mapping[str, str]) -> dict[str, Real]:
    """Find the systems whose address is given, by their names in ``Error.system``.

    Raises:
        ConfigError: The account to ask Sectona for can't be understood.
    """
    found: dict[str, Real] = {}
    for system, client in CLIENTS.items():
        given = {name for name, _, variables in setting_names(system) if any(map(environment.get, variables))}
        if "url" in given:
            found[system] = Real(client, logs_in=bool(given & {"username", "client_id"}) and "token" not in given)
    if "sectona" in found:
        found["sectona"].account = _account(environment.get(ACCOUNT, ""))
    if "bamboo_agents" in found:
        found["bamboo_agents"].access_token = environment.get(OPENS_AGENTS, "").strip() or None
    return found


def masks(environment: Mapping[str, str]) -> dict[str, str]:
    """Every text that must not be printed, with the name that stands for it."""
    found: dict[str, str] = {}
    for name in (*_variables(), ACCOUNT, OPENS_AGENTS):
        value = environment.get(name, "")
        texts: list[str | None] = [value]
        if name.endswith(("_URL", "_HOST", "_PROXY")):
            parts = urlsplit(value if "://" in value else f"https://{value}")
            texts += [value.rstrip("/"), f"{parts.scheme}://{parts.netloc}", parts.netloc, parts.hostname]
        elif name == ACCOUNT:
            texts += [part.strip() for part in value.split("|")]
        for text in texts:
            if value.strip() and text:
                found.setdefault(text, f"${name}")
    return found


def _variables() -> Iterator[str]:
    for system in CLIENTS:
        for name, kind, variables in setting_names(system):
            if kind in {"text", "path", "URL", "secret"} and name not in _WORDS:
                yield from variables


def _account(text: str) -> tuple[str, str, str] | None:
    if not text.strip():
        return None
    parts = [part.strip() for part in text.split("|")]
    if len(parts) != 3 or not all(parts):  # noqa: PLR2004
        raise infosecops.ConfigError(f"{ACCOUNT} must be asset_type|asset_host|account_name")
    return parts[0], parts[1], parts[2]
