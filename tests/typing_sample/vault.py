"""Clients of Sectona: one password, many passwords, and credentials for other clients."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Literal

from infosecops import (
    AccountRequest,
    BulkEntry,
    BulkResult,
    Envelope,
    SDElements,
    Secret,
    SecretFile,
    Sectona,
    VaultAccount,
)
from infosecops.sandbox import Sandbox, SandboxAccount, SectonaEndpoint
from infosecops.sectona import VaultCredential

from .asserted import assert_type


def sectona(box: Sandbox) -> None:
    endpoint = assert_type(box.sectona, SectonaEndpoint)
    known = assert_type(next(account for account in endpoint.accounts if account.accessible), SandboxAccount)
    with Sectona(endpoint.url, access_key=lambda: endpoint.access_key, accept="xml", proxy="direct") as pam:
        account = assert_type(
            pam.request_password(known.asset_type, known.asset_host, known.account_name, db_instance=known.db_instance),
            VaultAccount,
        )
        assert assert_type(account.password, Secret) == known.password
        assert_type(account.password.reveal(), str)
        assert_type(account.password.reveal_bytes(), bytes)
        assert_type(account.created_on, datetime | None)
        assert_type(account.kind, Literal["password", "key", "key_with_secret", "other"])
        assert isinstance(account.to_dict(reveal=True)["password"], str)
        in_file = SecretFile("/run/secrets/sectona", allow_others=True)
        Sectona(endpoint.url, access_key=in_file)
        token = assert_type(pam.credential("Application", "sde.example.net", "sde-api"), VaultCredential)
        assert_type(box.sd_elements(token=token), SDElements).close()
        wanted = AccountRequest(known.asset_type, known.asset_host, known.account_name, db_instance=known.db_instance)
        counts: list[int] = []
        heard: list[BulkEntry[AccountRequest, VaultAccount]] = []
        result = assert_type(
            pam.request_passwords(
                [wanted, ("t", "h", "n"), {"asset_type": "t", "asset_host": "h", "account_name": "n"}],
                on_partial="return",
                on_progress=lambda done, total, failed: counts.append(done * total + failed),
                on_result=heard.append,
            ),
            BulkResult[AccountRequest, VaultAccount],
        )
        with ThreadPoolExecutor(2) as pool:
            shared = pam.request_passwords([wanted], executor=pool)
        assert_type(shared, BulkResult[AccountRequest, VaultAccount])
        assert_type(result.failed, tuple[BulkEntry[AccountRequest, VaultAccount], ...])
        assert_type([entry.value for entry in result], list[VaultAccount | None])
        assert_type(result.values(), list[VaultAccount])
        envelope = assert_type(pam.call("/API/APP/APP007/GetInstances", {}), Envelope)
        assert_type(envelope.timestamp, datetime | None)
