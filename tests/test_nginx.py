"""nginx as a gateway: TLS versions, client certificates, names, path prefixes, its own answers."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from infosecops import CoverageRule
from servers import Authority, Nginx, Pair, Tap, free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from infosecops.sandbox import Sandbox

BAMBOO = "BambooAgents"
GL = "GovernanceLifecycle"
# What makes nginx answer so.
FAULTY = {502: {"drop": "after"}, 504: {"hang": True}}


@pytest.fixture
def governance(connect: Callable[..., Any], box: Sandbox, authority: Authority) -> Callable[..., Any]:
    def make(url: str, **options: Any) -> Any:
        return connect(GL, url, token=box.governance_lifecycle.token, ca_file=authority.file, **options)

    return make


def self_signed(directory: Path) -> Pair:
    """A certificate that is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "appliance")])
    now = dt.datetime.now(dt.timezone.utc)
    day = dt.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pair = Pair(directory / "self.pem", directory / "self.key", directory / "none")
    pair.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pair.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pair


def caught(kind: type[infosecops.Error], call: Callable[[], object]) -> Any:
    with pytest.raises(kind) as info:
        call()
    assert type(info.value) is kind
    return info.value


# TLS.


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
@pytest.mark.parametrize("listen", ["", "http2"])
def test_both_versions_of_tls_work(
    open_bamboo: Callable[..., Any], box: Sandbox, authority: Authority, version: str, listen: str
) -> None:
    pair = authority.issue("localhost", "127.0.0.1")
    with Nginx(box.url, tls=pair, listen=listen, server=f"ssl_protocols {version};") as nginx:
        for url in (nginx.url, f"https://127.0.0.1:{nginx.port}"):
            open_bamboo(url).tokens.create("x")
            expected = "HTTP/2.0" if listen else "HTTP/1.1"
            assert box.journal[-1].headers["x-version"] == f"{expected} {version}"


@pytest.mark.parametrize(
    "server",
    ["ssl_protocols TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0;", "ssl_protocols TLSv1.2; ssl_ciphers AES128-GCM-SHA256;"],
    ids=["TLS 1.1", "no forward secrecy"],
)
def test_a_gateway_with_older_tls_is_explained(
    open_bamboo: Callable[..., Any], box: Sandbox, authority: Authority, server: str
) -> None:
    with Nginx(box.url, tls=authority.issue("localhost"), server=server) as nginx:
        error = caught(infosecops.TlsError, lambda: open_bamboo(nginx.url).tokens.create("x"))
        assert (error.outcome, error.attempts) == ("not_sent", 1)
        assert "1.2" in error.hint
        assert "forward secrecy" in error.hint
        assert len(box.journal) == 0


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_a_client_certificate_opens_the_gateway(
    open_bamboo: Callable[..., Any], box: Sandbox, authority: Authority, version: str
) -> None:
    mine = authority.issue("me@example.com")
    demand = f"ssl_verify_client on; ssl_client_certificate {authority.file}; ssl_protocols {version};"
    with Nginx(box.url, tls=authority.issue("localhost"), server=demand) as nginx:
        for shown in (mine.both, str(mine.both), (mine.certificate, mine.key)):
            open_bamboo(nginx.url, client_cert=shown).tokens.create("x")
            assert box.journal[-1].headers["x-client"].startswith("SUCCESS ")


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_a_client_certificate_that_is_missing_or_not_trusted_is_named(
    open_bamboo: Callable[..., Any], box: Sandbox, authority: Authority, tmp_path: Path, version: str
) -> None:
    """nginx lets the handshake pass and answers with a page of its own."""
    others = Authority(tmp_path).issue("me@example.com")
    demand = f"ssl_verify_client on; ssl_client_certificate {authority.file}; ssl_protocols {version};"
    with Nginx(box.url, tls=authority.issue("localhost"), server=demand) as nginx:
        for options, words in (
            ({}, "No required SSL certificate was sent"),
            ({"client_cert": others.both}, "SSL certificate error"),
        ):
            client = open_bamboo(nginx.url, **options)
            error = caught(infosecops.BadRequestError, lambda client=client: client.tokens.create("x"))
            assert (error.outcome, error.status) == ("rejected", 400)
            assert words in str(error)
    assert len(box.journal) == 0


def test_a_key_that_belongs_to_another_certificate_is_refused(
    open_bamboo: Callable[..., Any], authority: Authority
) -> None:
    one, other = authority.issue("me@example.com"), authority.issue("me@example.com")
    with pytest.raises(infosecops.ConfigError, match="client_cert: the key is not the one of the certificate") as error:
        open_bamboo("https://localhost:1", client_cert=(one.certificate, other.key))
    assert error.value.outcome == "not_sent"


def test_an_encrypted_key_is_refused_at_once(open_bamboo: Callable[..., Any], authority: Authority) -> None:
    pair = authority.issue("me@example.com")
    key = serialization.load_pem_private_key(pair.key.read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"canary")
    pair.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked))
    with pytest.raises(infosecops.ConfigError, match="encrypted keys are not supported"):
        open_bamboo("https://localhost:1", client_cert=(pair.certificate, pair.key))


def test_a_certificate_signed_by_itself_needs_ca_file(
    open_bamboo: Callable[..., Any], box: Sandbox, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    pair = self_signed(tmp_path)
    with Nginx(box.url, tls=pair) as nginx:
        for ca_file, words in ((None, "pass ca_file="), (authority.file, "not issued by a CA in ca_file")):
            client = open_bamboo(nginx.url, ca_file=ca_file)
            error = caught(infosecops.TlsError, lambda client=client: client.tokens.create("x"))
            assert (error.outcome, error.attempts) == ("not_sent", 1)
            assert words in error.hint
        assert len(box.journal) == 0
        open_bamboo(nginx.url, ca_file=pair.certificate).tokens.create("x")
        assert box.journal[-1].applied


def test_a_certificate_for_another_name_is_refused(
    open_bamboo: Callable[..., Any], box: Sandbox, authority: Authority
) -> None:
    with Nginx(box.url, tls=authority.issue("gateway.example.com")) as nginx:
        error = caught(infosecops.TlsError, lambda: open_bamboo(nginx.url).tokens.create("x"))
        assert error.outcome == "not_sent"
        assert "another name" in error.hint
        assert "gateway.example.com" in str(error)
        assert len(box.journal) == 0


# The wrong door.


def test_https_at_a_plain_port_and_plain_http_at_a_tls_port(
    open_bamboo: Callable[..., Any], box: Sandbox, authority: Authority
) -> None:
    with Nginx(box.url) as nginx:
        error = caught(infosecops.TlsError, lambda: open_bamboo(f"https://127.0.0.1:{nginx.port}").tokens.create("x"))
        assert error.outcome == "not_sent"
        assert "scheme and port" in error.hint
    with Nginx(box.url, tls=authority.issue("localhost")) as nginx:
        error = caught(
            infosecops.BadRequestError, lambda: open_bamboo(f"http://127.0.0.1:{nginx.port}").tokens.create("x")
        )
        assert error.outcome == "rejected"
        assert "HTTPS port" in str(error)
    assert len(box.journal) == 0


def test_a_redirect_to_https_is_not_followed_but_shown(
    open_bamboo: Callable[..., Any], governance: Callable[..., Any], box: Sandbox
) -> None:
    with Nginx(location="return 301 https://iam.example.com$request_uri;") as nginx:
        for call in (
            open_bamboo(nginx.url).tokens.list,
            lambda: open_bamboo(nginx.url).tokens.create("x"),
            lambda: governance(nginx.url).run_review("UAR"),
        ):
            error = caught(infosecops.UnexpectedContentError, call)
            assert (error.status, error.outcome, error.attempts) == (301, "unknown", 1)
            assert "https://iam.example.com/" in str(error)
    assert len(box.journal) == 0


def test_all_four_clients_work_behind_a_path(connect: Callable[..., Any], box: Sandbox) -> None:
    with Nginx(box.url, path="/iam/") as nginx:
        for url in (f"{nginx.url}/iam", f"{nginx.url}/iam/"):
            box.journal.clear()
            vault = box.sectona
            account = vault.accounts[0]
            gl = connect(
                GL,
                url,
                login=infosecops.UserLogin(box.governance_lifecycle.username, box.governance_lifecycle.password),
            )
            gl.get_security_settings()
            assert len(list(connect("SDElements", url, token=box.sd_elements.token).jobs.alm.list(page_size=1))) > 1
            found = connect("Sectona", url, access_key=vault.access_key).request_password(
                account.asset_type, account.asset_host, account.account_name
            )
            assert found.password == account.password
            connect(BAMBOO, url, token=box.bamboo_agents.token).tokens.create("x")
            systems = {entry.system for entry in box.journal}
            assert systems == {"governance_lifecycle", "sd_elements", "sectona", "bamboo_agents"}
            assert all(entry.status == 200 for entry in box.journal)
            assert all("x-connection" in entry.headers for entry in box.journal)


def test_a_forgotten_path_is_explained(connect: Callable[..., Any], box: Sandbox) -> None:
    with Nginx(box.url, path="/iam/") as nginx:
        for name, options, use in (
            (BAMBOO, {"token": "t", "api": "agent-config"}, lambda api: api.tokens.list()),
            ("SDElements", {"token": "t"}, lambda api: api.jobs.alm.get(1)),
            ("Sectona", {"access_key": "k"}, lambda api: api.request_password("Unix Based", "h", "a")),
            (GL, {"token": "t"}, lambda api: api.run_review("UAR")),
        ):
            error = caught(
                infosecops.NotFoundError,
                lambda name=name, options=options, use=use: use(connect(name, nginx.url, **options)),
            )
            assert error.outcome == "rejected"
            assert "answered 404: 404 Not Found" in str(error)
            assert name == GL or "url" in error.hint
    assert len(box.journal) == 0


# Answers of its own.


@pytest.mark.parametrize("listen", ["plain", "tls", "http2"])
def test_a_small_body_limit_refuses_an_upload(
    governance: Callable[..., Any], box: Sandbox, authority: Authority, tmp_path: Path, listen: str
) -> None:
    file = tmp_path / "coverage.txt"
    file.write_bytes(b"x" * 8_000_000)
    tls = None if listen == "plain" else authority.issue("localhost")
    words = "http2" if listen == "http2" else ""
    with Nginx(box.url, tls=tls, listen=words, http="client_max_body_size 64k;") as nginx:
        for coverage in (file, file.read_bytes(), "x|" * 35_000, [CoverageRule("jdoe", "group")] * 20_000):
            gl = governance(nginx.url)
            error = caught(
                infosecops.BadRequestError, lambda gl=gl, c=coverage: gl.upload_coverage(c, type="monitor", id=1)
            )
            assert (error.status, error.outcome, error.attempts) == (413, "rejected", 1)
            assert "Too Large" in str(error)
    assert len(box.journal) == 0


@pytest.mark.parametrize("listen", ["plain", "http2"])
def test_a_server_that_is_down_behind_the_gateway(
    open_bamboo: Callable[..., Any], governance: Callable[..., Any], authority: Authority, listen: str
) -> None:
    tls, words = (None, "") if listen == "plain" else (authority.issue("localhost"), "http2")
    with Nginx(f"http://127.0.0.1:{free_port()}", tls=tls, listen=words) as nginx:
        api = open_bamboo(nginx.url)
        error = caught(infosecops.ServerError, api.tokens.list)
        assert (error.status, error.outcome, error.attempts) == (502, "unknown", 3)
        assert "may have been applied" not in str(error), "a read changes nothing"
        for call in (lambda: api.tokens.create("x"), lambda: governance(nginx.url).run_review("UAR")):
            error = caught(infosecops.ServerError, call)
            assert (error.status, error.outcome, error.attempts) == (502, "unknown", 1)
            assert "502 Bad Gateway" in str(error)
            assert "may have been applied" in str(error)


@pytest.mark.parametrize("status", FAULTY)
@pytest.mark.parametrize("listen", ["plain", "http2"])
def test_reads_are_tried_again_and_changes_are_not(  # noqa: PLR0913, PLR0917
    open_bamboo: Callable[..., Any],
    governance: Callable[..., Any],
    box: Sandbox,
    authority: Authority,
    status: int,
    listen: str,
) -> None:
    tls, words = (None, "") if listen == "plain" else (authority.issue("localhost"), "http2")
    with Nginx(box.url, tls=tls, listen=words, location="proxy_read_timeout 100ms;") as nginx:
        api = open_bamboo(nginx.url)
        box.faults.next(times=2, **FAULTY[status])
        assert len(api.tokens.list()) == 2
        assert box.journal.count(operation="tokens.list") == 3
        box.faults.always(**FAULTY[status])
        error = caught(infosecops.ServerError, api.tokens.list)
        assert (error.status, error.outcome, error.attempts) == (status, "unknown", 3)
        box.journal.clear()
        for call in (lambda: api.tokens.create("x"), lambda: governance(nginx.url).run_review("UAR")):
            error = caught(infosecops.ServerError, call)
            assert (error.status, error.outcome, error.attempts) == (status, "unknown", 1)
        assert [entry.operation for entry in box.journal] == ["tokens.create", "runReview"]


@pytest.mark.parametrize("listen", ["plain", "chunked", "http2"])
def test_an_answer_that_the_server_cuts_is_unknown(
    open_bamboo: Callable[..., Any], box: Sandbox, authority: Authority, listen: str
) -> None:
    tls, words = (authority.issue("localhost"), "http2") if listen == "http2" else (None, "")
    pack = "gzip on; gzip_min_length 1; gzip_types *;" if listen == "chunked" else ""
    with Nginx(box.url, tls=tls, listen=words, http=pack) as nginx:
        box.faults.next(operation="tokens.create", drop="mid_body")
        api = open_bamboo(nginx.url)
        error = caught(infosecops.TransportError, lambda: api.tokens.create("x"))
        assert (error.outcome, error.attempts) == ("unknown", 1)
        assert [entry.applied for entry in box.journal] == [True]
        box.faults.next(operation="tokens.list", drop="mid_body")
        assert len(api.tokens.list()) == 3


def test_compressed_and_chunked_answers_are_read(open_bamboo: Callable[..., Any], box: Sandbox) -> None:
    pack = "gzip on; gzip_min_length 1; gzip_types application/json;"
    with Nginx(box.url, http=pack) as nginx, Tap(nginx.port) as tap:
        api = open_bamboo(f"http://127.0.0.1:{tap.port}")
        names = [token.name for token in api.tokens.list()]
        assert names == [token.name for token in open_bamboo(box.url).tokens.list()]
        passed = bytes(tap.received).lower()
        assert b"content-encoding: gzip" in passed
        assert b"transfer-encoding: chunked" in passed


@pytest.mark.parametrize(("setting", "sent"), [("", 2), ("proxy_next_upstream off;", 1)])
def test_a_gateway_that_asks_the_next_server_repeats_a_get(
    governance: Callable[..., Any], box: Sandbox, setting: str, sent: int
) -> None:
    """Some of G&L's GET commands change something: the client sends them once, but nginx does as it is told."""
    server = f"server 127.0.0.1:{box.port} max_fails=0;"
    with Nginx("http://nodes", http=f"upstream nodes {{ {server} {server} }}", location=setting) as nginx:
        box.faults.next(operation="runReview", drop="after")
        gl = governance(nginx.url)
        if sent == 1:
            error = caught(infosecops.ServerError, lambda: gl.run_review("UAR"))
            assert error.outcome == "unknown"
        else:
            gl.run_review("UAR")
        assert [entry.applied for entry in box.journal] == [True] * sent
