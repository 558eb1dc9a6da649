"""A SOCKS5 server between client and server: logins, who resolves names, who refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from servers import Microsocks, Nginx, Tap, free_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from infosecops.sandbox import Sandbox

USER, PASSWORD = "j doe", "p@ss:w/ör%d"
LOGIN = "j%20doe:p%40ss%3Aw%2F%C3%B6r%25d@"
SCHEMES = ["socks5", "socks5h"]


def refused(call: Callable[[], object], port: int) -> infosecops.ProxyError:
    """The call ends at the proxy, which the error names, and nothing was sent."""
    with pytest.raises(infosecops.ProxyError) as caught:
        call()
    assert caught.value.outcome == "not_sent"
    assert f"://127.0.0.1:{port}" in str(caught.value)
    assert "proxy=" in caught.value.hint
    return caught.value


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("login", ["", LOGIN], ids=["open", "login"])
def test_calls_go_through(
    open_bamboo: Callable[..., Any], box: Sandbox, secured: Nginx, scheme: str, login: str
) -> None:
    with Microsocks(**({"user": USER, "password": PASSWORD} if login else {})) as socks:
        for url in (secured.url, box.url):
            api = open_bamboo(url, proxy=socks.url(scheme, login))
            api.tokens.create("x")
            api.tokens.list()
        assert f":{secured.port}" in socks.said()
    assert [entry.status for entry in box.journal] == [200] * 4


@pytest.mark.parametrize("scheme", SCHEMES)
def test_who_resolves_the_name(open_bamboo: Callable[..., Any], secured: Nginx, scheme: str) -> None:
    """With the `h` the name goes to the proxy; without it, an address does."""
    name = b"\x03\x09localhost" + secured.port.to_bytes(2, "big")
    address = b"\x01\x7f\x00\x00\x01" + secured.port.to_bytes(2, "big")
    with Microsocks() as socks, Tap(socks.port) as tap:
        open_bamboo(secured.url, proxy=f"{scheme}://127.0.0.1:{tap.port}").tokens.list()
        asked = {"socks5": address, "socks5h": name}[scheme]
        assert b"\x05\x01\x00" + asked in bytes(tap.sent)


def test_a_name_that_nobody_knows(open_bamboo: Callable[..., Any]) -> None:
    with Microsocks() as socks:
        for scheme, words in (("socks5", "resolving"), ("socks5h", "general server failure")):
            api = open_bamboo("https://nowhere.invalid", proxy=socks.url(scheme))
            assert words in str(refused(api.tokens.list, socks.port))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_credentials_that_are_missing_or_wrong(
    open_bamboo: Callable[..., Any], box: Sandbox, secured: Nginx, scheme: str
) -> None:
    with Microsocks(user=USER, password=PASSWORD) as socks:
        for login, words in (("", "auth"), ("jdoe:canary@", "credentials not accepted")):
            for url in (secured.url, box.url):
                api = open_bamboo(url, proxy=socks.url(scheme, login))
                error = refused(lambda api=api: api.tokens.create("x"), socks.port)
                assert words in str(error)
                assert "canary" not in f"{error!r} {error.__dict__} {api!r}"
    assert len(box.journal) == 0


@pytest.mark.parametrize("scheme", SCHEMES)
def test_credentials_for_an_open_proxy(open_bamboo: Callable[..., Any], secured: Nginx, scheme: str) -> None:
    """A client with a login offers nothing else, and this proxy knows no logins."""
    with Microsocks() as socks:
        api = open_bamboo(secured.url, proxy=socks.url(scheme, "jdoe:canary@"))
        assert "does not support user/pass" in str(refused(api.tokens.list, socks.port))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_server_that_refuses_and_a_proxy_that_is_down(
    open_bamboo: Callable[..., Any], box: Sandbox, secured: Nginx, scheme: str
) -> None:
    with Microsocks() as socks:
        api = open_bamboo(f"https://localhost:{free_port()}", proxy=socks.url(scheme))
        assert "refused" in str(refused(lambda: api.tokens.create("x"), socks.port))
        socks.stop()
        for url in (secured.url, box.url):
            api = open_bamboo(url, proxy=socks.url(scheme))
            error = refused(lambda api=api: api.tokens.create("x"), socks.port)
            assert "failed to create underlying connection" in str(error)
            assert error.attempts == 3
    assert len(box.journal) == 0


@pytest.mark.usefixtures("no_proxies")
def test_the_environment_may_name_it(
    open_bamboo: Callable[..., Any], box: Sandbox, secured: Nginx, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Microsocks(user=USER, password=PASSWORD) as socks:
        monkeypatch.setenv("ALL_PROXY", socks.url("socks5h", LOGIN))
        for url in (secured.url, box.url):
            open_bamboo(url, proxy=None).tokens.create("x")
        # What is plain http to this machine goes to none.
        assert socks.said().count("connected to") == 1
    assert [entry.applied for entry in box.journal] == [True] * 2
