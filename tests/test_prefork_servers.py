"""Programs that fork after loading an application: Celery's prefork pool and gunicorn --preload, for real."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import bulk_calls
import pytest
from infosecops.sandbox import Sandbox
from scale import note, scaled
from wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 60.0
# What it would listen on besides; older releases, which CPython 3.9 has, know no such thing.
NO_SOCKET = ["--no-control-socket"] if sys.version_info >= (3, 10) else []

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

# The client is made and used before the program forks.
MODULE = """
import os
from infosecops import Sectona

pam = Sectona(os.environ["PAM_URL"], access_key=os.environ["PAM_KEY"], proxy="direct")
PARENT = os.getpid()
pam.request_password(*os.environ["PARENTS_ACCOUNT"].split("|"))

def fetch(name):
    return [os.getpid(), PARENT, pam.request_password(*name.split("|")).password.reveal()]
"""

CELERY = """
import os
from celery import Celery
from client import fetch

folder = os.environ["FOLDER"]
app = Celery("tasks", broker="filesystem://", backend="file://" + folder)
app.conf.update(
    broker_transport_options={"data_folder_in": folder, "data_folder_out": folder, "processed_folder": folder},
    broker_connection_retry_on_startup=True,
)
app.task(fetch, name="fetch")
"""

BULK = """
import bulk_calls

@app.task(name="bulk")
def bulk(url):
    # Threads, as a prefork child may have no processes of its own.
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(2) as pool:
        return [bulk_calls.everything(url, None), bulk_calls.everything(url, pool)]
"""

# Sends tasks and prints what they gave. It does not load the module with the client.
PRODUCER = """
import json, os, sys
from celery import Celery, group

folder = os.environ["FOLDER"]
app = Celery("tasks", broker="filesystem://", backend="file://" + folder)
app.conf.broker_transport_options = {"data_folder_in": folder, "data_folder_out": folder, "processed_folder": folder}
sent = [app.send_task("fetch", (name,)) for name in json.loads(sys.argv[1])]
print(json.dumps([each.get(timeout=60, interval=0.05) for each in sent]))
"""

BULK_PRODUCER = PRODUCER.replace('app.send_task("fetch", (name,))', 'app.send_task("bulk", (name,))')

WSGI = """
import json
from client import fetch

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(fetch(environ["QUERY_STRING"].replace("%20", " ").replace("%7C", "|"))).encode()]
"""


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


def passwords(box: Sandbox) -> dict[str, str]:
    return {
        f"{each.asset_type}|{each.asset_host}|{each.account_name}": each.password.reveal()
        for each in box.sectona.accounts
        if each.accessible and each.db_instance is None and each.password.reveal()
    }


def environment(box: Sandbox, folder: Path, parents_account: str) -> dict[str, str]:
    own = {
        "PAM_URL": box.url,
        "PAM_KEY": box.sectona.access_key.reveal(),
        "PARENTS_ACCOUNT": parents_account,
        "FOLDER": str(folder),
        "PYTHONPATH": os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    return {**os.environ, **own}


def end(server: subprocess.Popen[bytes]) -> None:
    """Ask it to stop, and see that it does."""
    server.send_signal(signal.SIGTERM)
    try:
        assert server.wait(PATIENCE) == 0
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def check(box: Sandbox, answers: list[tuple[str, list[object]]], known: dict[str, str]) -> set[object]:
    """Each task had its own password, no child was the parent, and no child used the parent's connection."""
    for name, (pid, parent, password) in answers:
        assert password == known[name], "somebody else's password"
        assert pid != parent
    first, *rest = box.journal.entries()
    assert len(rest) == len(answers)
    assert first.peer_port not in {entry.peer_port for entry in rest}
    pids = {pid for _, (pid, _, _) in answers}
    assert len({entry.peer_port for entry in rest}) == len(pids)
    return pids


@pytest.mark.skipif(find_spec("celery") is None, reason="celery is not installed")
def test_celery_prefork(box: Sandbox, tmp_path: Path) -> None:
    known = passwords(box)
    parents, *names = known
    names = names * scaled(10, 100)
    (tmp_path / "client.py").write_text(MODULE)
    (tmp_path / "tasks.py").write_text(CELERY)
    variables = environment(box, tmp_path, parents)
    options = ["-P", "prefork", "-c", "2", "--loglevel=WARNING", "--without-gossip", "--without-mingle"]
    log = tmp_path / "worker.log"
    with log.open("wb") as output:
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "tasks", "worker", *options, "--without-heartbeat"],
            cwd=tmp_path,
            env=variables,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            produced = subprocess.run(
                [sys.executable, "-c", PRODUCER, json.dumps(names)],
                cwd=tmp_path,
                env=variables,
                capture_output=True,
                timeout=PATIENCE * 2,
                check=False,
            )
        finally:
            end(worker)
    assert produced.returncode == 0, produced.stderr.decode() + log.read_text()
    answers = list(zip(names, json.loads(produced.stdout)))  # noqa: B905 - 3.9 knows no `strict`
    assert len(answers) == len(names)
    check(box, answers, known)
    assert "Traceback" not in log.read_text()
    note("Servers that fork", "Celery prefork, 2 processes: tasks; wrong passwords", f"{len(answers)}; 0")


@pytest.mark.skipif(find_spec("celery") is None, reason="celery is not installed")
def test_bulk_calls_in_celery_tasks(tmp_path: Path) -> None:
    (tmp_path / "client.py").write_text("def fetch(): pass")
    (tmp_path / "tasks.py").write_text(CELERY + BULK)
    paths = [str(tmp_path), str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    variables = {**os.environ, "FOLDER": str(tmp_path), "PYTHONPATH": os.pathsep.join(paths)}
    options = ["-P", "prefork", "-c", "2", "--loglevel=WARNING", "--without-gossip", "--without-mingle"]
    log = tmp_path / "worker.log"
    with Wire(bulk_calls.answer) as wire, log.open("wb") as output:
        expected = bulk_calls.everything(wire.url, None)
        with ThreadPoolExecutor(2) as pool:
            over_threads = bulk_calls.everything(wire.url, pool)
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "tasks", "worker", *options, "--without-heartbeat"],
            cwd=tmp_path,
            env=variables,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            produced = subprocess.run(
                [sys.executable, "-c", BULK_PRODUCER, json.dumps([wire.url, wire.url])],
                cwd=tmp_path,
                env=variables,
                capture_output=True,
                timeout=PATIENCE * 2,
                check=False,
            )
        finally:
            end(worker)
    assert produced.returncode == 0, produced.stderr.decode() + log.read_text()
    assert json.loads(produced.stdout) == [[expected, over_threads]] * 2


@pytest.mark.skipif(find_spec("gunicorn") is None, reason="gunicorn is not installed")
def test_gunicorn_preload(box: Sandbox, tmp_path: Path) -> None:
    known = passwords(box)
    parents, *names = known
    (tmp_path / "client.py").write_text(MODULE)
    (tmp_path / "site_app.py").write_text(WSGI)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    log = tmp_path / "gunicorn.log"
    with socket.create_server(("127.0.0.1", 0)) as listener, log.open("wb") as output:
        url = "http://127.0.0.1:{}/?{}"
        port = listener.getsockname()[1]
        options = ["--preload", "-w", "2", "-b", f"fd://{listener.fileno()}", "--log-level", "warning"]
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *options, *NO_SOCKET, "site_app:application"],
            cwd=tmp_path,
            env=environment(box, tmp_path, parents),
            stdout=output,
            stderr=output,
            pass_fds=[listener.fileno()],
            start_new_session=True,
        )

        def ask(name: str) -> tuple[str, list[object]]:
            target = url.format(port, name.replace(" ", "%20").replace("|", "%7C"))
            with opener.open(target, timeout=PATIENCE) as answer:
                return name, json.load(answer)

        answers: list[tuple[str, list[object]]] = []
        try:
            with ThreadPoolExecutor(4) as pool:
                for _ in range(scaled(20, 200)):
                    # While one worker waits for the vault, the other one has to take the next request.
                    box.faults.next(delay=0.02)
                    answers += pool.map(ask, names)
        finally:
            end(server)
    pids = check(box, answers, known)
    assert len(pids) == 2, "one worker answered everything"
    assert "Traceback" not in log.read_text()
    note("Servers that fork", "gunicorn --preload, 2 workers: requests; wrong passwords", f"{len(answers)}; 0")
