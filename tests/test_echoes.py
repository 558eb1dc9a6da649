"""Servers repeat what they were sent. Nothing of it is shown, whatever the spelling and wherever it stands."""

from __future__ import annotations

import base64
import html
import json
import logging
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import infosecops
import pytest
from infosecops import Secret, TrustedApp, UserLogin
from wire import Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable

# Both ends are looked for: half a secret is too much.
HEAD, TAIL = "Zq9kX4", "pW7vR2"
CANARY = f"{HEAD}/a+b=c&d<e>f\"g'h\\i~j*k{TAIL}"
ODD_CANARY = f"{HEAD} ä€😀/<&>\"'{TAIL}"
UUID = "7ba167aa-5b1c-4f9e-8f0a-0123456789ab"
# So many masked pieces fit into what is shown of a header.
PIECES = 10
ONE: dict[str, Any] = {"retry": infosecops.Retry(attempts=1)}


def escaped(text: str, escape: str) -> str:
    """All characters but letters and digits in one kind of escape."""
    return re.sub("[^a-zA-Z0-9]", lambda found: escape % ord(found[0]), text)


def lower_percent(text: str) -> str:
    return re.sub("%..", lambda found: found[0].lower(), text)


def json_text(text: str, **options: Any) -> str:
    return json.dumps(text, **options)[1:-1]


SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper case": str.swapcase,
    "quote": quote,
    "quote all": lambda text: quote(text, safe=""),
    "quote, lower case": lambda text: lower_percent(quote(text, safe="")),
    "quote_plus": quote_plus,
    "encodeURI": lambda text: quote(text, safe=";,/?:@&=+$-_.!~*'()#"),
    "encodeURIComponent": lambda text: quote(text, safe="-_.!~*'()"),
    "URLEncoder": lambda text: quote_plus(text, safe="*").replace("~", "%7E"),
    "quote twice": lambda text: quote(quote(text, safe=""), safe=""),
    "html": html.escape,
    "html without quotes": lambda text: html.escape(text, quote=False),
    "html, &#039;": lambda text: html.escape(text).replace("&#x27;", "&#039;"),
    "html, &#x2F;": lambda text: html.escape(text).replace("/", "&#x2F;"),
    "html, decimal": lambda text: escaped(text, "&#%d;"),
    "html, hexadecimal": lambda text: escaped(text, "&#x%04x;"),
    "html, every character": lambda text: "".join(f"&#{ord(one)};" for one in text),
    "html twice": lambda text: html.escape(html.escape(text)),
    "json": json_text,
    "json in UTF-8": lambda text: json_text(text, ensure_ascii=False),
    "json, upper case": lambda text: re.sub(
        r"u[0-9a-f]{4}", lambda found: found[0].upper().replace("U", "u"), json_text(text)
    ),
    "json, solidus": lambda text: json_text(text).replace("/", "\\/"),
    "json for html": lambda text: (
        json_text(text).replace("<", "\\u003c").replace("&", "\\u0026").replace("'", "\\u0027")
    ),
    "json in json": lambda text: json_text(json.dumps(text)),
    "html in json": lambda text: json_text(html.escape(text)).replace("&", "\\u0026"),
    "backslashes": lambda text: re.sub(
        r"(\W)", lambda found: found[0] if ord(found[0]) > 127 else f"\\{found[0]}", text
    ),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for urls": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "basic": lambda text: base64.b64encode(f"somebody:{text}".encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
}


PLACES = ("text", "page", "json", "200", "reason", "headers", "redirect")


def answer(place: str, *pieces: str) -> bytes:
    """An answer that says these things at a place where a server can repeat something."""
    said = " | ".join(pieces)
    in_json = " | ".join(piece if "\\" in piece else json_text(piece, ensure_ascii=False) for piece in pieces)
    in_header = re.sub(r"[^ -~]", "?", said)
    return answers(said, in_json, in_header)[place]


def answers(said: str, in_json: str, in_header: str) -> dict[str, bytes]:
    return {
        "text": ok(f"refused: {said} is wrong", "text/plain;charset=UTF-8", status="400 Bad Request"),
        "page": ok(f"<html><body><p>{said}</p></body></html>", "text/html;charset=UTF-8", status="500 Oops"),
        "json": ok(
            f'{{"detail": "no {in_json}", "Message": "{in_json}", "LogCode": "{in_json}", "code": "{in_json}"}}',
            status="409 Conflict",
        ),
        "200": ok(f"<html>{said}</html>", "text/html;charset=UTF-8"),
        "reason": ok("", "text/plain", status=f"400 {in_header}"),
        "headers": ok(
            "",
            "text/plain",
            status="429 Slow down",
            X_Request_Id=in_header,
            Retry_After=in_header,
            X_Squid_Error=in_header,
        ),
        "redirect": ok("", "text/plain", status="302 Found", Location=f"/login/{in_header}?next={in_header}"),
    }


CALLS: dict[str, Callable[..., object]] = {
    "gl token": lambda make, key: make("GovernanceLifecycle", token=key).run_review("x"),
    "gl user": lambda make, key: make("GovernanceLifecycle", login=UserLogin("u", key)).login(),
    "gl app": lambda make, key: make("GovernanceLifecycle", login=TrustedApp("u", key)).login(),
    "sde token": lambda make, key: make("SDElements", token=key).jobs.alm.start(12),
    "sectona key": lambda make, key: make("Sectona", access_key=key).request_password("a", "b", "c"),
    "sectona call": lambda make, key: make("Sectona", access_key=key).call("/API/APP/APP007/GetUsers", {}),
    "bamboo password": lambda make, key: make("BambooAgents", username="u", password=key).tokens.create("x"),
    "bamboo token": lambda make, key: make("BambooAgents", token=key).tokens.list(),
    "raw request": lambda make, key: make("SDElements", token=key).request("POST", "/x", json={"a": 1}),
    "client header": lambda make, key: make("SDElements", token="t", headers={"X-Gateway": key}).jobs.alm.start(1),
    "client key": lambda make, key: make("Sectona", access_key="k", headers={"X-Api-Key": key}).call("/API/x", {}),
    "client cookie": lambda make, key: make(
        "BambooAgents", token="t", headers={"Cookie": f"a=b; route={key}"}
    ).tokens.list(),
    "request header": lambda make, key: make("SDElements", token="t").request(
        "POST", "/x", headers={"X-Api-Key": key}, json={}
    ),
}
UUID_CALLS: dict[str, Callable[..., object]] = {
    "agents": lambda make, key: make("BambooAgents").agents(key).enable(7),
    "tokens": lambda make, key: make("BambooAgents", token="t", api="agent").tokens.update(
        Secret(key), name="x", read=True, change=True
    ),
    "request": lambda make, key: make("BambooAgents", token="t").request("PUT", f"/rest/agent-config/1.0/tokens/{key}"),
    "old request": lambda make, key: make("BambooAgents", token="t").request("GET", f"/rest/agent/1.0/tokens/{key}"),
}
TAKES_BLANKS = ("gl user", "bamboo password")


class Shown:
    """All that a user, a log and a metric get to see of one call."""

    def __init__(self, connect: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
        self._connect = connect
        self._caplog = caplog
        caplog.set_level(logging.DEBUG)

    def of(self, call: Callable[..., object], key: str, answer: bytes, **options: Any) -> str:
        events: list[object] = []
        self._caplog.clear()
        with Wire(answer) as wire:

            def make(system: str, **more: Any) -> Any:
                return self._connect(system, wire.url, **{**ONE, "on_event": events.append, **options, **more})

            with pytest.raises(infosecops.Error) as caught:
                call(make, key)
            assert wire.requests
        error = caught.value
        records = "".join(record.getMessage() for record in self._caplog.records)
        assert events
        assert records
        return f"{error} {error!r} {error.args!r} {vars(error)!r} {events!r} {records}"


@pytest.fixture
def shown(connect: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> Shown:
    return Shown(connect, caplog)


def assert_hidden(text: str, secret: str, spelled: str, where: str) -> None:
    low = text.lower()
    assert spelled.lower() not in low, where
    for part in (HEAD, TAIL, UUID[:8], UUID[-12:]):
        if part in secret:
            assert part.lower() not in low, f"{where}: {text}"


@pytest.mark.parametrize("name", CALLS)
def test_no_spelling_of_a_credential_is_shown(name: str, shown: Shown) -> None:
    secret = ODD_CANARY if name in TAKES_BLANKS else CANARY
    spelled = [(spelling, write(secret)) for spelling, write in SPELLINGS.items()]
    # A raw answer of status 200 is the caller's own.
    for place in [place for place in PLACES if place != "200" or "request" not in name]:
        # As many in one answer as are seen of it, masked or not.
        for start in range(0, len(spelled), PIECES):
            pieces = spelled[start : start + PIECES]
            text = shown.of(CALLS[name], secret, answer(place, *(piece for _, piece in pieces)))
            for spelling, piece in pieces:
                assert_hidden(text, secret, piece, f"{place}, {spelling}")


@pytest.mark.parametrize("name", UUID_CALLS)
def test_no_spelling_of_a_tokens_uuid_is_shown(name: str, shown: Shown) -> None:
    for spelling in ("plain", "upper case", "quote all", "html, every character", "json", "base64"):
        piece = SPELLINGS[spelling](UUID)
        for place in [place for place in PLACES if place != "200" or "request" not in name]:
            assert_hidden(shown.of(UUID_CALLS[name], UUID, answer(place, piece)), UUID, piece, f"{place}, {spelling}")


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_bodies_in_utf_16_show_nothing(encoding: str, name: str, shown: Shown) -> None:
    body = f"refused: {HEAD}{TAIL}, bind_password: hunter22".encode(encoding)
    text = shown.of(CALLS[name], HEAD + TAIL, ok(body, "text/plain", status="403 Forbidden")).replace("\\x00", "")
    for part in (HEAD, TAIL, "hunter22"):
        assert part not in text
        assert " ".join(part) not in text


def test_a_credential_in_a_path_is_not_shown(shown: Shown) -> None:
    key = HEAD + TAIL

    def call(make: Callable[..., Any], key: str) -> object:
        return make("SDElements", token=key).request("GET", f"/x/{key}/y", params={"a": key})

    text = shown.of(call, key, ok("", status="404 Not Found"))
    assert_hidden(text, key, key, "path")
    assert "/x/****/y?a=****" in text


@pytest.mark.parametrize("spelling", ["plain", "base64", "basic", "quote all"])
def test_the_password_of_a_proxy_is_not_shown(spelling: str, connect: Callable[..., Any]) -> None:
    piece = SPELLINGS[spelling](CANARY)
    for place in PLACES:
        with Wire(answer(place, piece)) as proxy:
            way = f"http://somebody:{quote(CANARY, safe='')}@127.0.0.1:{proxy.port}"
            client = connect("SDElements", "http://sde.test", token="t", allow_http=True, proxy=way, **ONE)
            with pytest.raises(infosecops.Error) as caught:
                client.jobs.alm.start(1)
            assert proxy.requests
        assert_hidden(f"{caught.value} {vars(caught.value)!r}", CANARY, piece, f"{place}, {spelling}")


def test_harmless_headers_of_the_caller_stay_readable(connect: Callable[..., Any]) -> None:
    given = {"X-Request-Id": "5f0c9d4e-run", "Accept-Language": "de-CH-1996", "X-Team": "iam"}
    with (
        Wire(
            ok('{"detail": "5f0c9d4e-run of iam in de-CH-1996"}', status="409 Conflict", X_Request_Id="5f0c9d4e-run")
        ) as wire,
        pytest.raises(infosecops.ConflictError, match="5f0c9d4e-run of iam in de-CH-1996") as caught,
    ):
        connect("SDElements", wire.url, token="t", headers=given).jobs.alm.start(1)
    assert caught.value.request_id == "5f0c9d4e-run"


# Secrets that the client does not know.


TOLD = {
    "bind_password: hunter22": "bind_password: ****",
    "X-Api-Key: hunter22": "X-Api-Key: ****",
    "Authorization: Basic aHVudGVyMjI6aHVudGVyMjI=": "Authorization: ****",
    "Cookie: a=hunter22; b=hunter22": "Cookie: ****",
    "'password' => 'hunter22', 'user' => 'bob'": "'password' => '****', 'user' => 'bob'",
    "password -> hunter22, user -> bob": "password -> ****, user -> bob",
    "Account{password=hunter22, user=bob}": "Account{password=****, user=bob}",
    "Account(password='hunter22', user='bob')": "Account(password='****', user='bob')",
    'the password is "hunter22"': 'the password is "****"',
    '<entry name="password">hunter22</entry>': '<entry name="password">****</entry>',
    "https://bob:hunter22@host.test/x": "https://****@host.test/x",
    "Invalid token: log in": "Invalid token: log in",
    "password: must not be empty": "password: must not be empty",
}


@pytest.mark.parametrize("told", TOLD)
def test_values_of_secret_names_are_masked_wherever_a_text_is_shown(told: str, connect: Callable[..., Any]) -> None:
    calls: list[tuple[str, dict[str, Any], Callable[[Any], object]]] = [
        ("GovernanceLifecycle", {"token": "t"}, lambda gl: gl.run_review("x")),
        ("SDElements", {"token": "t"}, lambda sde: sde.jobs.alm.start(1)),
        ("Sectona", {"access_key": "k"}, lambda pam: pam.request_password("a", "b", "c")),
        ("BambooAgents", {"token": "t"}, lambda bamboo: bamboo.tokens.create("x")),
    ]
    for system, given, call in calls:
        answer = ok(f"{told}\n", "text/plain", status="400 Bad Request")
        with Wire(answer) as wire, pytest.raises(infosecops.Error) as caught:
            call(connect(system, wire.url, **given))
        assert TOLD[told] in str(caught.value)
        assert caught.value.body_excerpt == TOLD[told]


def test_the_text_of_a_failed_job_is_masked(connect: Callable[..., Any]) -> None:
    said = f"login with {CANARY} failed, bind_password: hunter22, key {quote(CANARY)}"
    job = {"id": 7, "ready": True, "succeeded": False, "result_message": said}
    with (
        Wire(ok(json.dumps(job))) as wire,
        pytest.raises(infosecops.JobFailed, match=r"failed: login with \*\*\*\* failed, bind_password: \*\*\*\*, key"),
    ):
        connect("SDElements", wire.url, token=CANARY).jobs.alm.wait(7, timeout=5.0)


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/login;jsessionid=0A1B2C3D?next=/x", "/login;jsessionid=****?next=/x"),
        ("/login;%6Asessionid=0A1B2C3D", "/login;%6Asessionid=****"),
        ("/sso#access_token=0A1B2C3D&state=5", "/sso#access_token=****&state=5"),
        ("/x?a[token]=0A1B2C3D", "/x?a[token]=****"),
        (f"/rest/agent/1.0/tokens/{UUID}", "/rest/agent/1.0/tokens/****"),
        ("https://bob:0A1B2C3D@sso.test/x", "https://****@sso.test/x"),
    ],
)
def test_the_target_of_a_redirect_is_masked(location: str, expected: str, connect: Callable[..., Any]) -> None:
    events: list[Any] = []
    elsewhere = ok("", status="302 Found", Location=location)
    with Wire(elsewhere, ok("{", status="500 Oops")) as wire:
        client = connect("SDElements", wire.url, token="t", on_event=events.append, **ONE)
        with pytest.raises(infosecops.UnexpectedContentError) as caught:
            client.jobs.alm.start(1)
        assert expected in str(caught.value)
        assert "0A1B2C3D" not in f"{caught.value} {vars(caught.value)}"
        if location.startswith("https:"):
            return
        # One that is followed.
        wire.answers = [elsewhere, ok("{", status="500 Oops")]
        wire.requests.clear()
        with pytest.raises(infosecops.ServerError) as failed:
            client.jobs.alm.get(1)
    assert failed.value.url is not None
    assert failed.value.url.endswith(expected)
    for secret in ("0A1B2C3D", UUID):
        assert secret not in f"{failed.value} {vars(failed.value)} {events}"
    assert any(event.url.endswith(expected) for event in events)


def test_long_addresses_and_request_ids_are_cut(connect: Callable[..., Any]) -> None:
    answer = ok("", status="500 Oops", X_Request_Id="r" * 500)
    with Wire(answer) as wire, pytest.raises(infosecops.ServerError) as caught:
        connect("SDElements", wire.url, token="t", **ONE).request("POST", "/x", params={"q": "ü" * 900})
    error = caught.value
    assert error.url is not None
    assert error.request_id is not None
    assert (len(error.url), error.url[-1]) == (301, "…")
    assert (len(error.request_id), error.request_id[-1]) == (101, "…")
    assert len(str(error)) < 1000


@pytest.mark.parametrize(("asked", "told"), [("7", "wait 7 s"), ("soon", None), (f"{HEAD} 7", None)])
def test_a_wait_that_is_asked_for_is_told_in_seconds(asked: str, told: str | None, connect: Callable[..., Any]) -> None:
    answer = ok("", status="429 Slow down", Retry_After=asked)
    with Wire(answer) as wire, pytest.raises(infosecops.RateLimitedError) as caught:
        connect("BambooAgents", wire.url, token="t", **ONE).tokens.create("x")
    assert (told or "x") in (caught.value.hint or "x")
    assert HEAD not in f"{caught.value} {vars(caught.value)}"
