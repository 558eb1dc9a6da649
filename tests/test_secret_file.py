"""Credentials in files: read when they are needed, again when they are refused, and only if they are private."""

from __future__ import annotations

import asyncio
import base64
import copy
import json
import os
import pickle
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import SecretFile
from test_sectona import SECTONA, envelope, request_page
from wire import Received, Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REFUSED = ok(envelope(IsSuccess=False, LogCode="011688", Result=None))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.touch(mode=0o600)
    path.write_text("first\n")
    return path


def key_of(request: Received) -> str:
    return base64.b64decode(request.headers["authorization"].partition(" ")[2]).decode().partition(":")[2]


def test_a_key_is_read_again_after_it_was_refused(connect: Callable[..., Any], file: Path) -> None:
    with Wire(ok(envelope()), ok(envelope()), REFUSED, ok(envelope())) as wire:
        pam = connect(SECTONA, wire.url, access_key=SecretFile(file))
        request_page(pam)
        file.write_text("second\n")
        request_page(pam)
        with pytest.raises(infosecops.AuthenticationError):
            request_page(pam)
        request_page(pam)
        assert [key_of(request) for request in wire.requests] == ["first", "first", "first", "second"]


def test_a_read_goes_out_again_with_the_newer_token(connect: Callable[..., Any], file: Path) -> None:
    with Wire(ok('{"id": 7}'), ok("", status="401 Unauthorized"), ok('{"id": 7}')) as wire:
        sde = connect("SDElements", wire.url, token=SecretFile(str(file)))
        sde.jobs.alm.get(7)
        file.write_text("second")
        sde.jobs.alm.get(7)
        assert [request.headers["authorization"] for request in wire.requests] == [
            "Token first",
            "Token first",
            "Token second",
        ]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"k", "k"),
        (b"k\n", "k"),
        (b"k\r\n", "k"),
        (b"k\n\n", "k\n"),
        (b" k \n", " k "),
        ("gr\u00fc\u00dfe\n".encode(), "gr\u00fc\u00dfe"),
        (b"\xef\xbb\xbfk", "k"),
        (b"\xef\xbb\xbfk\r\n", "k"),
        (b"\xef\xbb\xbf\xef\xbb\xbfk", "\ufeffk"),
    ],
)
def test_one_line_break_at_the_end_is_no_part_of_the_secret(file: Path, content: bytes, text: str) -> None:
    file.write_bytes(content)
    assert SecretFile(file)().reveal() == text


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "is empty"), (b"\r\n", "is empty"), (b"\xff\xfe", "not UTF-8"), (b"x" * 65537, "larger")],
)
def test_what_holds_no_secret_is_refused_without_showing_it(file: Path, content: bytes, why: str) -> None:
    file.write_bytes(content)
    with pytest.raises(infosecops.ConfigError, match=why) as caught:
        SecretFile(file)()
    assert str(file) in str(caught.value)
    assert "xxx" not in str(caught.value)


def test_what_is_no_file_is_refused(connect: Callable[..., Any], tmp_path: Path) -> None:
    with Wire(ok(envelope())) as wire:
        for path, why in ((tmp_path, "no regular file"), (tmp_path / "none", "cannot be read")):
            with pytest.raises(infosecops.ConfigError, match=why):
                request_page(connect(SECTONA, wire.url, access_key=SecretFile(path)))
        assert wire.connections == 0
    with pytest.raises(infosecops.ConfigError, match="path"):
        SecretFile("")


@pytest.mark.skipif(os.name != "posix", reason="rights of another kind")
def test_a_pipe_is_refused_without_waiting_for_its_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(infosecops.ConfigError, match="no regular file"):
        SecretFile(tmp_path / "pipe")()


@pytest.mark.skipif(os.name != "posix", reason="rights of another kind")
@pytest.mark.parametrize(
    ("mode", "rights", "chmod"),
    [
        (0o600, None, None),
        (0o640, None, None),
        (0o660, None, None),
        (0o400, None, None),
        (0o644, "read", "o-r"),
        (0o604, "read", "o-r"),
        (0o602, "write", "o-w"),
        (0o622, "write", "o-w"),
        (0o666, "read and write", "o-rw"),
        (0o777, "read and write", "o-rw"),
    ],
)
def test_a_file_that_everybody_may_read_or_write_is_refused(
    file: Path, mode: int, rights: str | None, chmod: str | None
) -> None:
    file.chmod(mode)
    assert SecretFile(file, allow_others=True)().reveal() == "first"
    if rights is None:
        assert SecretFile(file)().reveal() == "first"
        return
    with pytest.raises(infosecops.ConfigError, match=f"every user of this machine may {rights} it") as caught:
        SecretFile(file)()
    assert f"(chmod {chmod})" in str(caught.value)
    assert "first" not in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="rights of another kind")
def test_what_a_link_leads_to_is_looked_at(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(file)
    assert SecretFile(link)().reveal() == "first"
    file.chmod(0o602)
    with pytest.raises(infosecops.ConfigError, match="may write it"):
        SecretFile(link)()
    file.unlink()
    os.mkfifo(file, 0o600)
    with pytest.raises(infosecops.ConfigError, match="no regular file"):
        SecretFile(link)()
    file.unlink()
    file.symlink_to("/dev/zero")
    with pytest.raises(infosecops.ConfigError, match="no regular file"):
        SecretFile(link)()


@pytest.mark.skipif(os.name != "posix", reason="pipes have no names there")
def test_certificates_are_no_pipes_either(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("ca_file", "client_cert"):
        with pytest.raises(infosecops.ConfigError, match=f"{name}: cannot read .*pipe: is no regular file"):
            infosecops.SDElements("https://sde.example.com", token="t", **{name: tmp_path / "pipe"})


def test_it_travels_by_its_path(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    given = SecretFile("key", allow_others=True)
    monkeypatch.chdir("/")
    again = pickle.loads(pickle.dumps(given))
    assert again == given == copy.deepcopy(given) == SecretFile(file, allow_others=True) != SecretFile(file)
    assert (str(again.path), repr(again)) == (str(file), f"SecretFile({json.dumps(str(file))})")
    assert again().reveal() == "first"
    assert b"first" not in pickle.dumps(given)
    pam = pickle.loads(pickle.dumps(infosecops.Sectona("https://pam.example.com", access_key=given)))
    assert pam.url == "https://pam.example.com"


def test_the_twin_takes_it_too(file: Path) -> None:
    async def main() -> None:
        with Wire(ok(envelope())) as wire:
            async with infosecops.AsyncSectona(wire.url, access_key=SecretFile(file), proxy="direct") as pam:
                await request_page(pam)
            assert key_of(wire.only) == "first"

    asyncio.run(main())
