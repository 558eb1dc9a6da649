"""Servers that are restarted in the middle of changes: what the client says agrees with the server's own log."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections import Counter
from contextlib import ExitStack
from itertools import count
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import Retry
from servers import Nginx
from web_servers import Apache, Gunicorn, Tomcat
from wire import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from servers import Program
    from web_servers import WebServer

ENDINGS = (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, signal.SIGTERM)
CALLS_BETWEEN = 100
AT_ONCE = 6
COMMON = {"proxy": "direct", "retry": Retry(attempts=3, base=0.0), "timeout": 20.0}


class Scene:
    """Servers, which of them is restarted, and a change that says in the log which one it was."""

    def __init__(self, stack: ExitStack, name: str) -> None:
        self.log: WebServer = stack.enter_context(
            Tomcat() if name.endswith("Tomcat") else Gunicorn("sync" if "closes" in name else "gthread")
        )
        self.restarted: Program = self.log
        self.url = self.log.url
        if "nginx" in name:
            nginx = stack.enter_context(Nginx(self.log.url))
            self.url = nginx.url
            self.restarted = nginx if name.startswith("nginx") else self.log
        if "Apache" in name:
            apache = stack.enter_context(Apache(self.log.url))
            self.url = apache.url()
            self.restarted = apache if name.startswith("Apache") else self.log
        self.up = threading.Event()
        self.up.set()
        self.over = threading.Event()
        self.made = threading.Semaphore(0)
        self.numbers = count(1)
        self.said: dict[str, str] = {}

    def call(self, system: str, client: Any, name: str) -> Any:
        if system == "GovernanceLifecycle":
            return client.run_review(name)
        if system == "BambooAgents":
            return client.tokens.create(name)
        return client.jobs.alm.report(12, succeeded=True, result_message=name)

    def note(self, name: str, error: infosecops.Error | None) -> bool:
        """Keep what came of a change; yes if the server is away."""
        self.said[name] = "ok" if error is None else error.outcome
        self.made.release()
        return error is not None

    def restarts(self) -> None:
        """Restart the server again and again while changes go on."""
        try:
            # Tomcat takes seconds to start.
            for ending in ENDINGS[:2] if isinstance(self.restarted, Tomcat) else ENDINGS:
                self.wait_for_calls()
                self.up.clear()
                self.restarted.restart(ending)
                self.up.set()
            self.wait_for_calls()
        finally:
            self.up.set()
            self.over.set()

    def wait_for_calls(self) -> None:
        for _ in range(CALLS_BETWEEN):
            assert self.made.acquire(timeout=LIMIT)


OPTIONS: dict[str, dict[str, Any]] = {
    "GovernanceLifecycle": {"login": infosecops.UserLogin("jdoe", "s3same"), "logout_on_close": False},
    "BambooAgents": {"username": "admin", "password": "s3same", "api": "agent-config"},
    "SDElements": {"token": "s3same"},
}


def in_threads(scene: Scene, system: str) -> None:
    with getattr(infosecops, system)(scene.url, **COMMON, **OPTIONS[system]) as client:

        def work() -> None:
            while not scene.over.is_set():
                name = f"change-{next(scene.numbers)}"
                error = None
                try:
                    scene.call(system, client, name)
                except infosecops.Error as caught:
                    error = caught
                if scene.note(name, error):
                    scene.up.wait(LIMIT)

        threads = [threading.Thread(target=work) for _ in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        scene.restarts()
        for thread in threads:
            thread.join(LIMIT)


async def in_tasks(scene: Scene, system: str) -> None:
    async with getattr(infosecops, f"Async{system}")(scene.url, **COMMON, **OPTIONS[system]) as client:

        async def work() -> None:
            while not scene.over.is_set():
                name = f"change-{next(scene.numbers)}"
                error = None
                try:
                    await scene.call(system, client, name)
                except infosecops.Error as caught:
                    error = caught
                if scene.note(name, error):
                    await asyncio.to_thread(scene.up.wait, LIMIT)

        await asyncio.gather(asyncio.to_thread(scene.restarts), *(work() for _ in range(AT_ONCE)))


TWINS: dict[str, Callable[[Scene, str], None]] = {
    "sync": in_threads,
    "async": lambda scene, system: asyncio.run(in_tasks(scene, system)),
}
SCENES = [
    ("gunicorn", "SDElements", "sync"),
    ("gunicorn", "SDElements", "async"),
    ("gunicorn that closes each connection", "SDElements", "sync"),
    ("nginx in front of gunicorn", "SDElements", "async"),
    ("gunicorn behind nginx", "SDElements", "sync"),
    ("Apache in front of gunicorn", "SDElements", "sync"),
    ("gunicorn behind Apache", "SDElements", "async"),
    ("Tomcat", "GovernanceLifecycle", "sync"),
    ("Tomcat", "BambooAgents", "async"),
    ("nginx in front of Tomcat", "BambooAgents", "sync"),
]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


@pytest.mark.parametrize(("name", "system", "twin"), SCENES)
def test_what_is_said_of_a_change_agrees_with_the_server(stack: ExitStack, name: str, system: str, twin: str) -> None:
    scene = Scene(stack, name)
    TWINS[twin](scene, system)
    log = Counter(scene.log.applied())
    allowed = {"ok": {1}, "not_sent": {0}, "rejected": {0}, "unknown": {0, 1}}
    lies = {change: (said, log[change]) for change, said in scene.said.items() if log[change] not in allowed[said]}
    assert lies == {}
    said = Counter(scene.said.values())
    assert said["ok"] >= CALLS_BETWEEN
    assert said["ok"] < len(scene.said), "no restart was felt"
    assert {change for change in log if change.startswith("change-")} <= scene.said.keys()
