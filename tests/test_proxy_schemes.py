"""Proxies that are themselves spoken to by TLS, and those of SOCKS4 and 4a: what works, and what is refused at once."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import Retry
from servers import Authority, Nginx, Squid, free_port
from wire import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infosecops.sandbox import Sandbox
    from typing_extensions import Self

FORBIDDEN = "forbidden.test"
LOGIN = "jdoe:canary-4711@"
GRANTED, REJECTED = b"\x00\x5a" + bytes(6), b"\x00\x5b" + bytes(6)


@pytest.fixture(scope="module")
def squid(authority: Authority) -> Iterator[Squid]:
    """A proxy behind TLS that wants a login and refuses one host."""
    with Squid(user="jdoe", password="canary-4711", forbidden=FORBIDDEN, tls=authority.issue("localhost")) as running:
        yield running


def test_calls_go_through_a_proxy_behind_tls(
    open_bamboo: Callable[..., Any], box: Sandbox, secured: Nginx, squid: Squid
) -> None:
    for url in (secured.url, box.url):
        api = open_bamboo(url, proxy=squid.url(LOGIN))
        api.tokens.create("x")
        api.tokens.list()
    assert [entry.applied for entry in box.journal] == [True, False, True, False]
    assert ["via" in entry.headers for entry in box.journal] == [False, False, True, True]
    assert all("proxy-authorization" not in entry.headers for entry in box.journal)


def test_its_refusals_are_told_by_their_status(open_bamboo: Callable[..., Any], squid: Squid) -> None:
    for url, login, status in (
        (f"https://{FORBIDDEN}", LOGIN, 403),
        (f"https://localhost:{free_port()}", LOGIN, 503),
        (f"https://{FORBIDDEN}", "", 407),
        (f"http://{FORBIDDEN}", LOGIN, 403),
    ):
        with pytest.raises(infosecops.ProxyError) as caught:
            open_bamboo(url, proxy=squid.url(login), allow_http=True).tokens.create("x")
        assert caught.value.status == status
        assert squid.url() in str(caught.value)


def test_its_own_certificate_is_checked_and_told_from_the_servers(
    open_bamboo: Callable[..., Any], box: Sandbox, secured: Nginx, squid: Squid, tmp_path: Any
) -> None:
    for url in (secured.url, box.url):
        with pytest.raises(infosecops.TlsError) as caught:
            open_bamboo(url, proxy=squid.url(LOGIN), ca_file=Authority(tmp_path).file).tokens.create("x")
        assert caught.value.outcome == "not_sent"
        assert f"the TLS handshake with the proxy {squid.url()} failed" in str(caught.value)
        assert "about the proxy" in caught.value.hint
    assert len(box.journal) == 0


def test_the_servers_certificate_is_not_laid_at_the_proxys_door(
    open_bamboo: Callable[..., Any], box: Sandbox, squid: Squid, tmp_path: Any
) -> None:
    other = Authority(tmp_path).issue("localhost")
    with Nginx(box.url, tls=other) as nginx, pytest.raises(infosecops.TlsError) as caught:
        open_bamboo(nginx.url, proxy=squid.url(LOGIN)).tokens.create("x")
    assert "proxy" not in str(caught.value)


class Socks4:
    """A SOCKS4 server: it keeps what was asked, and relays or refuses."""

    def __init__(self, reply: bytes = GRANTED) -> None:
        self._reply = reply
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.asked: list[bytes] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(LIMIT)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            client.settimeout(LIMIT)
            head = client.recv(8, socket.MSG_WAITALL)
            rest = b""
            # The user id, and in 4a, told by an address of 0.0.0.x, the host's name: each ends with a zero.
            while rest.count(0) < (2 if head[4:7] == bytes(3) else 1):
                rest += client.recv(1)
            self.asked.append(head + rest)
            client.sendall(self._reply)
            if self._reply == GRANTED:
                with socket.create_connection(("127.0.0.1", int.from_bytes(head[2:4], "big")), timeout=LIMIT) as server:
                    back = threading.Thread(target=pump, args=(server, client), daemon=True)
                    back.start()
                    pump(client, server)
                    back.join(LIMIT)


def pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("scheme", ["socks4", "socks4a"])
def test_calls_go_through_socks4(open_bamboo: Callable[..., Any], box: Sandbox, secured: Nginx, scheme: str) -> None:
    plain = f"http://localhost:{box.port}"
    with Socks4() as socks:
        for url in (secured.url, plain):
            open_bamboo(url, proxy=f"{scheme}://127.0.0.1:{socks.port}").tokens.create("x")
    # Who looks the name up: here, or with the `a` the proxy.
    address = {"socks4": b"\x7f\x00\x00\x01\x00", "socks4a": b"\x00\x00\x00\xff\x00localhost\x00"}[scheme]
    assert socks.asked == [b"\x04\x01" + port.to_bytes(2, "big") + address for port in (secured.port, box.port)]
    assert [entry.applied for entry in box.journal] == [True, True]


@pytest.mark.parametrize("scheme", ["socks4", "socks4a"])
def test_a_refusal_of_socks4_is_the_proxys(open_bamboo: Callable[..., Any], secured: Nginx, scheme: str) -> None:
    with Socks4(REJECTED) as socks:
        with pytest.raises(infosecops.ProxyError) as caught:
            open_bamboo(secured.url, proxy=f"{scheme}://127.0.0.1:{socks.port}").tokens.create("x")
        assert caught.value.outcome == "not_sent"
        assert f"{scheme}://127.0.0.1:{socks.port}" in str(caught.value)
        assert "proxy=" in caught.value.hint


@pytest.mark.parametrize("given", ["argument", "environment"])
@pytest.mark.parametrize(
    ("scheme", "port"),
    [("http", 80), ("https", 443), ("socks4", 1080), ("socks4a", 1080), ("socks5", 1080), ("socks5h", 1080)],
)
@pytest.mark.usefixtures("no_proxies")
def test_a_proxy_without_a_port_is_at_the_one_of_its_scheme(
    open_bamboo: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, scheme: str, port: int, given: str
) -> None:
    # An address of this process, where nobody else listens.
    host = f"127.83.{os.getpid() % 250}.{os.getpid() // 250 % 250 + 1}"
    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        pytest.skip(f"nobody can listen there: {error}")
    with listener:
        listener.settimeout(LIMIT)
        closing = threading.Thread(target=lambda: listener.accept()[0].close(), daemon=True)  # noqa: PLW0108
        closing.start()
        proxy = f"{scheme}://{host}"
        monkeypatch.setenv("ALL_PROXY", proxy)
        once = Retry(attempts=1)
        api = open_bamboo("https://192.0.2.7", proxy=proxy if given == "argument" else None, retry=once)
        with pytest.raises(infosecops.ProxyError) as caught:
            api.tokens.create("x")
        closing.join(LIMIT)
        assert not closing.is_alive()
    assert caught.value.outcome == "not_sent"
    assert f"{proxy}:{port}" in str(caught.value)


@pytest.mark.usefixtures("no_proxies")
@pytest.mark.parametrize("scheme", ["socks4", "socks4a"])
@pytest.mark.parametrize("given", ["argument", "environment"])
def test_a_login_that_socks4_cannot_carry_is_refused(
    open_bamboo: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, scheme: str, given: str
) -> None:
    proxy = f"{scheme}://{LOGIN}proxy.test:1080"
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(infosecops.ConfigError, match="SOCKS4 knows no user name") as caught:
        open_bamboo("https://bamboo.test", proxy=proxy if given == "argument" else None)
    assert "socks5" in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("proxy", ["quic://proxy.test:1", "socks://proxy.test:1", "socks6://proxy.test:1", "ftp://p:1"])
def test_a_scheme_that_is_not_spoken_is_refused_with_those_that_are(
    open_bamboo: Callable[..., Any], proxy: str
) -> None:
    with pytest.raises(infosecops.ConfigError) as caught:
        open_bamboo("https://bamboo.test", proxy=proxy)
    assert "http, https, socks4, socks4a, socks5 or socks5h" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("HTTPS_PROXY", "https://bamboo.test"),
        ("https_proxy", "https://bamboo.test"),
        ("HTTP_PROXY", "http://bamboo.test"),
        ("ALL_PROXY", "https://bamboo.test"),
    ],
)
@pytest.mark.usefixtures("no_proxies")
@pytest.mark.parametrize("proxy", ["quic://proxy.test:1", "socks://canary@proxy.test:1"])
def test_a_proxy_of_the_environment_is_not_passed_over_in_silence(
    open_bamboo: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, name: str, url: str, proxy: str
) -> None:
    monkeypatch.setenv(name, proxy)
    with pytest.raises(infosecops.ConfigError) as caught:
        open_bamboo(url, proxy=None)
    assert str(caught.value).startswith(f"{name}: the environment's proxy must be")
    assert "socks5h" in str(caught.value)
    assert "canary" not in str(caught.value)
    open_bamboo(url, proxy="direct")
    open_bamboo(url, proxy="http://proxy.test:1")
    monkeypatch.setenv("NO_PROXY", "bamboo.test,localhost")
    open_bamboo(url, proxy=None)
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv(name, "")
    open_bamboo(url, proxy=None)
