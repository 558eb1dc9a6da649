"""Where the measured processes run: cores, a quiet environment, the server, and what keeps the cores awake."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SERVER_CORE, CLIENT_CORE = 0, 1
SPIN_SECONDS = 600
# Ends by itself: with its time, and with the process that started it.
SPINNER = f"""
import os, time
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
parent, end = os.getppid(), time.monotonic() + {SPIN_SECONDS}
while time.monotonic() < end and os.getppid() == parent:
    for _ in range(1_000_000):
        pass
"""
STRIPPED = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
STRIPPED_BEGINNINGS = ("INFOSECOPS_", "PYTHON")


def pinned() -> bool:
    """Whether server and clients have a core each."""
    return hasattr(os, "sched_setaffinity") and {SERVER_CORE, CLIENT_CORE} <= os.sched_getaffinity(0)


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """What is started in here stays on this core."""
    if not pinned():
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def environment(source: Path | None) -> dict[str, str]:
    """Without what would send clients elsewhere. `source`: a folder to import this package from instead of the venv."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not (name.lower().endswith("_proxy") or name in STRIPPED or name.startswith(STRIPPED_BEGINNINGS))
    }
    return {**kept, "PYTHONPATH": str(source.resolve())} if source else kept


@contextmanager
def server(program: Path, folder: Path) -> Iterator[dict[str, str]]:
    """The bare server; gives its addresses. It ends when its input does."""
    command = [str(program.resolve()), "serve", str(folder.resolve())]
    with on_core(SERVER_CORE):
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        told = piped(process.stdout).readline()
        if not told:
            raise SystemExit(f"{program} serve did not start")
        yield json.loads(told)
    finally:
        piped(process.stdin).close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def piped(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        raise RuntimeError("not a pipe")
    return stream


@contextmanager
def awake(*, wanted: bool) -> Iterator[bool]:
    """Keep both cores from halting with processes that run only where nothing else wants to. Gives whether they run."""
    if not (wanted and pinned() and hasattr(os, "SCHED_IDLE")):
        yield False
        return
    spinners: list[subprocess.Popen[bytes]] = []
    try:
        for core in (SERVER_CORE, CLIENT_CORE):
            with on_core(core):
                spinners.append(subprocess.Popen([sys.executable, "-c", SPINNER]))
        yield True
    finally:
        for spinner in spinners:
            with suppress(ProcessLookupError):
                spinner.terminate()
            spinner.wait()


def run(command: Sequence[str], env: dict[str, str], limit: float) -> str:
    """Run a measured process on the clients' core; gives what it printed."""
    with on_core(CLIENT_CORE):
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
        )
    try:
        told, complaint = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return json.dumps({"failed": f"not ready after {limit:.0f} s"})
    if process.returncode:
        return json.dumps({"failed": (complaint.strip().splitlines() or ["no word"])[-1][:300]})
    return told


def run_costing(command: Sequence[str], env: dict[str, str]) -> tuple[float, str]:
    """Run a process; gives the processor time of all of it in seconds, and what it printed."""
    with on_core(CLIENT_CORE):
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=env)
    told = piped(process.stdout).read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    piped(process.stdout).close()
    if process.returncode:
        return 0.0, json.dumps({"failed": f"exit code {process.returncode}"})
    return used.ru_utime + used.ru_stime, told
