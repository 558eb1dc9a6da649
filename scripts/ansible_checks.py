"""Judge the collection with Ansible's own tools: sanity, changelog, documentation, playbooks.

Run by the Python of a virtual environment that has the wheel and the group `ansible`. Everything is kept in a
folder of ours: the tools write to the home of whoever runs them.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "python"
COLLECTION = SOURCES / "ansible_collections" / "infosecops" / "secops"
BIN = Path(sys.executable).parent
OLDEST_TARGET = "3.9"

# ansible-test makes virtual environments without pip, and fetches that from a host of its own. This asks the index.
BOOTSTRAP = """\
import ensurepip, os, subprocess, sys
ensurepip.bootstrap()
os.environ.pop("PIP_CONFIG_FILE", None)
subprocess.check_call([sys.executable, "-m", "pip", "install", "-q", "pip=={version}"])
"""


def prepared_home(folder: Path) -> Path:
    """A home with the bootstrap of pip and pip's settings: ansible-test clears the environment."""
    found = find_spec("ansible_test._internal.python_requirements")
    text = Path(found.origin).read_text(encoding="utf-8") if found and found.origin else ""
    version = re.search(r"pip='([\d.]+)'", text)
    if version:
        cached = folder / ".ansible" / "test" / "cache" / f"get_pip_{version[1].replace('.', '_')}.py"
        cached.parent.mkdir(parents=True, exist_ok=True)
        cached.write_text(BOOTSTRAP.format(version=version[1]), encoding="utf-8")
    settings = {name[4:].lower().replace("_", "-"): value for name, value in os.environ.items() if name[:4] == "PIP_"}
    settings.pop("config-file", None)
    lines = ["[global]", *(f"{name} = {value}" for name, value in sorted(settings.items()))]
    (folder / ".config" / "pip").mkdir(parents=True, exist_ok=True)
    (folder / ".config" / "pip" / "pip.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def oldest_target() -> Path | None:
    """The interpreter of the oldest hosts that modules run on, if this machine has it."""
    asked = [sys.executable, str(ROOT / "scripts" / "interpreters.py"), OLDEST_TARGET]
    found = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.splitlines()
    return Path(found[-1]) if found else None


def main() -> None:
    """Run them all, and say which failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path, help="folder for what the tools keep")
    home = prepared_home(parser.parse_args().home.resolve())
    target = oldest_target()
    environment = {
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "PATH": os.pathsep.join([str(BIN), *([str(target.parent)] if target else []), os.environ["PATH"]]),
        "ANSIBLE_COLLECTIONS_PATH": str(SOURCES),
        "PYTHONPATH": "",
    }
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    commands = [
        ["ansible-test", "sanity", "--python", here],
        ["antsibull-changelog", "lint"],
        ["antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "all", "."],
        ["ansible-lint", "--offline", "--profile", "production", "."],
    ]
    if target:
        commands.append(["ansible-test", "sanity", "--python", OLDEST_TARGET, "--test", "import", "--test", "compile"])
    else:
        print(f"CPython {OLDEST_TARGET} is not here: import and compile on it are skipped")
    failed: list[str] = []
    for command in commands:
        print("==", *command, flush=True)
        done = subprocess.run(command, cwd=COLLECTION, env={**os.environ, **environment}, check=False)
        if done.returncode != 0:
            failed.append(" ".join(command))
    shutil.rmtree(COLLECTION / "tests" / "output", ignore_errors=True)
    if failed:
        sys.exit(f"failed: {'; '.join(failed)}")


if __name__ == "__main__":
    main()
