"""A connection that is cut at any byte on its way through a proxy: who is named, and what may have been applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from cuts import ANSWER, EFFECTS, ENDS, HEAD, NO_PROXY, NO_SERVER, SEEN, TAKEN_UP, Cut, came_of, kinds, opener
from servers import Microsocks
from test_broken_tls import server_context
from test_tls import ConnectProxy
from tls_proxy import TlsConnectProxy
from tls_wire import TlsWire
from wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers import Authority

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
pytestmark = pytest.mark.usefixtures("no_proxies")


@pytest.fixture(params=ENDS)
def how(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=EFFECTS)
def effect(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def opened(connect: Callable[..., Any], authority: Authority, effect: str) -> Callable[..., Callable[[], Any]]:
    return opener(connect, authority, effect)


def test_an_answer_that_a_forward_proxy_cuts(opened: Callable[..., Any], effect: str, how: str) -> None:
    with Wire(ANSWER) as wire, Cut(wire.port, how) as cut:
        call = opened("http://host.test", f"http://127.0.0.1:{cut.port}")
        for cut.answer in range(len(ANSWER)):
            with pytest.raises(infosecops.Error) as caught:
                call()
            found = type(caught.value).__name__, caught.value.outcome, caught.value.status
            expected = (*TAKEN_UP, 200 if cut.answer >= HEAD else None)
            # Cut before it said anything, the proxy may not seem to be there at all.
            at_once = {(*SEEN, None), (*NO_PROXY, None)} if cut.answer == 0 else set()
            assert found in {expected, *at_once}, cut.answer
        # None twice; some may be on their way still.
        assert len(wire.requests) <= len(ANSWER)
        cut.answer = None
        call()
        again = opened("http://host.test", f"http://127.0.0.1:{cut.port}", attempts=2)
        cut.answer = 7
        wire.requests.clear()
        assert came_of(again) == TAKEN_UP
        assert len(wire.requests) == (2 if effect == "read" else 1)


def test_a_request_that_a_forward_proxy_cuts(opened: Callable[..., Any], how: str) -> None:
    with Wire(ANSWER) as wire, Cut(wire.port, how) as cut:
        call = opened("http://host.test", f"http://127.0.0.1:{cut.port}")
        call()
        length = len(wire.only.raw)
        for cut.request in range(length):
            found = came_of(opened("http://host.test", f"http://127.0.0.1:{cut.port}"))
            assert found == TAKEN_UP or (cut.request == 0 and found == SEEN), cut.request
        whole = [request for request in wire.requests if len(request.raw) == length]
        assert len(whole) == 1


def test_an_answer_to_connect_that_is_cut(opened: Callable[..., Any], authority: Authority, how: str) -> None:
    with (
        TlsWire(server_context(authority), ANSWER) as wire,
        ConnectProxy(established=ESTABLISHED) as proxy,
        Cut(proxy.port, how) as cut,
    ):
        call = opened(wire.url, f"http://127.0.0.1:{cut.port}", attempts=2)
        for cut.answer in range(len(ESTABLISHED)):
            proxy.requests.clear()
            with pytest.raises(infosecops.ProxyError) as caught:
                call()
            assert (caught.value.outcome, caught.value.attempts, caught.value.status) == ("not_sent", 2, None)
            assert f"http://127.0.0.1:{cut.port}" in str(caught.value)
        for cut.request in range(0, 60, 7):
            cut.answer = None
            assert came_of(call) == NO_PROXY
        assert wire.requests == []
        cut.request = None
        call()
        assert len(wire.requests) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_tunnel_that_is_cut(
    opened: Callable[..., Any], authority: Authority, how: str, scheme: str, version: str
) -> None:
    proxies = {"http": ConnectProxy, "https": lambda: TlsConnectProxy(server_context(authority, version))}
    with (
        TlsWire(server_context(authority, version), ANSWER) as wire,
        proxies[scheme]() as proxy,
        Cut(proxy.port, how) as cut,
    ):
        way = f"{scheme}://localhost:{cut.port}"
        opened(wire.url, way)()
        whole = cut.passed
        wire.requests.clear()
        told = []
        # Signatures differ in length by some bytes. The proxy makes a record of what has come, however much that is.
        end = whole - (16 if scheme == "http" else 128)
        for cut.answer in [*range(0, whole - len(ANSWER), 97), *range(whole - len(ANSWER), end, 31)]:
            told.append(came_of(opened(wire.url, way)))
            assert not wire.requests or told[-1] == TAKEN_UP, cut.answer
            wire.requests.clear()
        assert [kind for kind in kinds(told) if kind != SEEN] == [NO_PROXY, NO_SERVER, TAKEN_UP]
        assert told[-1] == TAKEN_UP
        cut.answer = None
        opened(wire.url, way)()
        # One that was cut may have been on its way still.
        assert 1 <= len(wire.requests) <= 2


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_socks_proxy_that_is_cut(opened: Callable[..., Any], how: str, scheme: str) -> None:
    with Wire(ANSWER) as wire, Microsocks() as socks, Cut(socks.port, how) as cut:
        url, way = f"http://localhost:{wire.port}", f"{scheme}://127.0.0.1:{cut.port}"
        told = []
        for cut.answer in range(12 + len(ANSWER)):
            told.append(came_of(opened(url, way)))
            assert not wire.requests or told[-1] == TAKEN_UP
        assert len(wire.requests) <= len(ANSWER)
        assert told[:12] == [NO_PROXY] * 12
        assert told[12] in {SEEN, TAKEN_UP}
        assert told[13:] == [TAKEN_UP] * (len(ANSWER) - 1)
