"""W1 password: one secret of Sectona after the other, JSON inside a string of JSON. Every call gives the password."""

from __future__ import annotations

import json

from meter import repeat
from place import ACCESS_KEY, BASIC, Place
from small_get import our_ca
from sync_clients import SEND_WITH, loads_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from place import Figures

PATH = "/API/APP/APP008/RequestPassword"
HEADERS = {
    "Authorization": BASIC,
    "Accept": "application/json",
    "Content-Type": "application/json",
    "Cache-Control": "no-cache",
}


def fields(account: str) -> dict[str, str]:
    return {
        "AssetType": "Unix Based",
        "AssetHost": "web01.example.net",
        "DBInstance": "",
        "AccountName": account,
        "Instance": "Default",
    }


def password_of(envelope: dict[str, Any], loads: Callable[[str], Any]) -> str:
    if not envelope["IsSuccess"]:
        raise SystemExit(f"the vault refused: {envelope['LogCode']}")
    return loads(envelope["Result"])["Password"]


def ours(place: Place) -> Callable[[], str]:
    from infosecops import Sectona

    pam = Sectona(place.url, access_key=ACCESS_KEY, proxy="direct", ca_file=our_ca(place))

    def call() -> str:
        return pam.request_password("Unix Based", "web01.example.net", "deploy").password.reveal()

    return call


def theirs(client: str, place: Place) -> Callable[[], str]:
    send, loads = SEND_WITH[client](place, HEADERS), loads_of(client)
    dumps = dumps_of(client)
    return lambda: password_of(loads(send("POST", PATH, dumps(fields("deploy")))), loads)


def dumps_of(client: str) -> Callable[[object], bytes]:
    if client in {"primp", "pyreqwest", "pycurl", "aiohttp"}:
        import orjson

        return orjson.dumps

    def dumps(value: object) -> bytes:
        return json.dumps(value).encode()

    return dumps


def run(entry: str, place: Place) -> Figures:
    """Measure one entry."""
    return repeat(ours(place) if entry == "infosecops" else theirs(entry, place), place.seconds)
