"""Proxies of literal bytes that refuse: who is named, how often each is asked, and what the server may have heard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import Retry
from servers import Microsocks
from wire import Drop, Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable

BAMBOO = "BambooAgents"
TARGET = "bamboo.test:8443"
SERVER = f"https://{TARGET}"
PLAIN = {"allow_http": True, "api": "agent-config", "token": "tok-canary"}
# What squid 5.7 and tinyproxy 1.11.1 send.
SQUID = "HTTP/1.1 {status}\r\nServer: squid/5.7\r\nX-Squid-Error: {code}\r\nVia: 1.1 squid.test (squid/5.7)\r\n"
DENIED = ok(
    "<html><body>Access Denied.</body></html>", "text/html", "403 Forbidden", X_Squid_Error="ERR_ACCESS_DENIED 0"
)


def squid(status: str, code: str, more: str = "") -> bytes:
    return (SQUID.format(status=status, code=code) + more + "Content-Length: 0\r\n\r\n").encode()


def create(connect: Callable[..., Any], url: str, proxy: Wire, **more: Any) -> infosecops.Error:
    """The error of a call that must not be made twice."""
    api = connect(BAMBOO, url, proxy=f"http://jdoe:pw@127.0.0.1:{proxy.port}", **{**PLAIN, **more})
    with pytest.raises(infosecops.Error) as caught:
        api.tokens.create("x")
    assert "tok-canary" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("status", "attempts", "hint"),
    [
        ("400 Bad Request", 1, "refuses this host or port"),
        ("401 Unauthorized", 1, "wants credentials"),
        ("403 Filtered", 1, "refuses this host or port"),
        ("405 Method Not Allowed", 1, "refuses this host or port"),
        ("407 Proxy Authentication Required", 1, "wants credentials"),
        ("429 Too Many Requests", 3, "refuses this host or port"),
        ("500 Unable to connect", 3, "can't reach the host"),
        ("502 Bad Gateway", 3, "can't reach the host"),
        ("503 Service Unavailable", 3, "can't reach the host"),
        ("504 Gateway Timeout", 3, "can't reach the host"),
    ],
)
def test_a_refused_tunnel_is_told_by_its_status(
    connect: Callable[..., Any], status: str, attempts: int, hint: str
) -> None:
    with Wire(ok("", status=status)) as proxy:
        error = create(connect, SERVER, proxy)
        assert type(error) is infosecops.ProxyError
        assert (error.status, error.outcome, error.attempts) == (int(status[:3]), "not_sent", attempts)
        assert f"through the proxy http://127.0.0.1:{proxy.port}: it answered CONNECT with {status[:3]} " in str(error)
        assert hint in error.hint
        assert len(proxy.requests) == attempts, "its answer says all: it is not asked again"
        assert {(one.method, one.target) for one in proxy.requests} == {("CONNECT", TARGET)}
        assert {one.headers.get("proxy-authorization") for one in proxy.requests} == {"Basic amRvZTpwdw=="}
        assert all("authorization" not in one.headers and one.body == b"" for one in proxy.requests)


def test_a_proxy_that_speaks_no_http_is_not_asked_again(connect: Callable[..., Any]) -> None:
    with Wire(b"220 mail.test ESMTP\r\n") as proxy:
        error = create(connect, SERVER, proxy, retry=Retry(attempts=1))
        assert type(error) is infosecops.ProxyError
        assert (error.status, error.outcome, error.attempts) == (None, "not_sent", 1)
        assert "look into the proxy's log" in error.hint
        assert len(proxy.requests) == 1


@pytest.mark.parametrize(
    ("answer", "outcome", "hint"),
    [
        (squid("403 Forbidden", "ERR_ACCESS_DENIED 0"), "rejected", "refuses this host"),
        (squid("503 Service Unavailable", "ERR_DNS_FAIL 0"), "not_sent", "can't reach the host"),
        (squid("503 Service Unavailable", "ERR_CONNECT_FAIL 111"), "unknown", "list the tokens"),
        (squid("502 Bad Gateway", "ERR_READ_ERROR 0"), "unknown", "list the tokens"),
        (squid("504 Gateway Timeout", "ERR_READ_TIMEOUT 0"), "unknown", "list the tokens"),
        (
            squid("407 Proxy Authentication Required", "ERR_CACHE_ACCESS_DENIED 0", "Proxy-Authenticate: Basic\r\n"),
            "not_sent",
            "wants credentials",
        ),
        (ok("", status="407 Proxy Authentication Required", Proxy_Authenticate="Basic"), "not_sent", "credentials"),
        (ok("", status="407 Proxy Authentication Required"), "rejected", "credentials"),
        (ok("", status="403 Filtered", Server="tinyproxy/1.11.1"), "rejected", "refuses this host"),
        (ok("", status="401 Unauthorized", Server="tinyproxy/1.11.1"), "rejected", "credentials"),
        (
            Drop(b"HTTP/1.0 500 Unable to connect\r\nServer: tinyproxy/1.11.1\r\nContent-Length: 99\r\n\r\n<ht"),
            "unknown",
            "list the tokens",
        ),
    ],
)
def test_a_proxy_that_answers_in_the_servers_place_is_named(
    connect: Callable[..., Any], answer: Any, outcome: str, hint: str
) -> None:
    with Wire(answer) as proxy:
        error = create(connect, "http://bamboo.test", proxy)
        assert type(error) is infosecops.ProxyError
        assert (error.outcome, error.attempts) == (outcome, 1)
        assert f"the proxy http://127.0.0.1:{proxy.port} answered {error.status} " in str(error)
        assert "the proxy" in error.hint
        assert hint in error.hint
        assert proxy.only.target == "http://bamboo.test/rest/agent-config/1.0/tokens/"


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "502 Bad Gateway", "504 Gateway Timeout"])
def test_an_answer_that_nobody_signed_may_be_the_proxys(connect: Callable[..., Any], status: str) -> None:
    with Wire(ok("", status=status, Via="1.1 proxy.test")) as proxy:
        error = create(connect, "http://bamboo.test", proxy)
        assert isinstance(error, infosecops.ApiError)
        assert f"the proxy http://127.0.0.1:{proxy.port}, whose answer this may be" in error.hint


def test_without_a_proxy_none_is_blamed(connect: Callable[..., Any]) -> None:
    with Wire(DENIED) as server:
        with pytest.raises(infosecops.PermissionDeniedError) as caught:
            connect(BAMBOO, server.url, **PLAIN).tokens.create("x")
        assert "proxy" not in (caught.value.hint or "")
    # Who asks for a proxy's password without being one has still heard the request.
    with Wire(ok("", status="407 Proxy Authentication Required", Proxy_Authenticate="Basic")) as server:
        with pytest.raises(infosecops.ProxyError) as caught:
            connect(BAMBOO, server.url, **PLAIN).tokens.create("x")
        assert (caught.value.outcome, caught.value.status) == ("rejected", 407)
        assert "answered 407" in str(caught.value)


def test_a_socks_proxy_speaks_no_http(connect: Callable[..., Any]) -> None:
    with Wire(DENIED) as server, Microsocks() as socks:
        with pytest.raises(infosecops.PermissionDeniedError) as caught:
            connect(BAMBOO, server.url, **{**PLAIN, "proxy": socks.url("socks5")}).tokens.create("x")
        assert "proxy" not in (caught.value.hint or "")
        assert len(server.requests) == 1
