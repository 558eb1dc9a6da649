"""Kinds, paths and URLs that would lead elsewhere than they say are refused where they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import ConfigError
from wire import Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with Wire(ok("{}")) as server:
        yield server


@pytest.fixture
def sde(connect: Callable[..., Any], wire: Wire) -> Any:
    return connect("SDElements", wire.url, token="t")


@pytest.fixture
def pam(connect: Callable[..., Any], wire: Wire) -> Any:
    return connect("Sectona", wire.url, access_key="k")


@pytest.mark.parametrize(
    "kind", ["", " ", "\xa0", "\n", ".", "..", "a/b", "/alm", "alm/", "a\\b", "a?b", "a#b", "%2e%2e", "a b"]
)
def test_kinds_are_checked_where_they_are_made(kind: str) -> None:
    for twin in ("SDElements", "AsyncSDElements"):
        sde = getattr(infosecops, twin)("https://sde.example.com", token="t")
        for of in (sde.jobs, sde.connections):
            with pytest.raises(ConfigError, match=r"^kind: "):
                of.kind(kind)
            with pytest.raises(TypeError, match=r"^kind: must be a str, not int"):
                of.kind(1)


PATHS = [
    "..%2fadmin",
    "a/..%2F..%2fadmin",
    "a/..%252fadmin",
    "%2e%2e/admin",
    "a/%2E./admin",
    "a/%252e%252e/admin",
    "a/..;/admin",
    "a/..;v=1/admin",
    "a/.;x/../admin",
    "a/.;x/admin",
    "a/..%3b/admin",
    "a\\b",
    "a/..\\admin",
    "a%5c..%5cadmin",
    "a%255cadmin",
    "a\tb",
    "a\nb",
    "a\r\nHost: evil",
    "a%0d%0aHost:evil",
    "a%09",
    "a%00",
    "a b",
    "/%2fevil.example.com",
    "%2f%2fevil.example.com",
    "//evil.example.com",
    "https://evil.example.com/",
    "a/%c0%ae%c0%ae/admin",
    "a?b=1",
    "a#b",
]


@pytest.mark.parametrize("path", PATHS)
def test_paths_that_lead_elsewhere(sde: Any, pam: Any, wire: Wire, path: str) -> None:
    for call in (lambda: sde.request("GET", path, effect="read"), lambda: pam.call(path, {})):
        with pytest.raises(ConfigError, match="path: "):
            call()
    assert wire.requests == []


@pytest.mark.parametrize("path", ["a%20b", "a%2Fb", "a;v=1", "a..b/...", "50%25", "%C3%A4", "a%3Ab@c"])
def test_paths_that_lead_where_they_say(connect: Callable[..., Any], path: str) -> None:
    with Wire(ok("{}")) as wire:
        connect("SDElements", wire.url, token="t").request("GET", path, effect="read")
        assert wire.only.target == f"/{path}"


@pytest.mark.parametrize(
    "text",
    [
        "{}\n",
        "\t{}",
        "{}\r\n",
        "{}\x0b",
        "\ufeff{}",
        "{}/a b",
        "{}/a\tb",
        "{}/\xa0",
        "{}\\a",
        "{}/..%2fb",
        "{}/..;/b",
        "{}/a%0ab",
    ],
)
def test_urls_hold_nothing_that_parsers_drop(text: str) -> None:
    for twin in ("", "Async"):
        for name, options in (("url", {}), ("failover[0]", {"failover": [text.format("https://b.example.com")]})):
            url = "https://a.example.com" if options else text.format("https://a.example.com")
            with pytest.raises(ConfigError) as caught:
                getattr(infosecops, f"{twin}Sectona")(url, access_key="k", **options)
            assert str(caught.value).startswith(f"{name}: ")


@pytest.mark.parametrize("text", ["{}\n", "\t{}", "{}\r\n", " {}", "{} ", "\ufeff{}", "{}\\"])
def test_proxies_neither(text: str) -> None:
    for twin in ("", "Async"):
        for proxy in ("http://u:CANARY@p.example.com:3128", "socks5h://p.example.com"):
            with pytest.raises(ConfigError) as caught:
                getattr(infosecops, f"{twin}SDElements")("https://a.example.com", token="t", proxy=text.format(proxy))
            assert str(caught.value).startswith("proxy: ")
            assert "CANARY" not in str(caught.value)
