"""Safe and fast clients for RSA Governance & Lifecycle, SD Elements, Sectona PAM and Agent APIs for Bamboo."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from infosecops._infosecops import (
        AccessToken as AccessToken,
        EnsureResult as EnsureResult,
        Event as Event,
        Response as Response,
        Retry as Retry,
        Secret as Secret,
    )
    from infosecops.bamboo_agents import AsyncBambooAgents as AsyncBambooAgents, BambooAgents as BambooAgents
    from infosecops.errors import *

_PLACES = {
    "_infosecops": ("AccessToken", "EnsureResult", "Event", "Response", "Retry", "Secret"),
    "sd_elements": ("AsyncSDElements", "SDElements"),
    "bamboo_agents": ("AsyncBambooAgents", "BambooAgents"),
}
_ORIGIN = {name: module for module, names in _PLACES.items() for name in names}


def __getattr__(name: str) -> object:
    from importlib import import_module
    module = _ORIGIN.get(name) or "errors"
    value = getattr(import_module(f"infosecops.{module}"), name)
    globals()[name] = value
    return value
