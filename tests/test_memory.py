"""What is left of a password in the memory of the process that fetched it: nothing on the Rust side."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from wire import Wire, ok

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads another process's memory through /proc")

# The child never has the password as a Python text: it neither knows nor reveals it.
CHILD = """
import gc, sys
{fetch}
print("fetched", flush=True)
sys.stdin.readline()
del fetched
gc.collect()
client.close()
print("dropped", flush=True)
sys.stdin.readline()
"""

ACCOUNTS = """
from infosecops import Sectona
client = Sectona({url!r}, access_key="key", proxy="direct")
fetched = [client.request_password("Unix Based", "web01", "deploy") for _ in range(20)]
"""
# Read often: what is kept of the settings must go with the jobs.
JOBS = """
from infosecops import SDElements
client = SDElements({url!r}, token="key", proxy="direct")
fetched = list(client.jobs.alm.list())
fetched += [job.connection.params for job in fetched for _ in range(4)]
"""


def occurrences(pid: int, needle: bytes) -> int:
    """How often the needle stands in the writable memory of a process."""
    found = 0
    process = Path(f"/proc/{pid}")
    with (process / "mem").open("rb", buffering=0) as memory:
        for line in (process / "maps").read_text(encoding="utf-8").splitlines():
            span, rights, *_ = line.split()
            if not rights.startswith("rw"):
                continue
            start, end = (int(part, 16) for part in span.split("-"))
            try:
                memory.seek(start)
                found += len(re.findall(re.escape(needle), memory.read(end - start)))
            except OSError:
                continue
    return found


ENVELOPES = {
    "text": '{{"IsSuccess": true, "Result": "{{\\"Password\\": \\"{0}\\", \\"PassPhrase\\": \\"\\"}}"}}',
    "object": '{{"IsSuccess": true, "LogCode": "0", "Result": {{"Password": "{0}", "PassPhrase": ""}}}}',
    "xml": "<R><IsSuccess>true</IsSuccess><Result>{{&quot;Password&quot;:&quot;{0}&quot;}}</Result></R>",
}


PASSWORD = "pw-" + "".join(f"{number:x}" for number in range(7, 40))


@pytest.mark.parametrize("form", ENVELOPES)
def test_nothing_is_left_of_a_password_that_was_dropped(form: str) -> None:
    comes_and_goes(ACCOUNTS, ENVELOPES[form].format(PASSWORD), PASSWORD)


def test_nothing_is_left_of_a_password_in_the_settings_of_jobs_that_were_dropped() -> None:
    params = {"alm_user": "u", "alm_pass": PASSWORD, "alm_server": "rally1.example.com", "sde_min_priority": 7}
    # Some share a connection, some do not.
    jobs = [{"id": number, "connection": {"id": number // 2, "params": params}} for number in range(40)]
    comes_and_goes(JOBS, json.dumps({"results": jobs}), PASSWORD)


def comes_and_goes(fetch: str, body: str, password: str) -> None:
    with Wire(ok(body)) as wire:
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD.format(fetch=fetch.format(url=wire.url))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        watchdog = threading.Timer(60, child.kill)
        watchdog.start()
        try:
            assert child.stdout.readline() == "fetched\n"
            assert occurrences(child.pid, password.encode()) >= 20, "the scan finds what is there"
            child.stdin.write("\n")
            child.stdin.flush()
            assert child.stdout.readline() == "dropped\n"
            assert occurrences(child.pid, password.encode()) == 0
        finally:
            watchdog.cancel()
            child.stdin.close()
            child.wait(60)
            child.stdout.close()
