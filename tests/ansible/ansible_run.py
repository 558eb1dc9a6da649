"""Run playbooks with the ansible-core of this virtual environment, and keep what they tell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from infosecops import Secret
    from infosecops.sandbox import Sandbox

BIN = Path(sys.executable).parent
LIMIT = 60
"""Seconds for one command."""

CALLBACK = '''
"""Writes down every result of every task as JSON."""
import json
import os
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: written
type: notification
short_description: Results as lines of JSON
description: Results as lines of JSON.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "written"

    def written(self, result, ended):
        # Before ansible-core 2.19 they were called otherwise.
        host, task, told = (
            getattr(result, name if hasattr(result, name) else f"_{name}") for name in ("host", "task", "result")
        )
        with open(os.environ["RESULTS_FILE"], "a", encoding="utf-8") as file:
            told = {"host": host.name, "task": task.get_name(), "ended": ended, "result": told}
            file.write(json.dumps(told, default=str) + "\\n")

    def v2_runner_on_ok(self, result):
        self.written(result, "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.written(result, "failed")

    def v2_runner_on_skipped(self, result):
        self.written(result, "skipped")

    def v2_runner_on_unreachable(self, result):
        self.written(result, "unreachable")
'''


@dataclass
class Told:
    """How a task ended on a host."""

    host: str
    task: str
    ended: str
    result: dict[str, Any]


@dataclass
class Ran:
    """What a command printed, and how its tasks ended."""

    status: int
    output: str
    told: list[Told]

    @property
    def result(self) -> dict[str, Any]:
        """Of the last task."""
        return self.told[-1].result

    def changed(self) -> list[str]:
        return [told.task for told in self.told if told.result.get("changed")]


class Ansible:
    """A folder with playbooks, and a sandbox that they talk to."""

    def __init__(self, box: Sandbox, folder: Path) -> None:
        self.box = box
        self.folder = folder
        self.private: list[str] = []
        """Secrets beside those of the sandbox that nothing may print."""
        callbacks = folder / "callbacks"
        callbacks.mkdir()
        (callbacks / "written.py").write_text(CALLBACK, encoding="utf-8")

    def variables(self) -> dict[str, Any]:
        """What the examples and playbooks want set."""
        box = self.box
        secrets = {
            "gl_token": box.governance_lifecycle.token,
            "sde_token": box.sd_elements.token,
            "sectona_access_key": box.sectona.access_key,
            "bamboo_token": box.bamboo_agents.token,
            "bamboo_uuid": box.bamboo_agents.access_token,
        }
        return {
            "ansible_python_interpreter": os.environ.get("TARGET_PYTHON", sys.executable),
            "gl_url": box.governance_lifecycle.url,
            "sde_url": box.sd_elements.url,
            "sectona_url": box.sectona.url,
            "bamboo_url": box.bamboo_agents.url,
            **{name: secret.reveal() for name, secret in secrets.items()},
        }

    def secrets(self) -> list[str]:
        """All that may stand nowhere."""
        credentials = [value for *_, value in self.box.describe() if not isinstance(value, str)]
        accounts = [account.password for account in self.box.sectona.accounts]
        texts: list[Secret] = [secret for secret in [*credentials, *accounts] if secret]
        return [secret.reveal() for secret in texts] + self.private

    def tasks(self, *tasks: dict[str, Any], hosts: str = "localhost", **more: Any) -> Path:
        """Write a playbook of these tasks."""
        play = {"hosts": hosts, "gather_facts": False, **more, "tasks": list(tasks)}
        path = self.folder / "play.yml"
        path.write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
        return path

    def run(self, playbook: Path | str, *options: str, may_print: bool = False, **variables: Any) -> Ran:
        """Run it, very verbosely, and look for secrets in all that it printed."""
        given = self.folder / "variables.json"
        given.write_text(json.dumps({**self.variables(), **variables}), encoding="utf-8")
        results = self.folder / "results.jsonl"
        results.write_text("", encoding="utf-8")
        ran = self.command(
            "ansible-playbook",
            str(playbook),
            "-vvvv",
            "-e",
            f"@{given}",
            *options,
            environment={"RESULTS_FILE": str(results)},
        )
        told = [Told(**json.loads(line)) for line in results.read_text(encoding="utf-8").splitlines()]
        if not may_print:
            self.assert_private(ran.output, "the output")
            self.assert_private(results.read_text(encoding="utf-8"), "the results")
        return Ran(ran.status, ran.output, told)

    def command(
        self, name: str, *arguments: str, environment: dict[str, str] | None = None, may_warn: bool = False
    ) -> Ran:
        """Run a command of Ansible."""
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
        done = subprocess.run(
            [BIN / name, *arguments],
            env={
                **kept,
                "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin",
                "LC_ALL": "C.UTF-8",
                "ANSIBLE_CALLBACK_PLUGINS": str(self.folder / "callbacks"),
                "ANSIBLE_CALLBACKS_ENABLED": "written",
                "ANSIBLE_LOCALHOST_WARNING": "false",
                "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
                "ANSIBLE_LOCAL_TEMP": str(self.folder / "local"),
                "ANSIBLE_REMOTE_TEMP": str(self.folder / "remote"),
                "ANSIBLE_NOCOLOR": "1",
                **(environment or {}),
            },
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        for word in ("[WARNING]", "[DEPRECATION WARNING]", "Traceback (most recent call last)"):
            assert word not in done.stdout or (may_warn and "WARNING" in word), done.stdout
        return Ran(done.returncode, done.stdout, [])

    def assert_private(self, text: str, where: str) -> None:
        for secret in self.secrets():
            assert secret not in text, f"a secret stands in {where}"
            assert json.dumps(secret)[1:-1] not in text, f"a secret stands in {where}"
