"""What is left of a password in the memory of the process that fetched it: nothing on the Rust side."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from wire import Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable

    from wire import Received

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads another process's memory through /proc")

# The child never has the password as a Python text: it neither knows nor reveals it.
CHILD = """
import gc, sys
from infosecops import Sectona
pam = Sectona({url!r}, access_key="key", proxy="direct"{more})
accounts = [pam.request_password("Unix Based", "web01", "deploy") for _ in range(20)]
print("fetched", flush=True)
sys.stdin.readline()
del accounts
gc.collect()
pam.close()
print("dropped", flush=True)
sys.stdin.readline()
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


def answer(password: str, encode: Callable[[str], str]) -> Callable[[Received], bytes]:
    return lambda _: ok(encode(password))


ENVELOPES = {
    "text": '{{"IsSuccess": true, "Result": "{{\\"Password\\": \\"{0}\\", \\"PassPhrase\\": \\"\\"}}"}}',
    "object": '{{"IsSuccess": true, "LogCode": "0", "Result": {{"Password": "{0}", "PassPhrase": ""}}}}',
    "xml": "<R><IsSuccess>true</IsSuccess><Result>{{&quot;Password&quot;:&quot;{0}&quot;}}</Result></R>",
}


@pytest.mark.parametrize("form", ENVELOPES)
def test_nothing_is_left_of_a_password_that_was_dropped(form: str) -> None:
    password = "pw-" + "".join(f"{number:x}" for number in range(7, 40))
    with Wire(answer(password, ENVELOPES[form].format)) as wire:
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD.format(url=wire.url, more="")],
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
