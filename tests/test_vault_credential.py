"""Accounts of the vault as credentials of the other clients: asked for when needed, and again when refused."""

from __future__ import annotations

import asyncio
import copy
import pickle
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import AsyncSectona, Sectona, UserLogin
from infosecops.sectona import AsyncVaultCredential, VaultCredential
from test_bulk import name_in
from test_pickling import fetch
from test_sectona import envelope, record
from wire import Received, Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable

    from infosecops.sandbox import Sandbox

SDE = ("Application", "sde.example.net", "sde-api")


def asked(box: Sandbox) -> int:
    return box.journal.count(operation="RequestPassword")


def account_of(box: Sandbox, system: str) -> tuple[str, str, str]:
    names = {
        "sd_elements": SDE,
        "governance_lifecycle": ("Application", "gl.example.net", box.governance_lifecycle.username),
        "bamboo_agents": ("Application", "bamboo.example.net", box.bamboo_agents.username),
    }
    return names[system]


def options_of(box: Sandbox, system: str, credential: Any) -> dict[str, Any]:
    """What the client of a system is made with."""
    if system == "governance_lifecycle":
        return {"login": UserLogin(box.governance_lifecycle.username, credential)}
    if system == "bamboo_agents":
        return {"username": box.bamboo_agents.username, "password": credential}
    return {"token": credential}


READS: dict[str, Callable[[Any], Any]] = {
    "sd_elements": lambda client: client.connections.alm.get(12),
    "governance_lifecycle": lambda client: client.get_security_settings(),
    "bamboo_agents": lambda client: client.tokens.list(),
}


@pytest.mark.parametrize("system", READS)
def test_it_opens_every_other_client(box: Sandbox, system: str) -> None:
    with box.sectona() as pam:
        credential = pam.credential(*account_of(box, system))
        with getattr(box, system).client(**options_of(box, system, credential)) as client:
            assert asked(box) == 0
            assert READS[system](client)
            assert READS[system](client)
        assert asked(box) == 1


@pytest.mark.parametrize("system", READS)
@pytest.mark.parametrize("is_async", [True, False])
def test_it_opens_every_twin(box: Sandbox, system: str, *, is_async: bool) -> None:
    async def main() -> None:
        async with box.sectona.async_client() as twin:
            with box.sectona() as pam:
                # A plain one blocks the loop for its request, and works all the same.
                credential = (twin if is_async else pam).credential(*account_of(box, system))
                async with getattr(box, system).async_client(**options_of(box, system, credential)) as client:
                    assert await READS[system](client)
                    assert await READS[system](client)
        assert asked(box) == 1

    asyncio.run(main())


def test_the_vault_opens_the_vault(box: Sandbox) -> None:
    with (
        Wire(ok(envelope(Result=record(Password=box.sectona.access_key.reveal())))) as first,
        Sectona(first.url, access_key="k", proxy="direct") as pam,
        box.sectona.client(access_key=pam.credential("t", "h", "n")) as second,
    ):
        assert second.request_password("Unix Based", "CENTOS7", "admin152").account_name == "admin152"
        assert len(first.requests) == 1


@pytest.mark.parametrize("options", [{}, {"cache_ttl": 3600.0}])
def test_a_rotated_password_is_fetched_when_the_old_one_is_refused(box: Sandbox, options: dict[str, Any]) -> None:
    new = next(account.password for account in box.sectona.accounts if account.account_name == "sde-api")
    box.sectona.set_password("sde-api", "of last week")
    with box.sectona.client(**options) as pam, box.sd_elements.client(token=pam.credential(*SDE)) as sde:
        with pytest.raises(infosecops.AuthenticationError):
            sde.connections.alm.get(12)
        # Asked for again, it was the same: the request was not repeated.
        assert asked(box) == 2
        box.sectona.set_password("sde-api", new.reveal())
        assert sde.connections.alm.get(12).id == 12
        assert asked(box) == 3
        box.faults.next(system="sd_elements", status=401)
        with pytest.raises(infosecops.AuthenticationError):
            sde.connections.alm.get(12)
        assert asked(box) == 4
        assert sde.connections.alm.get(12).id == 12


def test_only_accounts_of_the_vault_have_passwords_to_rotate(box: Sandbox) -> None:
    with pytest.raises(LookupError, match="nobody"):
        box.sectona.set_password("nobody", "x")


def test_the_first_question_is_answered_by_what_is_kept(box: Sandbox) -> None:
    with box.sectona(cache_ttl=3600.0) as pam:
        pam.request_password(*SDE)
        with box.sd_elements.client(token=pam.credential(*SDE)) as sde:
            sde.connections.alm.get(12)
        assert asked(box) == 1


@pytest.mark.parametrize("field", ["password", "pass_phrase"])
def test_either_secret(field: str) -> None:
    def answer(request: Received) -> bytes:
        return ok(envelope(Result=record(Password=f"pw of {name_in(request)}", PassPhrase="phrase")))

    wanted = {"password": "pw of n", "pass_phrase": "phrase"}[field]
    names = {"instance": "I", "db_instance": "D", "field": field}
    with Wire(answer) as wire:
        credential = Sectona(wire.url, access_key="k", proxy="direct").credential("t", "h", "n", **names)
        assert isinstance(credential, VaultCredential)
        assert credential().reveal() == wanted
        twin = AsyncSectona(wire.url, access_key="k", proxy="direct").credential("t", "h", "n", **names)
        assert isinstance(twin, AsyncVaultCredential)
        assert asyncio.run(twin()).reveal() == wanted
        for request in wire.requests:
            assert b'"DBInstance":"D"' in request.body
            assert b'"Instance":"I"' in request.body
        assert len(wire.requests) == 2


def test_failures_of_the_vault_come_up_as_they_are(box: Sandbox) -> None:
    with box.sectona() as pam:
        credential = pam.credential("Unix Based", "web01.example.net", "root")
        with box.sd_elements.client(token=credential) as sde:
            with pytest.raises(infosecops.PermissionDeniedError) as caught:
                sde.connections.alm.get(12)
            assert (caught.value.system, caught.value.code) == ("sectona", "011672")
    assert box.journal.count(system="sd_elements") == 0


def test_what_cannot_be_an_account_is_refused_at_once(box: Sandbox) -> None:
    with box.sectona() as pam:
        with pytest.raises(infosecops.ConfigError, match="asset_host"):
            pam.credential("t", "", "n")
        with pytest.raises(infosecops.ConfigError, match="field"):
            pam.credential("t", "h", "n", field="user")  # type: ignore[arg-type]


def test_it_is_shown_and_travels_without_a_secret() -> None:
    for client in (Sectona, AsyncSectona):
        pam = client("https://pam.example.com", access_key=fetch)
        credential = pam.credential("t", "h", "n", field="pass_phrase")
        again = pickle.loads(pickle.dumps(credential))
        assert type(again) is type(credential)
        assert repr(again) == repr(credential) == repr(copy.copy(credential))
        assert repr(credential).endswith("VaultCredential('t', 'h', 'n', field='pass_phrase')")
    with Wire(ok(envelope(Result=record(Password="p-w")))) as wire:
        pam = Sectona(wire.url, access_key=fetch, proxy="direct")
        sde = infosecops.SDElements("https://sde.example.com", token=pam.credential("t", "h", "n"))
        assert b"p-w" not in pickle.dumps(sde)
        assert pickle.loads(pickle.dumps(pam.credential("t", "h", "n")))().reveal() == "p-w"
    with pytest.raises(TypeError, match="secrets do not travel"):
        pickle.dumps(Sectona("https://pam.example.com", access_key="k").credential("t", "h", "n"))
