"""TLS that breaks after the request was taken up is a broken connection, and no failed handshake."""

from __future__ import annotations

import socket
import ssl
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from test_tls import ConnectProxy
from tls_wire import Http2Wire, Stream, TlsWire, leave, raw
from wire import ok

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from servers import Authority

BAMBOO = "BambooAgents"
VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
RECORDS = {
    "bad mac": b"\x17\x03\x03\x00\x30" + bytes(range(0x30)),
    "clear text": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "clear alert": b"\x15\x03\x03\x00\x02\x02\x28",
    "clear handshake": b"\x16\x03\x03\x00\x04\x00\x00\x00\x00",
    "too large": b"\x17\x03\x03\xff\xff",
    "cut record": b"\x17\x03\x03\x00\x30\x00",
}
BREAKS = [*RECORDS, "no close_notify", "reset"]
PLACES = ["before the head", "after the head", "in the body"]
pytestmark = pytest.mark.usefixtures("no_proxies")


def break_off(secured: ssl.SSLSocket, how: str) -> None:
    below = raw(secured)
    with below:
        if how in RECORDS:
            below.sendall(RECORDS[how])
        if how == "reset":
            below.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            below.shutdown(socket.SHUT_WR)
    leave()


def server_context(authority: Authority, version: str = "1.3", *, wants_certificate: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pair = authority.issue("localhost")
    context.load_cert_chain(pair.certificate, pair.key)
    context.minimum_version = context.maximum_version = VERSIONS[version]
    if wants_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority.file)
    return context


def breaking(context: ssl.SSLContext, protocol: str, place: str, how: str) -> TlsWire:
    """A server that breaks the connection after it has read a request, and answers the second one."""

    def http1(secured: ssl.SSLSocket) -> None:
        if place != PLACES[0]:
            secured.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\n")
        if place == PLACES[2]:
            secured.sendall(b"[1")
        break_off(secured, how)

    def http2(stream: Stream) -> None:
        if place != PLACES[0]:
            stream.head(201, content_length="10")
        if place == PLACES[2]:
            stream.data(b"[1")
        break_off(stream.socket, how)

    def whole(stream: Stream) -> None:
        stream.head(200)
        stream.data(b"[]", end=True)

    return TlsWire(context, http1, ok("[]")) if protocol == "http/1.1" else Http2Wire(context, http2, whole)


@pytest.fixture(params=["direct", "through a proxy"])
def way(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    if request.param == "direct":
        yield {"proxy": "direct"}
        return
    with ConnectProxy() as proxy:
        yield {"proxy": proxy.url}


@pytest.mark.parametrize("how", BREAKS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
@pytest.mark.parametrize("version", VERSIONS)
def test_what_was_taken_up_is_unknown(  # noqa: PLR0913, PLR0917
    connect: Callable[..., Any],
    authority: Authority,
    way: dict[str, str],
    version: str,
    protocol: str,
    place: str,
    how: str,
) -> None:
    with breaking(server_context(authority, version), protocol, place, how) as wire:
        api = connect(BAMBOO, wire.url, token="canary", ca_file=authority.file, **way)
        with pytest.raises(infosecops.Error) as caught:
            api.request("POST", "/x", json={"name": "x"})
    error = caught.value
    assert type(error) is infosecops.TransportError
    assert (error.outcome, error.attempts, len(wire.requests)) == ("unknown", 1, 1)
    assert error.status == (None if place == PLACES[0] else 201)
    text = str(error)
    assert "broke" in text
    assert "it may have been applied" in text
    for word in ("handshake failed", "docs.rs", "not sent", "OtherError", "::"):
        assert word not in text


@pytest.mark.parametrize("how", ["bad mac", "clear text", "no close_notify", "reset"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
def test_a_read_is_repeated(  # noqa: PLR0913, PLR0917
    connect: Callable[..., Any], authority: Authority, way: dict[str, str], protocol: str, place: str, how: str
) -> None:
    with breaking(server_context(authority), protocol, place, how) as wire:
        api = connect(BAMBOO, wire.url, token="t", ca_file=authority.file, **way)
        assert api.request("GET", "/x", effect="read").json() == []
        assert len(wire.requests) == 2


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("how", BREAKS)
def test_a_handshake_that_breaks_is_not_sent(
    connect: Callable[..., Any], authority: Authority, way: dict[str, str], how: str, version: str
) -> None:
    class Wire(TlsWire):
        def _serve(self, connection: socket.socket, peer_port: int) -> None:  # noqa: ARG002
            with connection, suppress(OSError):
                connection.recv(65536)
                if how in RECORDS:
                    connection.sendall(RECORDS[how])

    with Wire(server_context(authority, version), b"") as wire:
        api = connect(BAMBOO, wire.url, token="t", ca_file=authority.file, **way)
        with pytest.raises(infosecops.TransportError) as caught:
            api.request("POST", "/x", json={})
        assert caught.value.outcome == "not_sent"
        assert "docs.rs" not in str(caught.value)


# A server that wants a client certificate.


@pytest.mark.parametrize("body", [b"", b"x" * 200_000, b"x" * 5_000_000], ids=len)
@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_client_certificate_that_is_missing_is_named(
    connect: Callable[..., Any], authority: Authority, version: str, protocol: str, body: bytes
) -> None:
    context = server_context(authority, version, wants_certificate=True)
    with (Http2Wire if protocol == "h2" else TlsWire)(context, b"") as wire:
        api = connect(BAMBOO, wire.url, token="canary", ca_file=authority.file)
        for _ in range(5):
            with pytest.raises(infosecops.TlsError) as caught:
                api.request("POST", "/x", body=body)
            assert (caught.value.outcome, caught.value.attempts) == ("not_sent", 1)
            assert "client_cert" in caught.value.hint
            assert "canary" not in str(caught.value)
        assert wire.requests == []


class Silent(TlsWire):
    """Ends the connection where others send an alert."""

    def _serve(self, connection: socket.socket, peer_port: int) -> None:  # noqa: ARG002
        came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context.wrap_bio(came, goes, server_side=True)
        with connection, suppress(OSError):
            while received := connection.recv(65536):
                came.write(received)
                with suppress(ssl.SSLWantReadError):
                    tls.do_handshake()
                connection.sendall(goes.read())


@pytest.mark.parametrize("version", VERSIONS)
def test_it_is_named_where_the_server_says_nothing(
    connect: Callable[..., Any], authority: Authority, way: dict[str, str], version: str
) -> None:
    with Silent(server_context(authority, version, wants_certificate=True), b"") as wire:
        api = connect(BAMBOO, wire.url, token="t", ca_file=authority.file, **way)
        with pytest.raises(infosecops.TransportError) as caught:
            api.request("POST", "/x", json={})
        assert "client_cert" in caught.value.hint
        # Under TLS 1.3 the request may be on its way by then.
        if version == "1.2":
            assert (type(caught.value), caught.value.outcome) == (infosecops.TlsError, "not_sent")


@pytest.mark.parametrize("body", [b"", b"x" * 200_000], ids=len)
@pytest.mark.parametrize("version", VERSIONS)
def test_it_is_named_behind_a_proxy(
    connect: Callable[..., Any], authority: Authority, version: str, body: bytes
) -> None:
    context = server_context(authority, version, wants_certificate=True)
    with TlsWire(context, b"") as wire, ConnectProxy() as proxy:
        api = connect(BAMBOO, wire.url, token="t", ca_file=authority.file, proxy=proxy.url)
        with pytest.raises(infosecops.TlsError) as caught:
            api.request("POST", "/x", body=body)
        assert caught.value.outcome == "not_sent"
        assert "client_cert" in caught.value.hint


@pytest.mark.parametrize("version", VERSIONS)
def test_a_client_certificate_that_is_refused_is_told_from_a_missing_one(
    connect: Callable[..., Any], authority: Authority, version: str, tmp_path: Any
) -> None:
    other = type(authority)(tmp_path).issue("me")
    context = server_context(authority, version, wants_certificate=True)
    with TlsWire(context, b"") as wire:
        api = connect(BAMBOO, wire.url, token="t", ca_file=authority.file, client_cert=str(other.both))
        with pytest.raises(infosecops.TlsError) as caught:
            api.request("POST", "/x", body=b"x" * 200_000)
        assert caught.value.outcome == "not_sent"
        assert "does not accept the client certificate" in caught.value.hint
