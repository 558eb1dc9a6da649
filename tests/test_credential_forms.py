"""Credentials that can't be any are refused before anything is sent, by the argument's name and without their text."""

from __future__ import annotations

import base64
import traceback
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import ConfigError, Secret, SecretFile, TrustedApp, UserLogin
from wire import Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MARKER = "marker-4711"
UUID = "7ba167aa-631c-4771-b197-fcb459cc7fd7"
GL, SDE, PAM, BAMBOO = "GovernanceLifecycle", "SDElements", "Sectona", "BambooAgents"
READING = '{"id": 1, "name": "n", "enabled": true, "busy": false}'
CREATED = {"name": "n", "read": True, "change": False}

# How each credential is given, and a call that needs it.
WAYS: dict[str, tuple[str, Callable[[Any, str, Any], object]]] = {
    "gl token": ("token", lambda make, url, value: make(GL, url, token=value).run_review("R")),
    "gl password": ("password", lambda make, url, value: make(GL, url, login=UserLogin("u", value)).login()),
    "gl secret": ("client_secret", lambda make, url, value: make(GL, url, login=TrustedApp("c", value)).login()),
    "sde token": ("token", lambda make, url, value: make(SDE, url, token=value).jobs.alm.get(1)),
    "pam key": ("access_key", lambda make, url, value: make(PAM, url, access_key=value).call("/API/x", {})),
    "bamboo password": (
        "password",
        lambda make, url, value: make(BAMBOO, url, username="u", password=value).tokens.list(),
    ),
    "bamboo token": ("token", lambda make, url, value: make(BAMBOO, url, token=value).tokens.list()),
    "bamboo uuid": ("uuid", lambda make, url, value: make(BAMBOO, url).agents(value).state(1)),
}
BY_VALUE: dict[str, tuple[str, Callable[[Any, str, Any], object]]] = {
    "update": (
        "token",
        lambda make, url, value: make(BAMBOO, url, token="t", api="agent").tokens.update(value, **CREATED),
    ),
    "revoke": ("token", lambda make, url, value: make(BAMBOO, url, token="t", api="agent").tokens.revoke(value)),
}
GENERATED = {"gl token", "sde token", "bamboo token"}
BARE = {*GENERATED, "gl secret", "pam key"}
UUIDS = {"bamboo uuid", "update", "revoke"}

UNTYPED = [
    f"{MARKER}\n",
    f"{MARKER}\r\n",
    f"{MARKER}\r",
    f"\n{MARKER}",
    f"{MARKER}\n{MARKER}",
    f"{MARKER}\0",
    f"{MARKER}\x08",
    f"{MARKER}\x7f",
    f"{MARKER}\x85",
    f"{MARKER}\u2028",
    f"\ufeff{MARKER}",
    f"{MARKER}\ufffe",
    f"{MARKER}\t",
    MARKER * 6000,
    "",
    "   ",
]
AROUND = [
    f'"{MARKER}"',
    f"'{MARKER}'",
    f"\u201c{MARKER}\u201d",
    f"`{MARKER}`",
    f" {MARKER}",
    f"{MARKER} ",
    f"{MARKER}\xa0",
]
SCHEMES = [f"Bearer {MARKER}", f"bearer  {MARKER}", f"Token {MARKER}", f"token={MARKER}", f"Authorization: {MARKER}"]
PAIR = base64.b64encode(f"accesskey:{MARKER}".encode()).decode()
KEYS = [f"Basic {MARKER}", f"basic {PAIR}", PAIR, f"accesskey:{MARKER}", f"AccessKey: {MARKER}"]
SHAPES = [
    " ",
    "  ",
    "\xa0",
    "a b",
    ".",
    "..",
    "a/b",
    "a\\b",
    "a?b",
    "a#b",
    "..%2f",
    f'"{UUID}"',
    f"{{{UUID}}}",
    f" {UUID}",
]


def cases() -> Iterator[tuple[str, str]]:
    for way in (*WAYS, *BY_VALUE):
        yield from ((way, text) for text in UNTYPED)
        if way in BARE:
            yield from ((way, text) for text in AROUND)
        if way in GENERATED:
            yield from ((way, text) for text in SCHEMES)
            yield from ((way, text) for text in (f"'{MARKER}", f'{MARKER}"'))
        if way == "pam key":
            yield from ((way, text) for text in KEYS)
        if way in UUIDS:
            yield from ((way, text) for text in SHAPES)


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with Wire(ok(READING)) as server:
        yield server


def refuse(call: Callable[[], object], name: str, wire: Wire) -> ConfigError:
    before = len(wire.requests)
    with pytest.raises(ConfigError) as caught:
        call()
    error = caught.value
    shown = f"{error} {error!r} {vars(error)} {traceback.format_exception_only(type(error), error)}"
    assert f"{name}: must " in str(error)
    assert MARKER not in shown
    assert error.outcome == "not_sent"
    assert len(wire.requests) == before
    return error


@pytest.mark.parametrize("way", [*WAYS, *BY_VALUE])
def test_what_can_be_no_credential_is_refused(connect: Callable[..., Any], wire: Wire, way: str) -> None:
    name, call = {**WAYS, **BY_VALUE}[way]
    for _, text in (case for case in cases() if case[0] == way):
        for value in (text, Secret(text)):
            refuse(lambda value=value: call(connect, wire.url, value), name, wire)
        if way in WAYS:
            refuse(lambda text=text: call(connect, wire.url, lambda: text), name, wire)
            refuse(lambda text=text: call(connect, wire.url, lambda: Secret(text)), name, wire)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_there_is_refused_by_the_constructor(way: str) -> None:
    """`agents` and the logins are what a constructor is for the other clients."""
    name, call = WAYS[way]
    made: list[str] = []

    class Made:
        def __init__(self, *_: object, **__: object) -> None:
            made.append(way)

        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"{name} was reached")

    def make(system: str, url: str, **options: Any) -> Any:
        client = getattr(infosecops, system)(url, **options)
        return client if way == "bamboo uuid" else Made(client)

    with pytest.raises(ConfigError, match=f"^{name}: must "):
        call(make, "http://127.0.0.1:9", f"{MARKER}\n")
    assert made == []


@pytest.mark.parametrize("way", WAYS)
def test_a_file_with_more_than_a_line_is_refused(
    connect: Callable[..., Any], wire: Wire, way: str, tmp_path: Path
) -> None:
    name, call = WAYS[way]
    file = tmp_path / "secret"
    file.touch(mode=0o600)
    file.write_text(f"{MARKER}\n\n", encoding="utf-8")
    refuse(lambda: call(connect, wire.url, SecretFile(file)), name, wire)


def test_a_byte_order_mark_and_a_line_end_of_a_file_are_left_out(connect: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.touch(mode=0o600)
    file.write_bytes(b"\xef\xbb\xbfkey\r\n")
    with Wire(ok('{"id": 1}')) as wire:
        connect(SDE, wire.url, token=SecretFile(file)).jobs.alm.get(1)
        assert wire.only.headers["authorization"] == "Token key"


@pytest.mark.parametrize(
    ("variable", "twin", "text"),
    [
        ("INFOSECOPS_SD_ELEMENTS_TOKEN", SDE, f"Token {MARKER}"),
        ("INFOSECOPS_SD_ELEMENTS_TOKEN", SDE, f"{MARKER}\n"),
        ("SDE_API_KEY", SDE, f'"{MARKER}"'),
        ("INFOSECOPS_SECTONA_ACCESS_KEY", PAM, f"Basic {MARKER}"),
        ("INFOSECOPS_BAMBOO_AGENTS_TOKEN", BAMBOO, f"Bearer {MARKER}"),
        ("INFOSECOPS_GOVERNANCE_LIFECYCLE_TOKEN", GL, f"token={MARKER}"),
    ],
)
def test_the_environment_is_no_way_round(monkeypatch: pytest.MonkeyPatch, variable: str, twin: str, text: str) -> None:
    monkeypatch.setenv(variable, text)
    name = "access_key" if twin == PAM else "token"
    for prefix in ("", "Async"):
        with pytest.raises(ConfigError, match=f"^{name}: must ") as caught:
            getattr(infosecops, prefix + twin).from_env(url="https://x.example.com")
        assert variable in str(caught.value)
        assert MARKER not in str(caught.value)


def test_a_profile_is_no_way_round(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.touch(mode=0o600)
    monkeypatch.setenv("INFOSECOPS_CONFIG", str(file))
    tables = [
        (GL, "username = 'u'\npassword = \"PW\\n\"", "password"),
        (GL, "username = \"u\\u0000\"\npassword = 'p'", "username"),
        (GL, "client_id = 'c'\nclient_secret = '\"PW\"'", "client_secret"),
        (BAMBOO, "username = 'a:b'\npassword = 'p'", "username"),
        (PAM, "access_key = 'accesskey:PW'", "access_key"),
    ]
    for twin, table, name in tables:
        system = {GL: "governance_lifecycle", BAMBOO: "bamboo_agents", PAM: "sectona"}[twin]
        text = table.replace("PW", MARKER)
        file.write_text(f"[p.{system}]\nurl = 'https://x.example.com'\n{text}\n", encoding="utf-8")
        with pytest.raises(ConfigError, match=f"^{name}: must ") as caught:
            getattr(infosecops, twin).from_profile("p")
        assert "[p." in str(caught.value)
        assert MARKER not in str(caught.value)


NAMES: dict[str, tuple[str, Callable[[Any, str], object]]] = {
    "login": ("username", lambda _, value: UserLogin(value, "p")),
    "source": ("auth_source", lambda _, value: UserLogin("u", "p", value)),
    "app": ("client_id", lambda _, value: TrustedApp(value, "s")),
    "bamboo": ("username", lambda make, value: make(BAMBOO, "http://127.0.0.1:9", username=value, password="p")),
}


@pytest.mark.parametrize("given", NAMES)
@pytest.mark.parametrize("text", ["", " ", "\xa0", "u\n", "u\r\n", "u\0", "\ufeffu", "u\x7f", "u\t"])
def test_names_beside_a_secret_are_checked_too(connect: Callable[..., Any], given: str, text: str) -> None:
    name, make = NAMES[given]
    with pytest.raises(ConfigError, match=f"^{name}: must "):
        make(connect, text)


def test_a_basic_user_name_has_no_colon(connect: Callable[..., Any]) -> None:
    with pytest.raises(ConfigError, match=r"username: must hold no ':'") as caught:
        connect(BAMBOO, "http://127.0.0.1:9", username=f"admin:{MARKER}", password="p")
    assert MARKER not in str(caught.value)


@pytest.mark.parametrize(
    ("way", "text"),
    [
        ("gl password", " p]]>&\"'\u00e4 "),
        ("gl password", '"quoted"'),
        ("gl token", "ws12:ab:-3f.01"),
        ("gl secret", "a b/c=="),
        ("sde token", "5f0c'0d12"),
        ("pam key", "k:ey \u00e4\u20ac"),
        ("pam key", "Bearer of bad news'"),
        ("bamboo password", "Basic p:w"),
        ("bamboo token", "MDM0NjQ2/+=="),
        ("bamboo uuid", UUID.upper()),
    ],
)
def test_what_may_be_one_is_sent(connect: Callable[..., Any], way: str, text: str) -> None:
    with Wire(ok(READING)) as wire:
        try:
            WAYS[way][1](connect, wire.url, text)
        except ConfigError:
            raise
        except infosecops.Error:
            pass  # The answer is none of this operation's.
        assert len(wire.requests) == 1
