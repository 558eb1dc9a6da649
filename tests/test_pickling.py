"""Clients travel by how they were made: settings, and the functions that give their credentials. Secrets stay."""

from __future__ import annotations

import copy
import json
import pickle
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import Retry, TrustedApp, UserLogin
from wire import Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable

URL = "https://host.example.com/prefix"
CANARY = "canary-of-a-secret"


def fetch() -> str:
    return CANARY


def heard(_: object) -> None:
    return None


MADE: dict[str, Callable[[str, Any], Any]] = {
    "SDElements": lambda name, secret: getattr(infosecops, name)(URL, token=secret),
    "Sectona": lambda name, secret: getattr(infosecops, name)(URL, access_key=secret, accept="xml"),
    "BambooAgents": lambda name, secret: getattr(infosecops, name)(URL, username="u", password=secret, api="agent"),
    "GovernanceLifecycle": lambda name, secret: getattr(infosecops, name)(URL, token=secret),
}
LOGINS = {
    "user": lambda secret: UserLogin("u", secret, "source"),
    "app": lambda secret: TrustedApp("id", secret),
}


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("twin", ["", "Async"])
@pytest.mark.parametrize("name", MADE)
def test_clients_travel_with_the_functions_that_fetch_their_secrets(name: str, twin: str, protocol: int) -> None:
    client = MADE[name](twin + name, fetch)
    pickled = pickle.dumps(client, protocol)
    assert CANARY.encode() not in pickled
    again = pickle.loads(pickled)
    assert (type(again), repr(again)) == (type(client), repr(client))


@pytest.mark.parametrize("name", MADE)
def test_a_literal_secret_does_not_travel(name: str) -> None:
    with pytest.raises(TypeError, match="secrets do not travel; pass a function") as caught:
        pickle.dumps(MADE[name](name, CANARY))
    assert CANARY not in str(caught.value)
    client = MADE[name](name, CANARY)
    assert copy.copy(client) is copy.deepcopy(client) is client


@pytest.mark.parametrize("kind", LOGINS)
def test_logins_travel_likewise(kind: str) -> None:
    client = infosecops.GovernanceLifecycle(URL, login=LOGINS[kind](fetch))
    again = pickle.loads(pickle.dumps(client))
    assert repr(again) == repr(client)
    with pytest.raises(TypeError, match="secrets do not travel"):
        pickle.dumps(infosecops.GovernanceLifecycle(URL, login=LOGINS[kind](CANARY)))


def test_settings_travel_and_the_copy_works() -> None:
    with Wire(ok(json.dumps({"id": 7}))) as wire:
        client = infosecops.SDElements(
            wire.url + "/iam", token=fetch, proxy="direct", timeout=7.5, retry=Retry(2), headers={"X-Team": "iam"},
            user_agent="nightly", on_event=heard,
        )  # fmt: skip
        again = pickle.loads(pickle.dumps(client))
        assert again.jobs.alm.get(7).id == 7
        request = wire.only
        assert request.target == "/iam/api/v2/jobs/alm/7/"
        assert request.headers["authorization"] == f"Token {CANARY}"
        assert (request.headers["x-team"], request.headers["user-agent"]) == ("iam", "nightly")
        assert again._settings.timeout == 7.5


@pytest.mark.parametrize(
    "common", [{"proxy": f"http://u:{CANARY}@proxy.example.com"}, {"headers": {"X-Api-Token": CANARY}}]
)
def test_secrets_among_the_settings_do_not_travel(common: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="secrets do not travel") as caught:
        pickle.dumps(infosecops.SDElements(URL, token=fetch, **common))
    assert CANARY not in str(caught.value)
