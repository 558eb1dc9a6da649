"""The interpreter's end: whatever is still going on, it is silent and the exit code is 0."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from exit_scripts import BEGIN, SCRIPTS
from scale import note, scaled
from wire import Hang, Wire

PATIENCE = 60.0
ROUNDS = scaled(3, 63)


@pytest.mark.parametrize("name", SCRIPTS)
def test_exit_is_silent(name: str) -> None:
    def end(_: int) -> tuple[int, bytes, bytes]:
        command = [sys.executable, "-X", "faulthandler", "-W", "error", "-c", BEGIN + SCRIPTS[name], wire.url]
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
        return done.returncode, done.stdout, done.stderr

    with Wire(Hang()) as wire, ThreadPoolExecutor(os.cpu_count()) as pool:
        assert set(pool.map(end, range(ROUNDS))) == {(0, b"", b"")}
    note("Exits", "programs that ended with work pending; loud or with another code than 0", f"{ROUNDS}; 0")
