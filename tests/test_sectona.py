"""The vault: the page's request as literal bytes, every form an answer may have, and secrets handed over unchanged."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import stat
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import infosecops
import pytest
from infosecops import Secret, VaultAccount
from wire import Wire, html, ok

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECTONA = "Sectona"
UTC = dt.timezone.utc
PAGE_REQUEST = """{
"AssetType":"Unix Based",
"AssetHost":"CENTOS7",
"DBInstance":"",
"AccountName":"admin152",
"Instance":"Default"
}"""
PAGE_RESULT = """{
"AssetType": "Unix Based",
"AssetHost": "XXXXXX",
"AccountName": "XXXXXX",
"AccountAuthenticationType": "KeyBased_SecretKey",
"AccountType": "Local",
"Password": "XXXXXX",
"PassPhrase": "XXXXXX",
"CreatedBy": "",
"CreatedOn": "03 Jun 2019 15:22:11 GMT 05:30:00",
"Status": "Active"
}"""
PAGE_AS_PRINTED = (
    '{\n\u201cVersion\u201d:\u201d6.0.0.0\u201d,\n"IsSuccess":true,\n"LogCode":"0",\n"Result":\n"'
    + PAGE_RESULT
    + '",\n"StatusCode":"Accepted",\n"Timestamp":"03 Jun 2019 15:38:18 GMT 05:30:00"\n}'
)
ENVELOPE = {
    "Version": "6.0.0.0",
    "IsSuccess": True,
    "LogCode": "0",
    "Result": PAGE_RESULT,
    "StatusCode": "Accepted",
    "Timestamp": "03 Jun 2019 15:38:18 GMT 05:30:00",
}
RECORD = json.loads(PAGE_RESULT)
NIL = "http://www.w3.org/2001/XMLSchema-instance"


def envelope(**fields: Any) -> str:
    return json.dumps({**ENVELOPE, **fields})


def xml(result: str, root: str = "Response", namespace: str = "", prefix: str = "") -> str:
    name = f"{prefix}:" if prefix else ""
    declared = f' xmlns{":" + prefix if prefix else ""}="{namespace}"' if namespace else ""
    fields = {**ENVELOPE, "IsSuccess": "True", "Result": result}
    inner = "\n".join(f"<{name}{key}>{escape(value)}</{name}{key}>" for key, value in sorted(fields.items()))
    return f'<?xml version="1.0" encoding="utf-8"?>\n<{name}{root}{declared}>{inner}</{name}{root}>'


def record(**fields: Any) -> str:
    return json.dumps({**RECORD, **fields}, indent=2)


def request_page(pam: Any) -> VaultAccount:
    return pam.request_password("Unix Based", "CENTOS7", "admin152")


@pytest.mark.parametrize("accept", ["json", "xml"])
def test_the_request_of_the_page(connect: Callable[..., Any], accept: str) -> None:
    with Wire(ok(envelope())) as wire:
        request_page(connect(SECTONA, wire.url, access_key="k:ey ä€", accept=accept))
        request = wire.only
        assert (request.method, request.target) == ("POST", "/API/APP/APP008/RequestPassword")
        assert json.loads(request.body) == json.loads(PAGE_REQUEST)
        scheme, _, credentials = request.headers["authorization"].partition(" ")
        user, _, key = base64.b64decode(credentials).decode().partition(":")
        assert (scheme, user.lower(), key) == ("Basic", "accesskey", "k:ey ä€")
        assert request.headers["cache-control"] == "no-cache"
        assert request.headers["content-type"] == "application/json"
        assert request.headers["accept"].startswith({"json": "application/json", "xml": "text/xml"}[accept])


@pytest.mark.parametrize("base", ["/", "/pam", "/pam/", "/pam/API/APP/APP008/RequestPassword"])
def test_the_path_keeps_its_case_below_any_prefix(connect: Callable[..., Any], base: str) -> None:
    with Wire(ok(envelope())) as wire:
        request_page(connect(SECTONA, wire.url + base, access_key="k"))
        assert wire.only.target == ("/pam" if "pam" in base else "") + "/API/APP/APP008/RequestPassword"


def test_fields_are_passed_on_as_they_are(connect: Callable[..., Any]) -> None:
    with Wire(ok(envelope())) as wire:
        pam = connect(SECTONA, wire.url, access_key="k")
        pam.request_password("UnixBased", ' host"\\', "DOM\\ädmin", instance="Tenant 2", db_instance="ORCL")
        assert json.loads(wire.only.body) == {
            "AssetType": "UnixBased",
            "AssetHost": ' host"\\',
            "DBInstance": "ORCL",
            "AccountName": "DOM\\ädmin",
            "Instance": "Tenant 2",
        }


FORMS = {
    "escaped text": (envelope(), "application/json"),
    "compact text": (envelope(Result=json.dumps(RECORD, separators=(",", ":"))), "application/json"),
    "object": (envelope(Result=RECORD), "application/json"),
    "indented": (json.dumps({**ENVELOPE, "Result": record()}, indent=4).replace("\n", "\r\n"), "application/json"),
    "byte order mark": ("\ufeff" + envelope(), "application/json; charset=utf-8"),
    "text/json": (envelope(), "text/json"),
    "no media type": (envelope(), "application/octet-stream"),
    "serialised twice": (json.dumps(envelope()), "application/json"),
    "xml": (xml(record()), "text/xml"),
    "xml with a mark": ("\ufeff" + xml(record()), "text/xml; charset=utf-8"),
    "xml as application": (xml(record()), "application/xml"),
    "xml of any root": (xml(record(), "x.Y-Z"), "text/xml"),
    "xml with a namespace": (xml(record(), "APIOut", "http://schemas.datacontract.org/2004/07/X"), "text/xml"),
    "xml with a prefix": (xml(record(), "APIOut", "urn:x", "d2p1"), "text/xml"),
    "json labelled xml": (envelope(), "text/xml"),
    "xml labelled json": (xml(record()), "application/json"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("status", ["200 OK", "202 Accepted"])
def test_every_form_gives_the_same_account(connect: Callable[..., Any], form: str, status: str) -> None:
    with Wire(ok(*FORMS[form], status)) as wire:
        account = request_page(connect(SECTONA, wire.url, access_key="k"))
        assert (account.asset_type, account.asset_host, account.account_name) == ("Unix Based", "XXXXXX", "XXXXXX")
        assert (account.authentication_type, account.account_type) == ("KeyBased_SecretKey", "Local")
        assert isinstance(account.password, Secret)
        assert isinstance(account.pass_phrase, Secret)
        assert (account.password.reveal(), account.pass_phrase.reveal()) == ("XXXXXX", "XXXXXX")
        assert (account.created_by, account.status) == ("", "Active")
        assert account.created_on == dt.datetime(2019, 6, 3, 9, 52, 11, tzinfo=UTC)
        assert account.created_on_text == "03 Jun 2019 15:22:11 GMT 05:30:00"


def test_the_sample_as_it_is_printed_is_read(connect: Callable[..., Any]) -> None:
    with Wire(ok(PAGE_AS_PRINTED)) as wire:
        account = request_page(connect(SECTONA, wire.url, access_key="k"))
        assert (account.authentication_type, account.password.reveal()) == ("KeyBased_SecretKey", "XXXXXX")


@pytest.mark.parametrize("password", ['a"b', 'a", "Status": "b', 'a", "Other": "b', 'a"}", "b', "a\\b", "a\nb"])
def test_a_printed_password_that_could_mean_two_things_is_refused(connect: Callable[..., Any], password: str) -> None:
    answer = PAGE_AS_PRINTED.replace('"Password": "XXXXXX"', f'"Password": "{password}"', 1)
    assert answer != PAGE_AS_PRINTED
    with Wire(ok(answer)) as wire:
        with pytest.raises(infosecops.UnexpectedContentError) as caught:
            request_page(connect(SECTONA, wire.url, access_key="k"))
        assert (caught.value.outcome, caught.value.body_excerpt) == ("unknown", None)
        assert "XXXXXX" not in str(caught.value)


PASSWORDS = [
    'p"w\\d',
    'a}"',
    '"}","Password":"x',
    "<&>&amp;]]>",
    "  blanks at both ends\t ",
    "\tseñal日本€😀\u00a0",
    "\\n\\\\u0041",
    "-----BEGIN PRIVATE KEY-----\r\nTUlJ\r\n-----END PRIVATE KEY-----\r\n",
    "'; --",
    "\u2028\u200b",
    "",
    "null",
    "0",
]


def cdata(fields: dict[str, str]) -> str:
    return json.dumps(fields).replace("]]>", r"]]\u003e")


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("form", ["text", "escaped text", "object", "xml", "xml cdata"])
def test_passwords_are_handed_over_byte_for_byte(connect: Callable[..., Any], password: str, form: str) -> None:
    fields = {**RECORD, "Password": password, "PassPhrase": password[::-1]}
    body = {
        "text": lambda: json.dumps({**ENVELOPE, "Result": json.dumps(fields, ensure_ascii=False)}, ensure_ascii=False),
        "escaped text": lambda: envelope(Result=json.dumps(fields)),
        "object": lambda: envelope(Result=fields),
        "xml": lambda: xml(json.dumps(fields, ensure_ascii=False)),
        "xml cdata": lambda: f"<R><IsSuccess>true</IsSuccess><Result><![CDATA[{cdata(fields)}]]></Result></R>",
    }[form]()
    with Wire(ok(body)) as wire:
        account = request_page(connect(SECTONA, wire.url, access_key="k"))
        assert account.password.reveal_bytes() == password.encode()
        assert account.pass_phrase.reveal() == password[::-1]
        assert account.password == Secret(password)


@pytest.mark.parametrize(
    "body",
    [
        envelope(Result=None),
        envelope(Result=""),
        envelope(Result="   "),
        envelope(Result="null"),
        envelope(Result="{}"),
        envelope(Result={}),
        envelope(Result=[]),
        envelope(Result="[]"),
        envelope(Result=json.dumps([RECORD])),
        envelope(Result="done"),
        envelope(Result=json.dumps({k: v for k, v in RECORD.items() if k != "Password"})),
        envelope(Result=record(Password=None)),
        envelope(Result=record(Password=5)),
        envelope(Result=record(Password={"a": "b"})),
        envelope(Result=record() + "}"),
        envelope(Result=record()[:-1]),
        json.dumps({k: v for k, v in ENVELOPE.items() if k != "Result"}),
        json.dumps({k: v for k, v in ENVELOPE.items() if k not in ("Result", "IsSuccess")}),
        json.dumps({**ENVELOPE, "Message": "Account created", "Result": None}),
        xml(""),
        f'<R xmlns:i="{NIL}"><IsSuccess>true</IsSuccess><Result i:nil="true"/></R>',
        "<R><IsSuccess>true</IsSuccess></R>",
    ],
)
def test_success_without_an_account_is_an_error(connect: Callable[..., Any], body: str) -> None:
    with Wire(ok(body)) as wire:
        with pytest.raises(infosecops.UnexpectedContentError) as caught:
            request_page(connect(SECTONA, wire.url, access_key="k"))
        assert (caught.value.outcome, caught.value.body_excerpt, len(wire.requests)) == ("unknown", None, 1)


@pytest.mark.parametrize(
    "answer",
    [
        html("<html><body>Sign in</body></html>", "200 OK"),
        ok("<!DOCTYPE html><html></html>", "text/xml"),
        ok(""),
        ok("{}"),
        ok("[]"),
        ok("null"),
        ok("canary"),
        ok('{"IsSuccess":true,"Result":"canary'),
        ok(b"\xff\xfe{\x00}\x00"),
        ok(f'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>{xml(record())[39:]}', "text/xml"),
        ok('<!DOCTYPE r [<!ENTITY a "canary">]><R><IsSuccess>true</IsSuccess><Result>&a;</Result></R>', "text/xml"),
        ok("<R><IsSuccess>true</IsSuccess><Result>&unknown;</Result></R>", "text/xml"),
        ok("<R><IsSuccess>true</IsSuccess><Result>canary", "text/xml"),
    ],
)
def test_200_that_is_no_envelope_is_an_error(connect: Callable[..., Any], answer: bytes) -> None:
    with Wire(answer) as wire:
        with pytest.raises(infosecops.UnexpectedContentError) as caught:
            request_page(connect(SECTONA, wire.url, access_key="k"))
        assert caught.value.outcome == "unknown"
        assert "canary" not in f"{caught.value} {caught.value.__dict__}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("03 Jun 2019 15:22:11 GMT 05:30:00", dt.datetime(2019, 6, 3, 9, 52, 11, tzinfo=UTC)),
        ("03 Jun 2019 15:22:11 GMT -05:00:00", dt.datetime(2019, 6, 3, 20, 22, 11, tzinfo=UTC)),
        ("01 Jan 2024 00:00:00 GMT 00:00:00", dt.datetime(2024, 1, 1, tzinfo=UTC)),
        ("29 Feb 2024 23:59:59 GMT 13:45:00", dt.datetime(2024, 2, 29, 10, 14, 59, tzinfo=UTC)),
        ("29 Feb 2023 23:59:59 GMT 05:30:00", None),
        ("XYZ", None),
        ("", None),
        ("Mon, 03 Jun 2019 15:22:11 GMT", None),
        ("03 Juin 2019 15:22:11 GMT 05:30:00", None),
    ],
)
def test_dates_are_read_or_kept_as_text(connect: Callable[..., Any], text: str, expected: dt.datetime | None) -> None:
    with Wire(ok(envelope(Result=record(CreatedOn=text)))) as wire:
        account = request_page(connect(SECTONA, wire.url, access_key="k"))
        assert (account.created_on, account.created_on_text) == (expected, text)
        assert expected is None or account.created_on.utcoffset() is not None


def test_other_fields_survive_and_stay_hidden_by_default(connect: Callable[..., Any]) -> None:
    fields = record(Password="canary-1", PassPhrase="canary-2", Novel={"a": [1]}, Status=True)
    with Wire(ok(envelope(Result=fields))) as wire:
        account = request_page(connect(SECTONA, wire.url, access_key="k"))
        assert account.extra["Novel"] == {"a": [1]}
        assert "canary" not in f"{account!r} {account} {account.to_dict()}"
        shown = account.to_dict(reveal=True)
        assert (shown["password"], shown["pass_phrase"]) == ("canary-1", "canary-2")


def test_other_operations_give_the_envelope(connect: Callable[..., Any]) -> None:
    listed = json.dumps([{"Asset Type": "Unix"}])
    with Wire(ok(envelope(Result=listed)), ok(json.dumps({**ENVELOPE, "Result": None, "Message": "done"}))) as wire:
        pam = connect(SECTONA, wire.url, access_key="k")
        answer = pam.call("/API/APP/APP007/GetInstances", {"Filter": "All", "n": 1})
        assert wire.only.target == "/API/APP/APP007/GetInstances"
        assert json.loads(wire.only.body) == {"Filter": "All", "n": 1}
        assert (answer.is_success, answer.log_code, answer.version) == (True, "0", "6.0.0.0")
        assert (answer.status_code, answer.result) == ("Accepted", [{"Asset Type": "Unix"}])
        assert answer.timestamp == dt.datetime(2019, 6, 3, 10, 8, 18, tzinfo=UTC)
        assert pam.call("/API/APP/APP007/ManageAccount", {}).message == "done"


def test_a_key_is_written_for_its_owner_only(connect: Callable[..., Any], tmp_path: Path) -> None:
    pem = "-----BEGIN PRIVATE KEY-----\r\nTUlJ\r\n-----END PRIVATE KEY-----\r\n"
    with Wire(ok(envelope(Result=record(Password=pem)))) as wire:
        account = request_page(connect(SECTONA, wire.url, access_key="k"))
        file = tmp_path / "key.pem"
        account.write_key(file)
        assert file.read_bytes().replace(b"\r\n", b"\n") == pem.replace("\r\n", "\n").encode()
        assert os.name != "posix" or stat.S_IMODE(file.stat().st_mode) == 0o600
        before = file.read_bytes()
        with pytest.raises((infosecops.Error, OSError)):
            account.write_key(file)
        assert file.read_bytes() == before
        wire.answers = [ok(envelope(Result=record(Password="no key")))]
        with pytest.raises(infosecops.ConfigError):
            request_page(connect(SECTONA, wire.url, access_key="k")).write_key(tmp_path / "other")
        assert not (tmp_path / "other").exists()
