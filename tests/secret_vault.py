"""A secret at every place that a reference can name, and clients whose profile leads there."""

from __future__ import annotations

import asyncio
import json
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import infosecops
from infosecops import Retry
from wire import ok

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

PLAIN: dict[str, Any] = {"proxy": "direct", "retry": Retry(attempts=1), "timeout": 20.0}
JOB = ok(json.dumps({"id": 7}))
COPY = "import pathlib, sys; sys.stdout.write(pathlib.Path(sys.argv[1]).read_text())"


class Vault:
    """One secret, at each of the places that a reference can name."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._file = folder / "secret"
        self._patch = monkeypatch
        self.asked: list[tuple[str, str]] = []
        keyring = ModuleType("keyring")
        keyring.get_password = self._get_password  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "keyring", keyring)
        python = json.dumps([sys.executable, "-c", COPY, str(self._file)])
        self.references = {
            "env": "{env = 'VAULT_SECRET'}",
            "file": f"{{file = '{self._file}'}}",
            "command": f"{{command = {python}, timeout = 30}}",
            "keyring": "{keyring = {service = 'sde', username = 'me'}}",
        }

    def put(self, secret: str) -> None:
        self._file.write_text(f"{secret}\n", encoding="utf-8")
        self._file.chmod(0o600)
        self._patch.setenv("VAULT_SECRET", secret)
        self._secret = secret

    def _get_password(self, service: str, username: str) -> str:
        self.asked.append((service, username))
        return self._secret


def client(twin: str, url: str, **more: Any) -> Any:
    return getattr(infosecops, f"{twin}SDElements").from_profile("prod", url=url, **{**PLAIN, **more})


def done(value: Any) -> Any:
    return asyncio.run(value) if asyncio.iscoroutine(value) else value


def profile(reference: str) -> str:
    return f"[prod.sd_elements]\ntoken = {reference}\n"
