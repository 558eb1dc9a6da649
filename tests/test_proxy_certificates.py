"""Client certificates where a proxy stands between: the server's wish for one, and the proxy's own."""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from test_broken_tls import VERSIONS, server_context
from test_tls import ConnectProxy
from tls_proxy import TlsConnectProxy
from tls_wire import Http2Wire, TlsWire
from wire import Wire

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from servers import Authority

BAMBOO = "BambooAgents"
BODIES = [b"", b"x" * 200_000, b"x" * 5_000_000]
pytestmark = pytest.mark.usefixtures("no_proxies")


@pytest.fixture(params=["http", "https"])
def proxy(request: pytest.FixtureRequest, authority: Authority) -> Iterator[ConnectProxy]:
    with ConnectProxy() if request.param == "http" else TlsConnectProxy(server_context(authority)) as running:
        yield running


@pytest.mark.parametrize("body", BODIES, ids=len)
@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("given", ["none", "an unknown one"])
def test_the_servers_wish_is_told_through_a_tunnel(  # noqa: PLR0913, PLR0917
    connect: Callable[..., Any],
    authority: Authority,
    proxy: ConnectProxy,
    version: str,
    protocol: str,
    body: bytes,
    given: str,
    tmp_path: Any,
) -> None:
    context = server_context(authority, version, wants_certificate=True)
    shown, hint = {}, "the server wants a client certificate: pass client_cert="
    if given != "none":
        shown = {"client_cert": str(type(authority)(tmp_path).issue("me").both)}
        hint = "the server does not accept the client certificate"
    with (Http2Wire if protocol == "h2" else TlsWire)(context, b"") as wire:
        api = connect(BAMBOO, wire.url, token="canary", ca_file=authority.file, proxy=proxy.url, **shown)
        with pytest.raises(infosecops.TlsError) as caught:
            api.request("POST", "/x", body=body)
        assert (caught.value.outcome, caught.value.attempts, wire.requests) == ("not_sent", 1, [])
        assert hint in caught.value.hint
        assert "proxy" not in f"{caught.value.hint} {caught.value}"


@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
def test_the_server_gets_it_and_the_proxy_does_not(
    connect: Callable[..., Any], authority: Authority, protocol: str
) -> None:
    shown: list[bytes | None] = []

    def http1(secured: ssl.SSLSocket) -> None:
        shown.append(secured.getpeercert(binary_form=True))
        secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")

    def http2(stream: Any) -> None:
        shown.append(stream.socket.getpeercert(binary_form=True))
        stream.head(200)
        stream.data(b"[]", end=True)

    mine = authority.issue("me")
    asking = server_context(authority)
    asking.verify_mode = ssl.CERT_OPTIONAL
    asking.load_verify_locations(authority.file)
    context = server_context(authority, wants_certificate=True)
    wire = Http2Wire(context, http2) if protocol == "h2" else TlsWire(context, http1)
    with wire, TlsConnectProxy(asking) as proxy:
        options = {"ca_file": authority.file, "client_cert": str(mine.both), "proxy": proxy.url}
        api = connect(BAMBOO, wire.url, token="t", **options)
        assert api.request("GET", "/x", effect="read").json() == []
        assert shown == [ssl.PEM_cert_to_DER_cert(mine.certificate.read_text())]
        assert proxy.certificates == [None]


@pytest.mark.parametrize("url", ["https://bamboo.test", "http://bamboo.test"])
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("body", [b"", b"x" * 200_000], ids=len)
def test_a_proxy_that_wants_one_is_named(  # noqa: PLR0913
    connect: Callable[..., Any], authority: Authority, version: str, url: str, body: bytes, *, given: bool
) -> None:
    more = {"client_cert": str(authority.issue("me").both)} if given else {}
    with TlsConnectProxy(server_context(authority, version, wants_certificate=True)) as proxy:
        api = connect(BAMBOO, url, token="canary", allow_http=True, ca_file=authority.file, proxy=proxy.url, **more)
        with pytest.raises(infosecops.TlsError) as caught:
            api.request("POST", "/x", body=body)
        assert (caught.value.outcome, caught.value.attempts, proxy.requests) == ("not_sent", 1, [])
        assert f"the TLS handshake with the proxy {proxy.url} failed" in str(caught.value)
        assert "this is about the proxy" in caught.value.hint
        assert "the proxy wants a client certificate" in caught.value.hint
        assert "canary" not in str(caught.value)


def test_a_proxys_wish_is_not_laid_at_the_servers_door(connect: Callable[..., Any], authority: Authority) -> None:
    """The proxy asks and does without; the server does not ask, and breaks the connection."""
    asking = server_context(authority)
    asking.verify_mode = ssl.CERT_OPTIONAL
    asking.load_verify_locations(authority.file)
    with TlsWire(server_context(authority), lambda _: None) as wire, TlsConnectProxy(asking) as proxy:
        api = connect(BAMBOO, wire.url, token="t", ca_file=authority.file, proxy=proxy.url)
        with pytest.raises(infosecops.TransportError) as caught:
            api.request("POST", "/x")
        assert caught.value.outcome == "unknown"
        assert "certificate" not in caught.value.hint


class Plain(Wire):
    """Answers a handshake of TLS as servers of plain http do."""

    def _serve(self, connection: socket.socket, peer_port: int) -> None:  # noqa: ARG002
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def test_what_speaks_no_tls_is_told_by_its_place(connect: Callable[..., Any], authority: Authority) -> None:
    with Plain() as plain, ConnectProxy() as proxy:
        server, itself = f"https://localhost:{plain.port}", f"https://localhost:{plain.port}"
        for url, way, hint in (
            ("https://bamboo.test", itself, "the proxy does not answer with TLS: check scheme and port in proxy="),
            ("http://bamboo.test", itself, "the proxy does not answer with TLS: check scheme and port in proxy="),
            (server, proxy.url, "what answers through the proxy does not speak TLS: check scheme and port in url"),
            (server, "direct", "the server does not answer with TLS: check scheme and port in url"),
        ):
            api = connect(BAMBOO, url, token="t", ca_file=authority.file, proxy=way, allow_http=True)
            with pytest.raises(infosecops.TlsError) as caught:
                api.request("POST", "/x")
            assert caught.value.outcome == "not_sent"
            assert hint in caught.value.hint
            assert ("this is about the proxy" in caught.value.hint) == (way == itself)
