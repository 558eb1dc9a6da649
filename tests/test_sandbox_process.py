"""The sandbox and its process: forks, exit, the command line, the pytest plugin."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from infosecops import BambooAgents
from infosecops.__main__ import main
from infosecops.sandbox import Sandbox

PATIENCE = 60.0

FORK = """
import os, sys, threading, warnings
warnings.simplefilter("ignore")  # forking with threads is the point
from infosecops.sandbox import Sandbox

def in_the_child(box, whole_exit):
    assert not box.running
    box.stop()
    assert box.url and box.sectona.access_key
    for use in (box.journal.count, box.faults.clear, box.sectona.set_result_form, box.wait):
        try:
            use("text") if use == box.sectona.set_result_form else use()
        except RuntimeError as error:
            assert "forked child" in str(error)
        else:
            raise AssertionError(use)
    if whole_exit:
        with box.bamboo_agents() as bamboo:
            bamboo.tokens.create("the parent serves the child")
        with Sandbox() as own, own.bamboo_agents() as bamboo:
            bamboo.tokens.create("its own")
            assert own.journal.count(operation="tokens.create") == 1
    else:
        box.__init__()  # lets the parent's server go

with Sandbox() as box:
    busy = True
    def hammer():
        while busy:
            box.journal.count()
    thread = threading.Thread(target=hammer)
    thread.start()
    for number in range(10):
        child = os.fork()
        if child == 0:
            in_the_child(box, number % 2 == 0)
            sys.exit(0)  # through the `with` and the end of the interpreter
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    busy = False
    thread.join()
    assert box.running
    assert box.journal.count(operation="tokens.create") == 5
    with box.bamboo_agents() as bamboo:
        assert len(bamboo.tokens.list()) == 2 + 5
print("done")
"""


def run(*arguments, **options):
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False, **options
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_leaves_the_parent_its_server():
    ended = run("-c", FORK)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "done\n", "")


def test_exit_without_stop():
    code = "from infosecops.sandbox import Sandbox\nbox = Sandbox().start()\nbox.bamboo_agents().tokens.list()"
    for more in ("", "\nbox.me = box", "\nimport sys; sys.box = box", "\nbox.faults.next(hang=True)"):
        ended = run("-c", code + more)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command_line(number):
    served = subprocess.Popen(
        [sys.executable, "-m", "infosecops", "sandbox", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with served:
        try:
            lines = []
            while not (lines and "Ctrl-C" in lines[-1]):
                lines.append(served.stdout.readline())
                assert lines[-1], "ended early"
            assert max(map(len, lines)) <= 81
            words = [line.split() for line in lines]
            start = next(index for index, line in enumerate(words) if line[0] == "bamboo_agents")
            url, named = words[start][1], dict(words[start + 1 : start + 5])
            with BambooAgents(url, username=named["username"], password=named["password"], proxy="direct") as bamboo:
                assert len(bamboo.tokens.list()) == 2
            served.send_signal(number)
            assert served.wait(PATIENCE) == 0
            assert served.stdout.read() == served.stderr.read() == ""
        finally:
            served.kill()


def test_command_line_mistakes():
    with Sandbox() as box:
        ended = run("-m", "infosecops", "sandbox", "--port", str(box.port))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"the sandbox cannot serve 127.0.0.1:{box.port}: ")
    for arguments in ([], ["sandbox", "--port", "70000"], ["sandbox", "--port", "-1"], ["else"]):
        ended = run("-m", "infosecops", *arguments)
        assert ended.returncode == 2
        assert "usage: python -m infosecops" in ended.stderr


@pytest.mark.parametrize(("given", "code"), [(None, 0), (0, 0), (3, 3)])
def test_command_line_demo(monkeypatch, given, code):
    demo = type(sys)("infosecops.demo")
    demo.main = lambda: given
    monkeypatch.setitem(sys.modules, "infosecops.demo", demo)
    assert main(["demo"]) == code


def test_the_fixture(infosecops_sandbox):
    assert infosecops_sandbox.running
    assert len(infosecops_sandbox.journal) == 0


def test_the_plugin_in_a_run_of_its_own(tmp_path):
    (tmp_path / "test_it.py").write_text(
        "import sys\n"
        "LOADED = [name for name in sys.modules if name.startswith('infosecops')]\n"
        "ports = set()\n"
        "def test_cheap():\n"
        "    assert sorted(LOADED) == ['infosecops', 'infosecops.pytest_plugin']\n"
        "def test_one(infosecops_sandbox):\n"
        "    infosecops_sandbox.bamboo_agents().tokens.list()\n"
        "    assert len(infosecops_sandbox.journal) == 1\n"
        "def test_other(infosecops_sandbox):\n"
        "    assert len(infosecops_sandbox.journal) == 0\n"
    )
    ended = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", str(tmp_path), cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "3 passed" in ended.stdout
