"""Real systems, as environment variables name them. Their values are never printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import infosecops

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

PREFIX = "INFOSECOPS_"


@dataclass
class Real:
    """A real system, and how to make a client for it."""

    client: str
    url: str
    options: dict[str, Any] = field(default_factory=dict[str, object], repr=False)
    account: tuple[str, str, str] | None = None
    """Asset type, asset host and account name to ask Sectona for."""
    access_token: str | None = field(default=None, repr=False)
    """The uuid that opens the agents of Bamboo."""


def real_systems(environment: Mapping[str, str]) -> dict[str, Real]:
    """Find the systems that are configured, by their names in ``Error.system``.

    Raises:
        ConfigError: A system's address is given, but not what opens it.
    """
    given = {
        name[len(PREFIX) :]: value for name, value in environment.items() if name.startswith(PREFIX) and value.strip()
    }
    makers = {
        "governance_lifecycle": ("GL_URL", _governance_lifecycle),
        "sd_elements": ("SDE_URL", _sd_elements),
        "sectona": ("SECTONA_URL", _sectona),
        "bamboo_agents": ("BAMBOO_URL", _bamboo_agents),
    }
    found = {system: make(given) for system, (url, make) in makers.items() if url in given}
    for real in found.values():
        real.options["ca_file"] = given.get("CA_FILE")
    return found


def masks(environment: Mapping[str, str]) -> dict[str, str]:
    """Every text that must not be printed, with the name that stands for it."""
    found: dict[str, str] = {}
    for name, value in environment.items():
        if not name.startswith(PREFIX) or not value.strip():
            continue
        texts: list[str | None] = [value]
        if name.endswith("_URL"):
            parts = urlsplit(value)
            texts += [value.rstrip("/"), f"{parts.scheme}://{parts.netloc}", parts.netloc, parts.hostname]
        elif name.endswith("_ACCOUNT"):
            texts += [part.strip() for part in value.split("|")]
        for text in texts:
            if text:
                found.setdefault(text, f"${name}")
    return found


def _governance_lifecycle(given: Mapping[str, str]) -> Real:
    if "GL_TOKEN" in given:
        options: dict[str, Any] = {"token": given["GL_TOKEN"]}
    elif "GL_USERNAME" in given and "GL_PASSWORD" in given:
        source = given.get("GL_AUTH_SOURCE")
        options = {"login": infosecops.UserLogin(given["GL_USERNAME"], given["GL_PASSWORD"], auth_source=source)}
    elif "GL_CLIENT_ID" in given and "GL_CLIENT_SECRET" in given:
        options = {"login": infosecops.TrustedApp(given["GL_CLIENT_ID"], given["GL_CLIENT_SECRET"])}
    else:
        raise _missing("GL_URL", "GL_TOKEN, GL_USERNAME and GL_PASSWORD, or GL_CLIENT_ID and GL_CLIENT_SECRET")
    return Real("GovernanceLifecycle", given["GL_URL"], options)


def _sd_elements(given: Mapping[str, str]) -> Real:
    if "SDE_TOKEN" not in given:
        raise _missing("SDE_URL", "SDE_TOKEN")
    return Real("SDElements", given["SDE_URL"], {"token": given["SDE_TOKEN"]})


def _sectona(given: Mapping[str, str]) -> Real:
    if "SECTONA_ACCESS_KEY" not in given:
        raise _missing("SECTONA_URL", "SECTONA_ACCESS_KEY")
    account = None
    if "SECTONA_ACCOUNT" in given:
        parts = [part.strip() for part in given["SECTONA_ACCOUNT"].split("|")]
        if len(parts) != 3 or not all(parts):  # noqa: PLR2004
            raise infosecops.ConfigError(f"{PREFIX}SECTONA_ACCOUNT must be asset_type|asset_host|account_name")
        account = (parts[0], parts[1], parts[2])
    return Real("Sectona", given["SECTONA_URL"], {"access_key": given["SECTONA_ACCESS_KEY"]}, account)


def _bamboo_agents(given: Mapping[str, str]) -> Real:
    if "BAMBOO_TOKEN" in given:
        options = {"token": given["BAMBOO_TOKEN"]}
    elif "BAMBOO_USERNAME" in given and "BAMBOO_PASSWORD" in given:
        options = {"username": given["BAMBOO_USERNAME"], "password": given["BAMBOO_PASSWORD"]}
    else:
        raise _missing("BAMBOO_URL", "BAMBOO_TOKEN, or BAMBOO_USERNAME and BAMBOO_PASSWORD")
    return Real("BambooAgents", given["BAMBOO_URL"], dict(options), access_token=given.get("BAMBOO_ACCESS_TOKEN"))


def _missing(given: str, wanted: str) -> infosecops.ConfigError:
    return infosecops.ConfigError(f"{PREFIX}{given} is set, but not {wanted} (all begin with {PREFIX})")
