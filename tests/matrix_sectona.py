"""The matrix's rows for Sectona."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from matrix_calls import only_of, raw
from matrix_row import PAM, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


ACCOUNT = ("Unix Based", "web01.example.net", "deploy")
_RECORD = {
    "AssetType": "Unix Based",
    "AssetHost": "db99.example.net",
    "AccountName": "another",
    "AccountAuthenticationType": "Password",
    "AccountType": "Local",
    "Password": "of another account",
    "PassPhrase": "",
    "CreatedBy": "",
    "CreatedOn": "07 Jan 2024 08:05:09 GMT 05:30:00",
    "Status": "Active",
}
_ENVELOPE = {"Version": "6.0.0.0", "IsSuccess": True, "LogCode": "0", "StatusCode": "Accepted"}
ANOTHER_ACCOUNT = json.dumps({**_ENVELOPE, "Result": json.dumps(_RECORD)}).encode()


def _of_many(pam: Any, _: Any) -> Any:
    return only_of(pam, lambda: pam.request_passwords([ACCOUNT]))


def rows() -> Iterator[Row]:
    def row(operation: str, effect: str, struck: str, call: Callable[[Any, Any], Any], **more: Any) -> Row:
        another = ANOTHER_ACCOUNT if struck == "RequestPassword" else b""
        return Row(PAM, operation, effect, struck, call, another=another, **more)

    path = "/API/APP/APP007/GetInstances"
    yield row("request_password", "audited", "RequestPassword", lambda pam, _: pam.request_password(*ACCOUNT))
    yield row(
        "request_password",
        "audited",
        "RequestPassword",
        lambda pam, _: pam.request_password(*ACCOUNT),
        note="in XML",
        options=lambda _: {"accept": "xml"},
    )
    yield row("request_passwords", "audited", "RequestPassword", _of_many)
    yield row("call", "unsafe", "GetInstances", lambda pam, _: pam.call(path, {}))
    yield row("request", "audited", "GetInstances", raw("POST", path, "audited", json={}), is_raw=True)
