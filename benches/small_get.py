"""W1: the list of tokens of Agent APIs for Bamboo, one call after the other. Every call gives the first one's name."""

from __future__ import annotations

from meter import repeat
from place import TOKEN, Place
from sync_clients import SEND_WITH, loads_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from place import Figures

PATH = "/rest/agent-config/1.0/tokens/"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}


def ours(place: Place) -> Callable[[], str]:
    from infosecops import BambooAgents

    options = {"proxy": "direct", "ca_file": our_ca(place), "max_connections": max(place.width, 100)}
    api = BambooAgents(place.url, token=TOKEN, api="agent-config", **options)
    return lambda: api.tokens.list()[0].name


def our_ca(place: Place) -> str | None:
    return None if place.ca == "-" else place.ca


def theirs(client: str, place: Place) -> Callable[[], str]:
    send, loads = SEND_WITH[client](place, HEADERS), loads_of(client)
    return lambda: loads(send("GET", PATH, None))[0]["name"]


def run(entry: str, place: Place) -> Figures:
    """Measure one entry."""
    return repeat(ours(place) if entry == "infosecops" else theirs(entry, place), place.seconds)
