"""The tour of Sectona."""

from __future__ import annotations

import os

import infosecops
from infosecops.demo.stage import Step, fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from infosecops.demo.real import Real
    from infosecops.demo.stage import Proof, Side, Tour
    from infosecops.sandbox import SandboxAccount

TITLE = "Sectona PAM"
_ACCOUNT = fields("account_name", "kind", "password")


def tour(side: Side) -> Tour:
    """Do everything, in the sandbox."""
    pam = side.client("sectona")
    for account in side.box.sectona.accounts:
        side.secrets += [account.password, account.pass_phrase]
    account = yield Step(
        "request_password",
        "a password",
        lambda: pam.request_password("Unix Based", "web01.example.net", "deploy"),
        _ACCOUNT,
        _expected(side, "deploy", "password"),
        applied=1,
        proof=lambda account: _whole_secrets(side, account),
    )
    account = yield Step(
        "request_password",
        "a key with its pass phrase",
        lambda: pam.request_password("Unix Based", "CENTOS7", "admin152"),
        _ACCOUNT,
        _expected(side, "admin152", "key_with_secret"),
        applied=1,
        proof=lambda account: [*_whole_secrets(side, account), *_written_key(side, account)],
    )
    yield Step(
        "request_password",
        "a database account",
        lambda: pam.request_password("Oracle Database", "db01.example.net", "system", db_instance="ORCL"),
        _ACCOUNT,
        _expected(side, "system", "password"),
        applied=1,
        proof=lambda account: _whole_secrets(side, account),
    )
    in_xml = side.client("sectona", accept="xml")
    yield Step(
        "request_password",
        "asked for as XML",
        lambda: in_xml.request_password("Unix Based", "web01.example.net", "deploy"),
        _ACCOUNT,
        _expected(side, "deploy", "password"),
        applied=1,
        proof=lambda account: _whole_secrets(side, account),
    )
    wanted = [("Unix Based", "web01.example.net", "deploy"), ("Unix Based", "CENTOS7", "admin152")]
    yield Step(
        "request_passwords",
        "several at a time",
        lambda: pam.request_passwords(wanted),
        lambda result: {"ok": result.ok, "names": [account.account_name for account in result.values()]},
        {"ok": True, "names": ["deploy", "admin152"]},
        applied=2,
        proof=lambda result: [proof for account in result.values() for proof in _whole_secrets(side, account)],
    )
    sde = side.client("sd_elements", token=pam.credential("Application", "sde.example.net", "sde-api"))
    yield Step(
        "credential",
        "the token of SD Elements, from the vault",
        lambda: sde.connections.alm.get(12),
        fields("id", "kind"),
        {"id": 12, "kind": "alm"},
        applied=1,
        proof=lambda _: [("asked for once", 1, _requests_for(side, "sde-api"))],
    )
    yield Step(
        "call",
        "another path of the vault",
        lambda: pam.call("/API/APP/APP007/GetInstances", {}),
        lambda envelope: {"is_success": envelope.is_success, "names": [row["InstanceName"] for row in envelope.result]},
        {"is_success": True, "names": ["Default"]},
    )
    yield Step(
        "request_password",
        "out of reach",
        lambda: pam.request_password("Unix Based", "web01.example.net", "root"),
        lambda error: f"the vault's code is {error.code}",
        "the vault's code is 011672",
        refused=(infosecops.PermissionDeniedError, "rejected"),
        proof=lambda _: [("sent once only", 1, _requests_for(side, "root"))],
    )


def notes(real: Real) -> list[str]:
    """Say what is not obvious about reading."""
    if real.account is not None:
        return []
    text = (
        "A vault records every request for a password, so none is made unless INFOSECOPS_SECTONA_ACCOUNT names an"
        " account: asset_type|asset_host|account_name."
    )
    return [text]


def reading(pam: Any, real: Real) -> Tour:  # noqa: ANN401
    """Ask a real vault for the one account that was named, once."""
    account = real.account
    if account is not None:
        yield Step(
            "request_password",
            "once, as it is recorded",
            lambda: pam.request_password(*account),
            lambda found: f"{found.kind}, {found.password!r}, status {found.status}",
            once=True,
            needed=False,
        )


def _known(side: Side, name: str) -> SandboxAccount:
    return next(account for account in side.box.sectona.accounts if account.account_name == name)


def _expected(side: Side, name: str, kind: str) -> dict[str, object]:
    return {"account_name": name, "kind": kind, "password": _known(side, name).password}


def _requests_for(side: Side, name: str) -> int:
    entries = side.box.journal.entries(operation="RequestPassword")
    return sum(f'"AccountName":"{name}"' in entry.body for entry in entries)


def _whole_secrets(side: Side, account: Any) -> Iterable[Proof]:  # noqa: ANN401
    known = _known(side, account.account_name)
    yield "the vault's password, to the last character", known.password, account.password
    if known.pass_phrase:
        yield "its pass phrase too", known.pass_phrase, account.pass_phrase


def _written_key(side: Side, account: Any) -> Iterable[Proof]:  # noqa: ANN401
    path = side.folder / f"key-{side.name}"
    account.write_key(path)
    written = infosecops.Secret(path.read_bytes().decode())
    yield "write_key wrote a file", account.password, written
    if os.name == "posix":
        yield "that its owner alone may read", 0o600, path.stat().st_mode & 0o777
