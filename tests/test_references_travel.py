"""Clients with references travel to other processes, where the references are read; secrets stay."""

from __future__ import annotations

import pickle
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import Retry
from secret_vault import JOB, Vault, client, done, profile
from test_secrets import CANARY
from wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="paths and programs are written as on POSIX")


def fetch_job(sde: Any) -> tuple[str, str]:
    """Runs in another process."""
    done(sde.jobs.alm.get(7))
    return repr(sde), repr(sde.config_report())


@pytest.mark.parametrize("twin", ["", "Async"])
@pytest.mark.parametrize("kind", ["env", "file", "command", "variable"])
def test_clients_travel_with_their_references(
    kind: str, twin: str, vault: Vault, profiles: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "variable":
        profiles("[prod.sd_elements]\nconnect_timeout = 5")
        monkeypatch.setenv("INFOSECOPS_SD_ELEMENTS_TOKEN", CANARY)
    else:
        profiles(profile(vault.references[kind]) + "connect_timeout = 5")
    vault.put(CANARY)
    with Wire(JOB) as wire:
        sde = client(twin, wire.url)
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            assert CANARY.encode() not in pickle.dumps(sde, protocol)
        # The other process has another profile, and keeps to what the client was made of.
        profiles("[prod.sd_elements]\nconnect_timeout = 6")
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            shown = pool.submit(fetch_job, sde).result(timeout=60)
        assert shown == (repr(sde), repr(sde.config_report()))
        assert wire.only.headers["authorization"] == f"Token {CANARY}"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("GovernanceLifecycle", "[p.governance_lifecycle]\nusername='u'\npassword=REF\nauth_source='AD'"),
        ("GovernanceLifecycle", "[p.governance_lifecycle]\nclient_id='u'\nclient_secret=REF"),
        ("GovernanceLifecycle", "[p.governance_lifecycle]\ntoken=REF"),
        ("Sectona", "[p.sectona]\naccess_key=REF\naccept='xml'"),
        ("BambooAgents", "[p.bamboo_agents]\nusername='u'\npassword=REF\napi='agent'"),
        ("BambooAgents", "[p.bamboo_agents]\ntoken=REF"),
    ],
)
@pytest.mark.parametrize("kind", ["env", "file", "command", "keyring"])
def test_every_client_and_every_reference_travels(
    name: str, text: str, kind: str, vault: Vault, profiles: Callable[..., Path]
) -> None:
    profiles(text.replace("REF", vault.references[kind]))
    made = getattr(infosecops, name).from_profile("p", url="https://host.example.com", retry=Retry(2))
    again = pickle.loads(pickle.dumps(made))
    assert type(again) is type(made)
    assert again.config_report().to_dict() == made.config_report().to_dict()


def test_secrets_as_they_are_do_not_travel(profiles: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    profiles(profile(f"'{CANARY}'"))
    with pytest.raises(TypeError, match="secrets do not travel"):
        pickle.dumps(client("", "https://sde.example.com"))
    monkeypatch.setenv("INFOSECOPS_SD_ELEMENTS_TOKEN", CANARY)
    pickled = pickle.dumps(client("", "https://sde.example.com"))
    monkeypatch.delenv("INFOSECOPS_SD_ELEMENTS_TOKEN")
    with pytest.raises(infosecops.ConfigError, match="INFOSECOPS_SD_ELEMENTS_TOKEN: not set, and the client that is"):
        pickle.loads(pickled)
