"""References to secrets: read when one is needed, and again when the server refused it. What can't be had is told."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from secret_vault import JOB, PLAIN, Vault, client, done, profile
from test_secrets import CANARY, echo, failure
from wire import Received, Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LIMIT = 30.0
REFUSED = ok('{"detail": "Invalid token."}', status="401 Unauthorized")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="paths and programs are written as on POSIX")


@pytest.mark.parametrize("twin", ["", "Async"])
@pytest.mark.parametrize("kind", ["env", "file", "command", "keyring"])
def test_a_reference_is_read_when_needed_and_again_when_refused(
    kind: str, twin: str, vault: Vault, profiles: Callable[..., Path]
) -> None:
    def renew(_: Received) -> bytes:
        vault.put("third-secret")
        return REFUSED

    profiles(profile(vault.references[kind]))
    with Wire(JOB, renew, JOB, JOB) as wire:
        sde = client(twin, wire.url)
        vault.put("second-secret")
        for _ in range(3):
            assert done(sde.jobs.alm.get(7)).id == 7
        sent = [request.headers["authorization"] for request in wire.requests]
        assert sent == [f"Token {secret}-secret" for secret in ("second", "second", "third", "third")]
    assert vault.asked == ([("sde", "me")] * 2 if kind == "keyring" else [])


@pytest.mark.parametrize("twin", ["", "Async"])
def test_the_credential_of_a_variable_is_that_of_the_beginning(
    twin: str, profiles: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles("[prod.sd_elements]")
    monkeypatch.setenv("INFOSECOPS_SD_ELEMENTS_TOKEN", "first")
    with Wire(JOB, REFUSED) as wire:
        sde = client(twin, wire.url)
        monkeypatch.setenv("INFOSECOPS_SD_ELEMENTS_TOKEN", "second")
        done(sde.jobs.alm.get(7))
        with pytest.raises(infosecops.AuthenticationError):
            done(sde.jobs.alm.get(7))
        assert [request.headers["authorization"] for request in wire.requests] == ["Token first"] * 2


LOGINS: dict[str, tuple[str, str, Callable[[Any], Any]]] = {
    "GovernanceLifecycle": ("username = 'AveksaAdmin'", "password", lambda gl: gl.login()),
    "Sectona": ("", "access_key", lambda pam: pam.request_password("Unix Based", "CENTOS7", "admin152")),
    "BambooAgents": ("username = 'admin'", "password", lambda bamboo: bamboo.tokens.list()),
    "SDElements": ("", "token", lambda sde: sde.jobs.alm.list().collect()),
}


@pytest.mark.parametrize("twin", ["", "Async"])
@pytest.mark.parametrize("name", LOGINS)
def test_every_system_takes_references(
    name: str, twin: str, box: Any, tmp_path: Path, profiles: Callable[..., Path]
) -> None:
    system = {"SDElements": "sd_elements", "GovernanceLifecycle": "governance_lifecycle"}.get(name, name.lower())
    system = "bamboo_agents" if name == "BambooAgents" else system
    endpoint = getattr(box, system)
    line, credential, call = LOGINS[name]
    user = f"username = '{endpoint.username}'" if line else ""
    (tmp_path / "secret").write_text(getattr(endpoint, credential).reveal(), encoding="utf-8")
    profiles(f"[prod.{system}]\nurl = '{endpoint.url}'\n{user}\n{credential} = {{file = '{tmp_path / 'secret'}'}}\n")
    done(call(getattr(infosecops, twin + name).from_profile("prod", **PLAIN)))
    assert all(entry.status == 200 for entry in box.journal)


def test_files_of_variables_are_read_when_needed(
    vault: Vault, tmp_path: Path, profiles: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles("[prod.sd_elements]")
    monkeypatch.setenv("INFOSECOPS_SD_ELEMENTS_TOKEN_FILE", str(tmp_path / "secret"))
    with Wire(JOB) as wire:
        sde = client("", wire.url)
        assert sde.config_report()["token"].value == f"file {tmp_path / 'secret'}"
        vault.put("second-secret")
        sde.jobs.alm.get(7)
        assert wire.only.headers["authorization"] == "Token second-secret"


# What can't be had.


def broken(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """A reference, and what is told of it."""
    script = f"import sys; print('{CANARY}'); print('{CANARY}', file=sys.stderr); sys.exit(3)"
    python = json.dumps([sys.executable, "-c", script])
    file = folder / "file"
    if kind == "empty file":
        file.write_text("\n", encoding="utf-8")
    elif kind == "keyring without password":
        monkeypatch.setattr("keyring.get_password", lambda *_: None)
    elif kind == "keyring that fails":
        monkeypatch.setattr("keyring.get_password", lambda *_: int(CANARY))
    elif kind == "no keyring":
        monkeypatch.setitem(sys.modules, "keyring", None)
    keyring = "{keyring = {service = 's', username = 'u'}}"
    return {
        "no variable": ("{env = 'NO_SUCH_VARIABLE'}", "token: the environment variable NO_SUCH_VARIABLE is not set"),
        "no file": (f"{{file = '{file}'}}", f"token: secret file {file}: cannot be read: "),
        "empty file": (f"{{file = '{file}'}}", f"token: secret file {file}: is empty"),
        "folder": (f"{{file = '{folder}'}}", f"token: secret file {folder}: is no regular file"),
        "command that fails": (f"{{command = {python}}}", f"the command {sys.executable} failed (exit status: 3)"),
        "no command": ("{command = ['no-such-program']}", "token: the command no-such-program was not found"),
        "no keyring": (keyring, "token: its reference needs the package keyring. Hint: install it with: pip install"),
        "keyring without password": (keyring, "token: the keyring has no password of u for s. Hint: store it with"),
        "keyring that fails": (keyring, "token: the keyring failed (ValueError)"),
    }[kind]  # fmt: skip


@pytest.mark.parametrize("twin", ["", "Async"])
@pytest.mark.parametrize(
    "kind",
    [
        "no variable",
        "no file",
        "empty file",
        "folder",
        "command that fails",
        "no command",
        "no keyring",
        "keyring without password",
        "keyring that fails",
    ],
)
def test_what_cannot_be_had_is_told_and_nothing_is_sent(  # noqa: PLR0913, PLR0917
    kind: str,
    twin: str,
    vault: Vault,
    tmp_path: Path,
    profiles: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert vault
    reference, told = broken(kind, tmp_path, monkeypatch)
    profiles(profile(reference))
    with Wire(JOB) as wire:
        sde = client(twin, wire.url)
        with pytest.raises(infosecops.ConfigError) as caught:
            done(sde.jobs.alm.get(7))
        assert told in str(caught.value)
        assert caught.value.outcome == "not_sent"
        assert CANARY not in failure(lambda: sde.jobs.alm.get(7))
        assert not wire.requests


@pytest.mark.parametrize("twin", ["", "Async"])
@pytest.mark.parametrize("kind", ["env", "file", "command", "keyring", "variable", "literal"])
def test_a_server_that_repeats_a_secret_does_not_show_it(  # noqa: PLR0913, PLR0917
    kind: str,
    twin: str,
    vault: Vault,
    profiles: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    vault.put(CANARY)
    if kind == "variable":
        monkeypatch.setenv("INFOSECOPS_SD_ELEMENTS_TOKEN", CANARY)
    profiles(profile(vault.references.get(kind, f"'{CANARY}'")))
    events: list[object] = []
    with Wire(echo("400 Bad Request", "text")) as wire:
        sde = client(twin, wire.url, on_event=events.append)
        shown = failure(lambda: sde.jobs.alm.get(7))
        assert CANARY in wire.requests[0].headers["authorization"]
    assert "authorization: ****" in shown.lower()
    assert CANARY not in f"{shown} {events!r} {caplog.text} {sde!r} {sde.config_report()!r} {vars(sde)!r}"


@pytest.mark.parametrize("twin", ["", "Async"])
def test_a_command_that_does_not_end_is_stopped(twin: str, tmp_path: Path, profiles: Callable[..., Path]) -> None:
    os.mkfifo(tmp_path / "fifo")
    profiles(profile(f"{{command = ['cat', '{tmp_path / 'fifo'}'], timeout = 0.2}}"))
    sde = client(twin, "http://127.0.0.1:9")
    with pytest.raises(infosecops.ConfigError, match=r"the command cat did not end within 0\.2 seconds"):
        done(sde.jobs.alm.get(7))


def test_a_command_is_not_looked_for_in_the_working_directory(
    tmp_path: Path, profiles: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = tmp_path / "planted-program"
    planted.write_text("#!/bin/sh\necho planted\n", encoding="utf-8")
    planted.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f".:{os.pathsep}:{os.environ['PATH']}")
    profiles(profile("{command = ['planted-program']}"))
    with pytest.raises(infosecops.ConfigError, match="the command planted-program was not found"):
        client("", "http://127.0.0.1:9").jobs.alm.get(7)


def test_no_argument_of_ours_shows_a_secret_to_other_users(
    vault: Vault, tmp_path: Path, profiles: Callable[..., Path]
) -> None:
    vault.put(CANARY)
    seen = tmp_path / "seen"
    script = f"ps -ef > '{seen}' 2>/dev/null || cat /proc/[0-9]*/cmdline > '{seen}'; cat '{tmp_path / 'secret'}'"
    profiles(profile(f"{{command = ['sh', '-c', {json.dumps(script)}]}}"))
    with Wire(JOB) as wire:
        client("", wire.url).jobs.alm.get(7)
        assert wire.only.headers["authorization"] == f"Token {CANARY}"
    assert seen.stat().st_size > 0
    assert CANARY.encode() not in seen.read_bytes()


def test_a_file_that_all_may_read_is_warned_of_once(
    vault: Vault, tmp_path: Path, profiles: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    profiles(profile(vault.references["file"]))
    (tmp_path / "secret").chmod(0o644)
    caplog.set_level(logging.WARNING)
    with Wire(REFUSED) as wire:
        sde = client("", wire.url)
        for _ in range(2):
            with pytest.raises(infosecops.AuthenticationError):
                sde.jobs.alm.get(7)
    told = [record.getMessage() for record in caplog.records if record.name == "infosecops"]
    assert told == [
        f"token: every user of this machine may read {tmp_path / 'secret'}; take the right away (chmod o-r)"
    ]
    caplog.clear()
    (tmp_path / "secret").chmod(0o640)
    with Wire(JOB) as wire:
        client("", wire.url).jobs.alm.get(7)
    assert not caplog.records


# asyncio goes on meanwhile.


def test_the_loop_goes_on_while_a_command_runs(tmp_path: Path, profiles: Callable[..., Path]) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    profiles(profile(f"{{command = ['cat', '{fifo}']}}"))

    async def main(url: str) -> None:
        async with client("Async", url) as sde:
            call = asyncio.create_task(sde.jobs.alm.get(7))
            # Opening waits for the command, and the command for what is written.
            await asyncio.to_thread(fifo.write_text, "from the loop\n")
            assert (await call).id == 7

    with Wire(JOB) as wire:
        asyncio.run(main(wire.url))
        assert wire.only.headers["authorization"] == "Token from the loop"


def test_the_loop_goes_on_while_the_keyring_asks(
    vault: Vault, profiles: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles(profile(vault.references["keyring"]))
    asked, answered = Event(), Event()

    def get_password(_service: str, _username: str) -> str:
        asked.set()
        assert answered.wait(LIMIT)
        return "unlocked"

    monkeypatch.setattr("keyring.get_password", get_password)

    async def main(url: str) -> None:
        async with client("Async", url) as sde:
            call = asyncio.create_task(sde.jobs.alm.get(7))
            assert await asyncio.to_thread(asked.wait, LIMIT)
            answered.set()
            await call

    with Wire(JOB) as wire:
        asyncio.run(main(wire.url))
        assert wire.only.headers["authorization"] == "Token unlocked"


def test_cancelling_a_call_stops_its_command(tmp_path: Path, profiles: Callable[..., Path]) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    script = f"exec 3>'{fifo}'; echo up >&3; exec sleep 1000"
    profiles(profile(f"{{command = ['sh', '-c', {json.dumps(script)}]}}"))

    async def main() -> None:
        async with client("Async", "http://127.0.0.1:9") as sde:
            call = asyncio.create_task(sde.jobs.alm.get(7))
            reader = await asyncio.to_thread(fifo.open, encoding="utf-8")
            assert await asyncio.to_thread(reader.readline) == "up\n"
            call.cancel()
            # The command alone has the other end: it closes when the command ends.
            assert not await asyncio.to_thread(reader.read)
            reader.close()

    asyncio.run(asyncio.wait_for(main(), LIMIT))


def test_ctrl_c_stops_a_command(tmp_path: Path, profiles: Callable[..., Path]) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    script = f"exec 3>'{fifo}'; kill -INT $PPID; exec sleep 1000"
    profiles(profile(f"{{command = ['sh', '-c', {json.dumps(script)}]}}"))
    # The command alone has the other end: it closes when the command ends.
    reader = Thread(target=fifo.read_bytes)
    reader.start()
    with pytest.raises(KeyboardInterrupt):
        client("", "http://127.0.0.1:9").jobs.alm.get(7)
    reader.join(LIMIT)
    assert not reader.is_alive()
