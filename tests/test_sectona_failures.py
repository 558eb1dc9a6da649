"""The vault says no, or nothing: codes decide the class, and what it may have recorded is never sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import Retry
from test_sectona import SECTONA, envelope, record, request_page
from wire import Drop, Hang, Wire, html, ok

if TYPE_CHECKING:
    from collections.abc import Callable

CODES = {
    "011652": infosecops.NotFoundError,
    "011670": infosecops.NotFoundError,
    "011671": infosecops.NotFoundError,
    "011672": infosecops.PermissionDeniedError,
    "011688": infosecops.AuthenticationError,
    "011689": infosecops.BadRequestError,
    "011690": infosecops.NotFoundError,
    "011691": infosecops.ServerError,
    "011692": infosecops.ServerError,
    "011693": infosecops.ServerError,
    "011694": infosecops.ServerError,
    "011803": infosecops.ServerError,
    "011853": infosecops.NotFoundError,
    "023601": infosecops.AuthenticationError,
    "023604": infosecops.NotFoundError,
    "011649": infosecops.PermissionDeniedError,
    "099999": infosecops.ApiError,
    "E-17": infosecops.ApiError,
}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("status", ["200 OK", "202 Accepted", "400 Bad Request", "401 Unauthorized"])
def test_codes_decide_the_class(connect: Callable[..., Any], code: str, status: str) -> None:
    body = envelope(IsSuccess=False, LogCode=code, Result=None, StatusCode="BadRequest")
    with Wire(ok(body, status=status)) as wire:
        with pytest.raises(infosecops.ApiError) as caught:
            request_page(connect(SECTONA, wire.url, access_key="canary"))
        assert isinstance(caught.value, CODES[code])
        assert (caught.value.code, caught.value.outcome) == (code, "rejected")
        assert code in str(caught.value)
        assert len(wire.requests) == 1


@pytest.mark.parametrize("form", ["number", "padded xml", "short text"])
def test_codes_without_their_zeros_are_padded(connect: Callable[..., Any], form: str) -> None:
    body = {
        "number": envelope(IsSuccess=False, LogCode=11688),
        "short text": envelope(IsSuccess="False", LogCode="11688"),
        "padded xml": "<R><IsSuccess>False</IsSuccess><LogCode>11688</LogCode></R>",
    }[form]
    with Wire(ok(body)) as wire:
        with pytest.raises(infosecops.AuthenticationError) as caught:
            request_page(connect(SECTONA, wire.url, access_key="k"))
        assert caught.value.code == "011688"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"Message": "Key has expired", "Result": "x"}, "Key has expired"),
        ({"Result": "No such account here"}, "No such account here"),
        ({"Result": None}, "invalid access key"),
    ],
)
def test_the_text_of_a_failure(connect: Callable[..., Any], fields: dict[str, Any], text: str) -> None:
    answer = ok(envelope(IsSuccess=False, LogCode="011688", **fields))
    with Wire(answer) as wire, pytest.raises(infosecops.AuthenticationError, match=text):
        request_page(connect(SECTONA, wire.url, access_key="k"))


def test_a_failure_never_shows_a_record(connect: Callable[..., Any]) -> None:
    body = envelope(IsSuccess=False, LogCode="011692", Result=record(Password="canary"))
    with Wire(ok(body)) as wire:
        with pytest.raises(infosecops.ServerError) as caught:
            request_page(connect(SECTONA, wire.url, access_key="k"))
        assert "canary" not in f"{caught.value} {caught.value.__dict__}"


@pytest.mark.parametrize(
    "answer", [Drop(), html("", "503 Busy"), html("", "502 Bad"), html("", "504 Late"), html("", "500 Oops")]
)
def test_what_the_vault_may_have_recorded_is_never_sent_again(connect: Callable[..., Any], answer: Any) -> None:
    with Wire(answer) as wire:
        with pytest.raises(infosecops.Error) as caught:
            request_page(connect(SECTONA, wire.url, access_key="k", retry=Retry(attempts=5, base=0.0)))
        assert (len(wire.requests), caught.value.outcome, caught.value.attempts) == (1, "unknown", 1)


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "429 Too Many Requests"])
def test_refusals_are_never_sent_again(connect: Callable[..., Any], status: str) -> None:
    asked = []
    with Wire(ok("", "text/plain", status, Retry_After="0")) as wire:
        pam = connect(SECTONA, wire.url, access_key=lambda: asked.append(1) or "k")
        with pytest.raises(infosecops.ApiError) as caught:
            request_page(pam)
        assert (len(wire.requests), caught.value.outcome, len(asked)) == (1, "rejected", 1)


def test_a_timeout_is_not_sent_again(connect: Callable[..., Any]) -> None:
    with Wire(Hang()) as wire:
        with pytest.raises(infosecops.DeadlineExceeded) as caught:
            request_page(connect(SECTONA, wire.url, access_key="k", timeout=0.2))
        assert (len(wire.requests), caught.value.outcome) == (1, "unknown")


def test_a_redirect_is_not_followed(connect: Callable[..., Any]) -> None:
    with Wire(ok(envelope())) as other, Wire(ok("", status="302 Found", Location=other.url + "/x")) as wire:
        with pytest.raises(infosecops.UnexpectedContentError):
            request_page(connect(SECTONA, wire.url, access_key="k"))
        assert other.connections == 0


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("", ("a", "b", "c")),
        ("k\r\nHost: evil", ("a", "b", "c")),
        ("k", ("", "b", "c")),
        ("k", ("a", "", "c")),
        ("k", ("a", "b", "")),
    ],
)
def test_what_cannot_work_is_never_sent(connect: Callable[..., Any], key: str, names: tuple[str, str, str]) -> None:
    with Wire(ok(envelope())) as wire:
        with pytest.raises(infosecops.ConfigError):
            connect(SECTONA, wire.url, access_key=key).request_password(*names)
        assert wire.connections == 0
