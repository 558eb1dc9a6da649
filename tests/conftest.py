"""Each case is written once and run through the sync client and through its Async twin."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import AsyncLazyList, Retry
from loops import LOOPS, needs_uvloop
from secret_vault import Vault
from servers import Authority, Nginx
from web_servers import Tomcat

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from infosecops.sandbox import Sandbox

PLAIN = {"proxy": "direct", "retry": Retry(attempts=3, base=0.0), "timeout": 10.0}


class Blocking:
    """An Async twin, or a part of one, used like the sync client: each coroutine is run to its end."""

    def __init__(self, target: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._target = target
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        return self._blocking(getattr(self._target, name))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        value = self._target(*args, **kwargs)
        return self._loop.run_until_complete(value) if asyncio.iscoroutine(value) else self._blocking(value)

    def __iter__(self) -> Iterator[Any]:
        iterator = self._target.__aiter__()
        while True:
            try:
                yield self._loop.run_until_complete(iterator.__anext__())
            except StopAsyncIteration:  # noqa: PERF203 - that is how it ends
                return

    def __enter__(self) -> Any:
        return self._loop.run_until_complete(self._target.__aenter__())

    def __exit__(self, *raised: object) -> Any:
        return self._loop.run_until_complete(self._target.__aexit__(*raised))

    def __repr__(self) -> str:
        return repr(self._target)

    def _blocking(self, value: Any) -> Any:
        is_part = callable(value) or isinstance(value, AsyncLazyList) or hasattr(value, "__anext__")
        is_part = is_part or type(value).__module__ in (
            "infosecops._async_jobs",
            "infosecops._jobs",
            "infosecops.sd_elements",
            "infosecops.bamboo_agents",
            "infosecops._agents",
            "infosecops._maintenance",
        )
        return Blocking(value, self._loop) if is_part else value


@pytest.fixture(params=["sync", "async"])
def connect(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Make a client by its sync name; the test runs once with that client and once with its twin."""
    opened: list[Any] = []
    loop = asyncio.new_event_loop() if request.param == "async" else None

    def make(name: str, url: str, **options: Any) -> Any:
        prefix = "Async" if loop else ""
        client = getattr(infosecops, prefix + name)(url, **{**PLAIN, **options})
        opened.append(client)
        return Blocking(client, loop) if loop else client

    yield make
    for client in opened:
        if loop:
            loop.run_until_complete(client.aclose())
        else:
            client.close()
    if loop:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def pytest_configure() -> None:
    """Have Ctrl-C reach this process and those it starts, also where a shell started it in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=["asyncio", "unwatching", pytest.param("uvloop", marks=needs_uvloop)])
def run(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    """Run a coroutine on a loop in debug mode; in the end, nobody may have complained."""
    complaints: list[dict[str, Any]] = []
    caplog.set_level(logging.INFO, "asyncio")

    def go(main: Coroutine[Any, Any, Any]) -> Any:
        loop = LOOPS[request.param]()
        loop.set_debug(True)
        loop.slow_callback_duration = 60.0
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        try:
            return loop.run_until_complete(main)
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
            gc.collect()

    yield go
    gc.collect()
    assert complaints == []
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


@pytest.fixture
def box(infosecops_sandbox: Sandbox) -> Sandbox:
    return infosecops_sandbox


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Signs the certificates of servers; clients trust its file."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def secured(box: Sandbox, authority: Authority) -> Iterator[Nginx]:
    """The sandbox behind https."""
    with Nginx(box.url, tls=authority.issue("localhost")) as nginx:
        yield nginx


@pytest.fixture
def open_bamboo(connect: Callable[..., Any], box: Sandbox, authority: Authority) -> Callable[..., Any]:
    """Make a client of the sandbox's Bamboo that reaches it by this URL, by plain http through a proxy too."""

    def make(url: str, **options: Any) -> Any:
        given = {"token": box.bamboo_agents.token, "api": "agent-config", "ca_file": authority.file, **options}
        given.setdefault("allow_http", True)
        return connect("BambooAgents", url, **given)

    return make


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment names no proxy."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write the profile file of a user whose environment says nothing else."""
    for name in list(os.environ):
        if name.startswith(("INFOSECOPS_", "SDE_")):
            monkeypatch.delenv(name)
    folder = tmp_path / "settings" / "infosecops"
    folder.mkdir(parents=True)
    for name in ("XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.setenv(name, str(folder.parent))

    def write(text: str, mode: int = 0o600) -> Path:
        file = folder / "config.toml"
        file.write_text(text, encoding="utf-8")
        file.chmod(mode)
        return file

    return write


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    vault = Vault(tmp_path, monkeypatch)
    vault.put("first-secret")
    return vault


@pytest.fixture(scope="session")
def tomcat() -> Iterator[Tomcat]:
    """One for all tests, as it takes seconds to start."""
    with Tomcat() as server:
        yield server
