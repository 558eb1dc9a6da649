"""Long lists of jobs: what comes in pieces is what comes alone, and little of it is held at once."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from infosecops import Secret
from scale import scaled
from wire import Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable

    from wire import Received

PARAMS = {
    "alm_user": "ü",
    "alm_pass": "geheim",
    "sde_min_priority": 7,
    "on": True,
    "off": None,
    "share": 1.5,
    "big": 2**70,
}
CONNECTION = {
    "id": 23,
    "alias": "Mine",
    "system": "Rally",
    "frequency": "daily",
    "command": "run",
    "project": 7,
    "inaccessible": False,
    "in_progress": True,
    "debug_mode": False,
    "params": PARAMS,
}
JOB = {
    "id": 12,
    "user": "a@b.c",
    "triggered_by": 9,
    "succeeded": True,
    "automatic": False,
    "ready": True,
    "result_message": 'line\n"two"',
    "last_run": "2015-04-15T20:27:24.396442Z",
    "connection": CONNECTION,
}
FORMS: dict[str, dict[str, Any]] = {
    "documented": JOB,
    "nothing but an id": {"id": 1},
    "all null": {**dict.fromkeys(JOB), "id": 1},
    "unknown fields": {**JOB, "new": {"token": "x"}, "connection": {**CONNECTION, "last_job": {"id": 3}}},
    "other types": {**JOB, "id": "12", "ready": "True", "last_run": "noon", "connection": {**CONNECTION, "id": "x"}},
    "expanded users": {
        **JOB,
        "user": {"id": 3, "email": "e@x.y"},
        "connection": {**CONNECTION, "system": {"name": "S"}},
    },
    "a bare connection": {**JOB, "connection": 5},
    "nested settings": {**JOB, "connection": {**CONNECTION, "params": {"a": {"api_key": "k"}, "alm_pass": {"b": [1]}}}},
    "no settings": {**JOB, "connection": {**CONNECTION, "params": {}}},
}


def attributes(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in dir(type(record)) if not name.startswith("_") and name != "to_dict"}


@pytest.mark.parametrize("form", FORMS)
def test_a_job_of_a_list_is_the_job_that_comes_alone(connect: Callable[..., Any], form: str) -> None:
    text = json.dumps(FORMS[form])
    with Wire(ok(f'{{"results": [{text}, {text}], "next": null}}'), ok(text)) as wire:
        jobs = connect("SDElements", wire.url, token="t").jobs.alm
        one, two = jobs.list()
        alone = jobs.get(one.id)
    for job in (one, two):
        assert job == alone
        assert repr(job) == repr(alone)
        assert job.to_dict(reveal=True) == alone.to_dict(reveal=True)
        assert attributes(job) == attributes(alone)
        assert repr(pickle.loads(pickle.dumps(job))) == repr(pickle.loads(pickle.dumps(alone)))
        if alone.connection is not None:
            assert attributes(job.connection) == attributes(alone.connection)
            assert job.connection == alone.connection


@pytest.mark.parametrize("inner", [{}, {"inside": {"list": [1]}}])
def test_every_reading_of_settings_gives_a_dict_of_its_own(connect: Callable[..., Any], inner: dict[str, Any]) -> None:
    text = json.dumps({**JOB, "connection": {**CONNECTION, "params": {**PARAMS, **inner}}})
    with Wire(ok(f"[{text}, {text}]")) as wire:
        one, two = connect("SDElements", wire.url, token="t").jobs.alm.list()
    for job in (one, two, one, two):
        params = job.connection.params
        password = params.pop("alm_pass")
        assert isinstance(password, Secret)
        assert password.reveal() == "geheim"
        assert params == {name: value for name, value in {**PARAMS, **inner}.items() if name != "alm_pass"}
        params.clear()
        if inner:
            job.connection.params["inside"]["list"].append(2)


CALLER = """
import sys
from infosecops import SDElements

def held():
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

jobs = SDElements(sys.argv[1], token="t", proxy="direct").jobs.alm
count, before = 0, None
for job in jobs.list():
    count += job.connection.params["sde_min_priority"] == 7
    if count == 2000:
        before = held()
print(count, held() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_pages_are_given_back_when_they_were_read() -> None:
    pages, size = scaled(40, 200), 500

    def answer(request: Received) -> bytes:
        number = int(request.target.rpartition("=")[2] or 0) if "?" in request.target else 0
        jobs = [
            {**JOB, "id": number * size + at, "connection": {**CONNECTION, "alias": f"{number}-{at}"}}
            for at in range(size)
        ]
        return ok(json.dumps({"next": f"?page={number + 1}" if number + 1 < pages else None, "results": jobs}))

    with Wire(answer) as wire:
        ran = subprocess.run(
            [sys.executable, "-c", CALLER, wire.url], capture_output=True, text=True, check=True, timeout=300
        )
    count, grown = map(int, ran.stdout.split())
    assert count == pages * size
    # All of them are 20 MB; one page is half a megabyte.
    assert grown < 2048
