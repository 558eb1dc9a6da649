"""Sub-interpreters of every kind can't import the native module, in whatever order, and nothing hangs."""

from __future__ import annotations

import subprocess
import sys

import pytest

PATIENCE = 60.0
BEGIN = """
import sys
try:
    import _interpreters as interpreters  # since CPython 3.13
    made = interpreters.create("legacy" if sys.argv[1] == "legacy" else "isolated")
except ImportError:
    import _xxsubinterpreters as interpreters
    made = interpreters.create(isolated=sys.argv[1] != "legacy")

def attempt():
    interpreters.run_string(made, '''
try:
    import infosecops
    infosecops.SDElements
    print("imported", flush=True)
except ImportError as error:
    print("refused", flush=True)
    # An isolated one is refused by CPython itself.
    assert sys_kind != "legacy" or "use it in the main interpreter of a process" in str(error), error
'''.replace("sys_kind", repr(sys.argv[1])))

def work():
    import asyncio, infosecops
    from infosecops.sandbox import Sandbox
    with Sandbox() as box:
        assert box.bamboo_agents().tokens.list()
        assert asyncio.run(box.bamboo_agents.async_client().tokens.list())
"""
ORDERS = {
    "alone": "attempt()",
    "before the main one": "attempt(); work(); attempt()",
    "after the main one": "work(); attempt(); work()",
    "never ended": "attempt(); work(); sys.keep = made",
}


@pytest.mark.parametrize("kind", ["legacy", "isolated"])
@pytest.mark.parametrize("order", ORDERS)
def test_the_import_is_refused(order: str, kind: str) -> None:
    pytest.importorskip("_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters")
    end = "" if "keep" in ORDERS[order] else "\ninterpreters.destroy(made)"
    program = [sys.executable, "-W", "ignore", "-c", BEGIN + ORDERS[order] + end, kind]
    done = subprocess.run(program, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(done.stdout.split()) == {"refused"}
