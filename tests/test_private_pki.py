"""Private PKI as it is in the field: certificates that servers sign for themselves, and the files they are kept in."""

from __future__ import annotations

import datetime as dt
import ssl
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from tls_wire import TlsWire
from wire import ok

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("no_proxies")
NOW = dt.datetime.now(dt.timezone.utc)
DAY = dt.timedelta(days=1)
KEY = ec.generate_private_key(ec.SECP256R1())
ANSWER = ok("[]")


class Own:
    """A certificate that signs itself, as `openssl req -x509` makes it."""

    def __init__(self, folder: Path, name: str = "localhost", *, key: Any = KEY, days: int = 9, **more: Any) -> None:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer, signer = more.get("issuer", (subject, key))
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - 10 * DAY)
            .not_valid_after(NOW + days * DAY)
            .add_extension(x509.BasicConstraints(ca=more.get("ca", True), path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        )
        for extension in more.get("extensions", []):
            builder = builder.add_extension(extension, critical=False)
        self.subject, self.key = subject, key
        self.pem = builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM).decode()
        self.der = ssl.PEM_cert_to_DER_cert(self.pem)
        self.both = folder / f"both-{id(self)}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        self.both.write_text(self.pem + private, encoding="ascii")

    def context(self, version: str = "1.3") -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[version]
        context.load_cert_chain(self.both)
        return context


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ca.pem"


def call(connect: Callable[..., Any], wire: TlsWire, file: Path) -> Any:
    api = connect("BambooAgents", wire.url, token="t", ca_file=str(file), proxy="direct")
    return api.request("GET", "/x", effect="read").json()


def encrypting(folder: Path) -> dict[str, Own]:
    other = ec.generate_private_key(ec.SECP256R1())
    unknown = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a CA that nobody has")])
    clients = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    return {
        "calls itself a CA": Own(folder),
        "is a plain one": Own(folder, ca=False),
        "was issued by a CA that nobody has": Own(folder, ca=False, issuer=(unknown, other)),
        "is for clients": Own(folder, extensions=[clients]),
    }


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize(
    "case", ["calls itself a CA", "is a plain one", "was issued by a CA that nobody has", "is for clients"]
)
def test_a_certificate_that_stands_in_the_file_is_trusted(
    connect: Callable[..., Any], tmp_path: Path, file: Path, case: str, version: str
) -> None:
    own = encrypting(tmp_path)[case]
    file.write_text(Own(tmp_path, "unrelated").pem + own.pem, encoding="ascii")
    with TlsWire(own.context(version), ANSWER) as wire:
        assert call(connect, wire, file) == []


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another name": ({"name": "other.test"}, "the certificate is for another name"),
    "expired": ({"days": -1}, "the server's certificate has expired"),
    "another name, plain": ({"name": "other.test", "ca": False}, "the certificate is for another name"),
    "expired, plain": ({"days": -1, "ca": False}, "the server's certificate has expired"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_name_and_dates_have_to_fit(connect: Callable[..., Any], tmp_path: Path, file: Path, case: str) -> None:
    made, hint = REFUSED[case]
    own = Own(tmp_path, **made)
    file.write_text(own.pem, encoding="ascii")
    with TlsWire(own.context(), ANSWER) as wire, pytest.raises(infosecops.TlsError) as caught:
        call(connect, wire, file)
    assert caught.value.outcome == "not_sent"
    assert hint in caught.value.hint


def test_another_one_of_the_same_name_is_not_trusted(connect: Callable[..., Any], tmp_path: Path, file: Path) -> None:
    shown = Own(tmp_path, key=ec.generate_private_key(ec.SECP256R1()))
    for listed in (Own(tmp_path), Own(tmp_path, ca=False)):
        file.write_text(listed.pem, encoding="ascii")
        with TlsWire(shown.context(), ANSWER) as wire, pytest.raises(infosecops.TlsError):
            call(connect, wire, file)


def trusted(own: Own) -> str:
    # What it is trusted for: a sequence of its own behind the certificate.
    return ssl.DER_cert_to_PEM_cert(own.der + bytes.fromhex("300c300a06082b06010505070301")).replace(
        "CERTIFICATE", "TRUSTED CERTIFICATE"
    )


FORMS: dict[str, Callable[[Own], bytes]] = {
    "byte order mark": lambda own: b"\xef\xbb\xbf" + own.pem.encode(),
    "UTF-16": lambda own: own.pem.encode("utf-16"),
    "CRLF": lambda own: own.pem.replace("\n", "\r\n").encode(),
    "indented": lambda own: "".join(f"    {line}\n" for line in own.pem.splitlines()).encode(),
    "text around": lambda own: f"subject=CN\n{own.pem}that was it".encode(),
    "no line end": lambda own: own.pem.rstrip().encode(),
    "one line": lambda own: own.pem.replace("\n", "").encode(),
    "TRUSTED": lambda own: trusted(own).encode(),
    "X509": lambda own: own.pem.replace("CERTIFICATE", "X509 CERTIFICATE").encode(),
    "DER": lambda own: own.der,
}


@pytest.mark.parametrize("form", FORMS)
def test_files_of_the_field_are_read(connect: Callable[..., Any], tmp_path: Path, file: Path, form: str) -> None:
    own = Own(tmp_path)
    file.write_bytes(FORMS[form](own))
    with TlsWire(own.context(), ANSWER) as wire:
        assert call(connect, wire, file) == []


def test_glued_ones_are_all_read(connect: Callable[..., Any], tmp_path: Path, file: Path) -> None:
    authority, own = trustme.CA(), Own(tmp_path)
    file.write_bytes(own.pem.rstrip().encode() + authority.cert_pem.bytes())
    issued = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(issued)
    for context in (own.context(), issued):
        with TlsWire(context, ANSWER) as wire:
            assert call(connect, wire, file) == []


@pytest.mark.parametrize("broken", ["cut", "no base64", "empty"])
def test_none_is_passed_over(tmp_path: Path, file: Path, broken: str) -> None:
    own = Own(tmp_path)
    half = {
        "cut": own.pem[: len(own.pem) // 2],
        "no base64": own.pem.replace("\nMI", "\n!!"),
        "empty": "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
    }[broken]
    file.write_text(f"{own.pem}{half}", encoding="ascii")
    with pytest.raises(infosecops.ConfigError, match="that cannot be read, number 2 in it") as caught:
        infosecops.BambooAgents("https://localhost", token="t", ca_file=file)
    assert str(file) in str(caught.value)
    assert "openssl x509" in caught.value.hint


def test_a_client_certificate_of_such_a_file(connect: Callable[..., Any], tmp_path: Path, file: Path) -> None:
    own, mine = (
        Own(tmp_path),
        Own(tmp_path, "me", extensions=[x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])]),
    )
    file.write_text(own.pem, encoding="ascii")
    context = own.context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=mine.pem)
    both = tmp_path / "client.pem"
    both.write_bytes(b"\xef\xbb\xbf" + mine.both.read_bytes().replace(b"\n", b"\r\n"))
    with TlsWire(context, ANSWER) as wire:
        api = connect("BambooAgents", wire.url, token="t", ca_file=str(file), client_cert=str(both), proxy="direct")
        assert api.request("GET", "/x", effect="read").json() == []
