"""Credentials that are not there in time: the deadline holds, nothing is sent, and the error says what took so long."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import Retry, TrustedApp, UserLogin
from secret_vault import done
from wire import LIMIT, Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SHORT = 0.3
COMMON: dict[str, Any] = {"proxy": "direct", "retry": Retry(attempts=3, base=0.0)}
# Class, how it gets the credential, a call, the name in the error.
PLACES: dict[str, tuple[str, Callable[[Any], dict[str, Any]], Callable[[Any], Any], str]] = {
    "token of SD Elements": ("SDElements", lambda given: {"token": given}, lambda api: api.jobs.alm.start(12), "token"),
    "token of G&L": (
        "GovernanceLifecycle",
        lambda given: {"token": given},
        lambda api: api.run_review("UAR"),
        "token",
    ),
    "password of a login": (
        "GovernanceLifecycle",
        lambda given: {"login": UserLogin("jdoe", given)},
        lambda api: api.run_review("UAR"),
        "password",
    ),
    "secret of an application": (
        "GovernanceLifecycle",
        lambda given: {"login": TrustedApp("app", given)},
        lambda api: api.login(),
        "client_secret",
    ),
    "access key": (
        "Sectona",
        lambda given: {"access_key": given},
        lambda api: api.request_password("Unix Based", "web01", "deploy"),
        "access_key",
    ),
    "access key for many": (
        "Sectona",
        lambda given: {"access_key": given},
        lambda api: api.request_passwords([("Unix Based", "web01", "deploy")]),
        "access_key",
    ),
    "token of Bamboo": ("BambooAgents", lambda given: {"token": given}, lambda api: api.tokens.create("x"), "token"),
    "password of Bamboo": (
        "BambooAgents",
        lambda given: {"username": "admin", "password": given},
        lambda api: api.tokens.list(),
        "password",
    ),
}


def check(error: infosecops.DeadlineExceeded, name: str, begun: float, wire: Wire) -> None:
    assert (error.outcome, wire.requests) == ("not_sent", [])
    assert f"asking for the credential {name} took " in str(error)
    assert SHORT <= error.elapsed <= monotonic() - begun
    assert "pass a larger timeout" in error.hint
    assert "canary" not in f"{error} {error!r}"


@pytest.mark.parametrize("place", PLACES)
def test_a_callable_that_blocks_is_told_of(connect: Callable[..., Any], place: str) -> None:
    system, given, call, name = PLACES[place]
    asked = []

    def late() -> str:
        asked.append(None)
        if len(asked) == 1:
            sleep(SHORT + 0.05)
        return "canary-canary"

    with Wire(ok("{}")) as wire:
        api = connect(system, wire.url, **given(late), timeout=SHORT, **COMMON)
        begun = monotonic()
        with pytest.raises(infosecops.DeadlineExceeded) as caught:
            call(api)
        check(caught.value, name, begun, wire)
        # The next call is none the worse for it.
        with pytest.raises((infosecops.UnexpectedContentError, infosecops.PartialFailure)):
            call(api)
        assert wire.requests


@pytest.mark.parametrize("place", PLACES)
def test_what_is_awaited_is_cancelled(place: str) -> None:
    system, given, call, name = PLACES[place]

    async def main(wire: Wire) -> None:
        begun, cancelled = asyncio.Event(), asyncio.Event()

        async def never() -> str:
            begun.set()
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                cancelled.set()
                raise
            return "canary"

        async with getattr(infosecops, f"Async{system}")(wire.url, **given(never), timeout=SHORT, **COMMON) as api:
            started = monotonic()
            with pytest.raises(infosecops.DeadlineExceeded) as caught:
                await call(api)
            check(caught.value, name, started, wire)
            await cancelled.wait()
            # The same where the call itself is cancelled.
            begun.clear()
            cancelled.clear()
            task = asyncio.ensure_future(call(api))
            await begun.wait()
            task.cancel()
            await cancelled.wait()

    with Wire(ok("{}")) as wire:
        asyncio.run(asyncio.wait_for(main(wire), LIMIT))


def test_the_uuid_of_agents(connect: Callable[..., Any]) -> None:
    with Wire(ok("[]")) as wire:
        bamboo = connect("BambooAgents", wire.url, token="t", timeout=SHORT, **COMMON)
        begun = monotonic()
        with pytest.raises(infosecops.DeadlineExceeded) as caught:
            bamboo.agents(lambda: sleep(SHORT + 0.05) or "canary").disable(1)
        check(caught.value, "uuid", begun, wire)


@pytest.mark.skipif(sys.platform == "win32", reason="the program is written as on POSIX")
@pytest.mark.parametrize("twin", ["", "Async"])
def test_a_command_is_ended(twin: str, profiles: Callable[..., Path], tmp_path: Path) -> None:
    started = tmp_path / "started"
    script = f"import os, time; open({str(started)!r}, 'w').write(str(os.getpid())); time.sleep(99)"
    command = json.dumps([sys.executable, "-S", "-c", script])
    profiles(f"[prod.sd_elements]\ntoken = {{command = {command}, timeout = 99}}")
    with Wire(ok("[]")) as wire:
        sde = getattr(infosecops, f"{twin}SDElements").from_profile("prod", url=wire.url, timeout=2.0, **COMMON)
        with pytest.raises(infosecops.DeadlineExceeded, match="asking for the credential token took 2") as caught:
            done(sde.jobs.alm.get(7))
        assert (caught.value.outcome, wire.requests) == ("not_sent", [])
    process = int(started.read_text(encoding="utf-8"))
    for _ in range(300):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return
        sleep(0.05)
    pytest.fail("the command runs on")
