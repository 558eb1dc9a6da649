"""TLS and proxies: who is trusted, who is told, and that nothing was sent when it could not be."""

from __future__ import annotations

import base64
import datetime as dt
import socket
import ssl
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
import trustme
from tls_wire import TlsWire
from wire import LIMIT, Received, Wire, ok, read_request

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BAMBOO = "BambooAgents"
EMPTY = ok("[]")


class ConnectProxy:
    """A proxy that connects through, wants credentials if told so, and answers plain requests itself."""

    def __init__(
        self, credentials: str | None = None, established: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n"
    ) -> None:
        self.requests: list[Received] = []
        self._established = established
        self._credentials = credentials
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> ConnectProxy:  # noqa: PYI034
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, peer = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection, peer[1]), daemon=True).start()

    def _serve(self, connection: socket.socket, peer_port: int) -> None:
        connection.settimeout(LIMIT)
        with connection, connection.makefile("rb", buffering=0) as reader:
            try:
                request = read_request(reader, peer_port)
                if request is None:
                    return
                self.requests.append(request)
                wanted = self._credentials and "Basic " + base64.b64encode(self._credentials.encode()).decode()
                if wanted and request.headers.get("proxy-authorization") != wanted:
                    refusal = ok("", status="407 Proxy Authentication Required", Proxy_Authenticate="Basic")
                    connection.sendall(refusal)
                elif request.method != "CONNECT":
                    connection.sendall(ok('["from the proxy"]', Connection="close"))
                else:
                    self._relay(connection, request.target)
            except OSError:
                return

    def _relay(self, connection: socket.socket, target: str) -> None:
        port = int(target.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=LIMIT) as server:
            for end in (server, connection):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(self._established)
            self.pump_both(connection, server)

    def pump_both(self, client: socket.socket, server: socket.socket) -> None:
        """Pass on what both say, until both have ended."""
        back = threading.Thread(target=pump, args=(server, client), daemon=True)
        back.start()
        pump(client, server)
        back.join()


def pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            try:
                sink.sendall(data)
            except OSError:  # noqa: PERF203
                # What this end said before it closed, such as an alert of TLS, is still on its way back.
                return
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return file


@pytest.fixture
def context(authority: trustme.CA) -> ssl.SSLContext:
    return server_context(authority.issue_cert("localhost", "127.0.0.1"))


@pytest.fixture(autouse=True)
def environment(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    no_proxies: None,  # noqa: ARG001
) -> None:
    others = tmp_path_factory.mktemp("others") / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(others))
    monkeypatch.setenv("SSL_CERT_FILE", str(others))


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def refused(connect: Callable[..., Any], wire: Wire, **options: Any) -> infosecops.TlsError:
    """The call is refused by TLS with nothing sent, whatever its effect."""
    errors = []
    for effect in ("read", "audited"):
        with pytest.raises(infosecops.TlsError) as caught:
            connect(BAMBOO, wire.url, token="canary", **options).request("POST", "/x", effect=effect)
        errors.append(caught.value)
    for error in errors:
        assert (error.outcome, error.status) == ("not_sent", None)
        assert error.attempts == 1, "trying again is pointless"
        assert "canary" not in f"{error} {error.__dict__}"
    assert wire.requests == []
    return errors[0]


def test_an_own_authority_is_trusted_with_ca_file(
    connect: Callable[..., Any], context: ssl.SSLContext, ca_file: Path
) -> None:
    with TlsWire(context, EMPTY) as wire:
        for file in (ca_file, str(ca_file)):
            assert connect(BAMBOO, wire.url, token="t", ca_file=file).tokens.list() == []
        address = f"https://127.0.0.1:{wire.port}"
        assert connect(BAMBOO, address, token="t", ca_file=ca_file).tokens.list() == []


def test_an_own_authority_is_not_trusted_without(connect: Callable[..., Any], context: ssl.SSLContext) -> None:
    with TlsWire(context, EMPTY) as wire:
        error = refused(connect, wire)
        assert "ca_file" in error.hint


def test_ca_file_replaces_the_system_store(
    connect: Callable[..., Any], context: ssl.SSLContext, ca_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    with TlsWire(context, EMPTY) as wire:
        assert "ca_file" in refused(connect, wire, ca_file=other).hint


def test_a_certificate_for_another_name_is_refused(
    connect: Callable[..., Any], authority: trustme.CA, ca_file: Path
) -> None:
    with TlsWire(server_context(authority.issue_cert("elsewhere.example.com")), EMPTY) as wire:
        assert "name" in refused(connect, wire, ca_file=ca_file).hint


@pytest.mark.parametrize("when", ["past", "future"])
def test_a_certificate_out_of_its_time_is_refused(
    connect: Callable[..., Any], authority: trustme.CA, ca_file: Path, when: str
) -> None:
    now = dt.datetime.now(dt.timezone.utc)
    day = dt.timedelta(days=1)
    times = {
        "past": {"not_before": now - 9 * day, "not_after": now - day},
        "future": {"not_before": now + day, "not_after": now + 9 * day},
    }[when]
    with TlsWire(server_context(authority.issue_cert("localhost", **times)), EMPTY) as wire:
        error = refused(connect, wire, ca_file=ca_file)
        assert when != "past" or "expired" in error.hint


def test_danger_accept_invalid_certs_accepts_them(connect: Callable[..., Any], authority: trustme.CA) -> None:
    past = dt.datetime.now(dt.timezone.utc) - dt.timedelta(days=1)
    begin = past - dt.timedelta(days=9)
    certificate = authority.issue_cert("elsewhere.example.com", not_before=begin, not_after=past)
    with TlsWire(server_context(certificate), EMPTY) as wire:
        assert connect(BAMBOO, wire.url, token="t", danger_accept_invalid_certs=True).tokens.list() == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_certificate_is_shown(
    connect: Callable[..., Any], authority: trustme.CA, ca_file: Path, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    mine = authority.issue_cert("me@example.com")
    both, certificate, key = tmp_path / "both.pem", tmp_path / "cert.pem", tmp_path / "key.pem"
    context = server_context(authority.issue_cert("localhost"))
    mine.private_key_and_cert_chain_pem.write_to_path(str(both))
    mine.cert_chain_pems[0].write_to_path(str(certificate))
    mine.private_key_pem.write_to_path(str(key))
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = context.maximum_version = version
    authority.configure_trust(context)
    with TlsWire(context, EMPTY) as wire:
        for shown in (both, str(both), (certificate, str(key))):
            assert connect(BAMBOO, wire.url, token="t", ca_file=ca_file, client_cert=shown).tokens.list() == []


def test_a_missing_client_certificate_is_named(
    connect: Callable[..., Any], authority: trustme.CA, context: ssl.SSLContext, ca_file: Path
) -> None:
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    authority.configure_trust(context)
    with TlsWire(context, EMPTY) as wire:
        refused(connect, wire, ca_file=ca_file)


@pytest.mark.parametrize("content", ["", "no certificate"])
@pytest.mark.parametrize("option", ["ca_file", "client_cert"])
def test_files_that_hold_no_certificate_are_refused_at_once(
    connect: Callable[..., Any], tmp_path: Path, option: str, content: str
) -> None:
    file = tmp_path / "x.pem"
    file.write_text(content)
    with pytest.raises(infosecops.ConfigError, match=option):
        connect(BAMBOO, "https://localhost:1", token="t", **{option: file})


@pytest.mark.skipif(not ssl.HAS_TLSv1_1, reason="this Python has no TLS 1.1")
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1:DeprecationWarning")
def test_old_versions_of_tls_are_refused(connect: Callable[..., Any], context: ssl.SSLContext, ca_file: Path) -> None:
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with TlsWire(context, EMPTY) as wire:
        assert "1.2" in refused(connect, wire, ca_file=ca_file).hint


def test_a_plain_server_behind_an_https_url_is_explained(connect: Callable[..., Any], ca_file: Path) -> None:
    plain = ok("<html>plain http</html>", "text/html", "400 Bad Request")
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(plain)

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(infosecops.TlsError) as caught:
            connect(BAMBOO, f"https://127.0.0.1:{listener.getsockname()[1]}", token="t", ca_file=ca_file).request(
                "POST", "/x"
            )
        assert caught.value.outcome == "not_sent"
        assert "port" in caught.value.hint


def test_a_tls_server_behind_a_http_url_gets_no_secret(connect: Callable[..., Any], context: ssl.SSLContext) -> None:
    with TlsWire(context, EMPTY) as wire:
        with pytest.raises(infosecops.TransportError):
            connect(BAMBOO, f"http://127.0.0.1:{wire.port}", token="t").request("POST", "/x")
        assert wire.requests == []


# Proxies.


def test_a_proxy_connects_through(connect: Callable[..., Any], context: ssl.SSLContext, ca_file: Path) -> None:
    with TlsWire(context, EMPTY) as wire, ConnectProxy("us er:p@ss:ä") as proxy:
        address = f"http://us%20er:p%40ss%3A%C3%A4@127.0.0.1:{proxy.port}"
        api = connect(BAMBOO, wire.url, token="t", ca_file=ca_file, proxy=address)
        assert api.tokens.list() == []
        (asked,) = proxy.requests
        assert (asked.method, asked.target) == ("CONNECT", f"localhost:{wire.port}")
        assert "authorization" not in asked.headers, "the proxy never sees the token"
        assert "proxy-authorization" not in wire.only.headers, "the server never sees the proxy's password"
        assert wire.only.headers["authorization"] == "Bearer t"
        assert "p%40ss" not in repr(api)


@pytest.mark.parametrize("given", ["", "wrong:canary@"])
def test_a_proxy_that_wants_credentials_is_explained(
    connect: Callable[..., Any], context: ssl.SSLContext, ca_file: Path, given: str
) -> None:
    with TlsWire(context, EMPTY) as wire, ConnectProxy("user:pass") as proxy:
        address = f"http://{given}127.0.0.1:{proxy.port}"
        with pytest.raises(infosecops.ProxyError) as caught:
            connect(BAMBOO, wire.url, token="t", ca_file=ca_file, proxy=address).request("POST", "/x")
        assert caught.value.outcome == "not_sent"
        assert "credentials" in caught.value.hint
        assert "canary" not in f"{caught.value} {caught.value.__dict__}"
        # Wrong ones count towards a lock: they are sent once.
        assert ["proxy-authorization" in asked.headers for asked in proxy.requests] == [bool(given)]
        assert wire.connections == 0


def test_a_proxy_that_is_not_there_is_named(connect: Callable[..., Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(infosecops.ProxyError, match=f"127.0.0.1:{port}") as caught:
        connect(BAMBOO, "https://ci.example.com", token="t", proxy=f"http://127.0.0.1:{port}").request("POST", "/x")
    assert caught.value.outcome == "not_sent"


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_the_environment_names_the_proxy(
    connect: Callable[..., Any],
    context: ssl.SSLContext,
    ca_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    with TlsWire(context, EMPTY) as wire, ConnectProxy("env:pass") as proxy:
        monkeypatch.setenv(name, f"http://env:pass@127.0.0.1:{proxy.port}")
        assert connect(BAMBOO, wire.url, token="t", ca_file=ca_file, proxy=None).tokens.list() == []
        assert len(proxy.requests) == 1
        assert connect(BAMBOO, wire.url, token="t", ca_file=ca_file, proxy="direct").tokens.list() == []
        assert len(proxy.requests) == 1, "direct means direct"


@pytest.mark.parametrize("hosts", ["localhost", "example.com, localhost", "*"])
def test_no_proxy_is_honoured(
    connect: Callable[..., Any], context: ssl.SSLContext, ca_file: Path, monkeypatch: pytest.MonkeyPatch, hosts: str
) -> None:
    with TlsWire(context, EMPTY) as wire, ConnectProxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", hosts)
        assert connect(BAMBOO, wire.url, token="t", ca_file=ca_file, proxy=None).tokens.list() == []
        assert proxy.requests == []
        monkeypatch.setenv("NO_PROXY", "example.com")
        assert connect(BAMBOO, wire.url, token="t", ca_file=ca_file, proxy=None).tokens.list() == []
        assert len(proxy.requests) == 1


def test_the_argument_beats_the_environment(
    connect: Callable[..., Any], context: ssl.SSLContext, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TlsWire(context, EMPTY) as wire, ConnectProxy() as proxy, ConnectProxy() as other:
        monkeypatch.setenv("HTTPS_PROXY", other.url)
        monkeypatch.setenv("NO_PROXY", "localhost")
        assert connect(BAMBOO, wire.url, token="t", ca_file=ca_file, proxy=proxy.url).tokens.list() == []
        assert (len(proxy.requests), other.requests) == (1, [])


def test_tls_is_checked_through_a_proxy_too(connect: Callable[..., Any], context: ssl.SSLContext) -> None:
    with TlsWire(context, EMPTY) as wire, ConnectProxy() as proxy:
        assert "ca_file" in refused(connect, wire, proxy=proxy.url).hint


def test_plain_http_goes_to_the_proxy_as_a_whole_url(connect: Callable[..., Any]) -> None:
    with Wire(EMPTY) as wire, ConnectProxy() as proxy:
        api = connect(BAMBOO, wire.url, token="t", proxy=proxy.url, allow_http=True)
        assert api.request("GET", "/x", effect="read").json() == ["from the proxy"]
        assert proxy.requests[0].target == f"{wire.url}/x"
        assert wire.connections == 0
