"""Faults of the sandbox, seen through a client, and what arguments the sandbox refuses."""

from __future__ import annotations

import contextlib
import http.client
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import infosecops
import pytest
from infosecops import Retry
from infosecops.sandbox import Sandbox

ONCE = Retry(attempts=1)


@pytest.fixture
def bamboo(box):
    with box.bamboo_agents(timeout=10.0, retry=ONCE, api="agent-config") as client:
        yield client


def test_fault_times_and_retry_after(box):
    with box.bamboo_agents(retry=Retry(attempts=3, base=0.0, cap=0.0)) as bamboo:
        box.faults.next(system="bamboo_agents", status=429, retry_after=0, times=2)
        assert box.faults.pending == 1
        bamboo.tokens.list()
    assert [entry.status for entry in box.journal] == [429, 429, 200]
    assert box.faults.pending == 0
    box.faults.next(status=503, retry_after="Wed, 21 Oct 2015 07:28:00 GMT")
    connection = http.client.HTTPConnection("127.0.0.1", box.port, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", "/")
        assert connection.getresponse().headers["Retry-After"] == "Wed, 21 Oct 2015 07:28:00 GMT"


@pytest.mark.parametrize(("drop", "applied"), [("before", False), ("after", True), ("mid_body", True)])
def test_fault_drop(box, bamboo, drop, applied):
    box.faults.next(operation="tokens.create", drop=drop)
    with pytest.raises(infosecops.TransportError) as caught:
        bamboo.tokens.create("x")
    assert caught.value.outcome == "unknown"
    assert box.journal.last(operation="tokens.create").applied is applied
    assert len(bamboo.tokens.list()) == 2 + applied


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"html": True}, infosecops.UnexpectedContentError),
        ({"broken_json": True}, infosecops.UnexpectedContentError),
        ({"redirect": "/login"}, infosecops.UnexpectedContentError),
        ({"redirect": "http://192.0.2.1/"}, infosecops.UnexpectedContentError),
        ({"truncate": 5}, infosecops.UnexpectedContentError),
        ({"body": b"\xff\xfe", "content_type": "application/json"}, infosecops.UnexpectedContentError),
        ({"status": 404}, infosecops.NotFoundError),
        ({"code": "no"}, infosecops.BadRequestError),
        ({"drop": "before"}, infosecops.TransportError),
        ({"hang": True}, infosecops.DeadlineExceeded),
        ({"delay": 30}, infosecops.DeadlineExceeded),
    ],
)
def test_faults(box, fault, error):
    box.faults.always(method="GET", **fault)
    with box.bamboo_agents(timeout=0.3 if error is infosecops.DeadlineExceeded else 10.0, retry=ONCE) as bamboo:
        with pytest.raises(error):
            bamboo.tokens.list()
        box.faults.clear()
        assert len(bamboo.tokens.list()) == 2


def test_faults_skip_close_and_apply(box, bamboo):
    box.faults.next(operation="tokens.create", skip=1, status=500, apply=True)
    bamboo.tokens.create("one")
    with pytest.raises(infosecops.ServerError):
        bamboo.tokens.create("two")
    assert [(entry.status, entry.applied) for entry in box.journal] == [(200, True), (500, True)]
    box.faults.next(close=True)
    bamboo.tokens.list()
    bamboo.tokens.list()
    assert box.journal[-2].peer_port != box.journal[-1].peer_port


def test_wrong_arguments(box):
    faults, jobs = box.faults, box.jobs
    cases = [
        (lambda: faults.next(stauts=503), TypeError, "stauts"),
        (lambda: faults.always(status=503, times=2), TypeError, "times"),
        (lambda: faults.next(system="sectona"), ValueError, "say what goes wrong"),
        (lambda: faults.next(system="gl", status=503), ValueError, 'system: must be one of "governance_lifecycle"'),
        (lambda: faults.next(status="503"), TypeError, "status: must be an int, not str"),
        (lambda: faults.next(status=True), TypeError, "status: must be an int, not bool"),
        (lambda: faults.next(status=70_000), ValueError, "status: must be from 200 to 599"),
        (lambda: faults.next(status=10**30), ValueError, "status"),
        (lambda: faults.next(status=503, times=0), ValueError, "times"),
        (lambda: faults.next(status=503, times=None), TypeError, "times"),
        (lambda: faults.next(drop="middle"), ValueError, "drop"),
        (lambda: faults.next(drop="after", hang=True), ValueError, "drop"),
        (lambda: faults.next(hang=1), TypeError, "hang"),
        (lambda: faults.next(delay="1"), TypeError, "delay"),
        (lambda: faults.next(delay=Decimal(1)), TypeError, "delay: must be a number, not Decimal"),
        (lambda: faults.next(drip=Fraction(1, 2)), TypeError, "drip: must be a number, not Fraction"),
        (lambda: box.set_idle_timeout(timedelta(seconds=1)), TypeError, "timeout: must be a number, not timedelta"),
        (lambda: faults.next(delay=-1.0), ValueError, "delay"),
        (lambda: faults.next(delay=float("nan")), ValueError, "delay"),
        (lambda: faults.next(truncate=-1), ValueError, "truncate"),
        (lambda: faults.next(body={"a": 1}), TypeError, "body: must be str or bytes, not dict"),
        (lambda: faults.next(content_type="a\r\nb"), ValueError, "content_type"),
        (lambda: faults.next(retry_after=1.5), TypeError, "retry_after"),
        (lambda: faults.next(redirect=""), ValueError, "redirect"),
        (lambda: jobs.progress("slowly"), ValueError, "how"),
        (lambda: jobs.progress("polls"), TypeError, "n:"),
        (lambda: jobs.progress("manual", 3), ValueError, "n:"),
        (lambda: jobs.progress("polls", 3, then="ok"), ValueError, "then"),
        (lambda: jobs.finish("twelve"), ValueError, "job_id"),
        (lambda: jobs.finish(99), LookupError, "job_id: no unfinished job 99"),
        (lambda: jobs.finish_run(99), LookupError, "run_id"),
        (lambda: box.journal.count(system=1), TypeError, "system"),
        (lambda: box.bamboo_agents.set_api("old"), ValueError, "api"),
        (lambda: box.bamboo_agents.set_maintenance(allowed=1), TypeError, "allowed"),
        (lambda: box.bamboo_agents.set_maintenance(max_away=-1), ValueError, "max_away"),
        (lambda: box.bamboo_agents.set_maintenance(max_away=True), TypeError, "max_away"),
        (lambda: box.sectona.set_result_form("xml"), ValueError, "form"),
        (lambda: box.set_idle_timeout(-1), ValueError, "timeout"),
        (lambda: Sandbox(70_000).start(), ValueError, "port"),
        (lambda: Sandbox("80").start(), TypeError, "port"),
        (lambda: Sandbox(bamboo_api="1.5").start(), ValueError, "bamboo_api"),
        (lambda: Sandbox(tls="cert.pem"), TypeError, "tls: must be a pair of paths"),
        (lambda: Sandbox(tls=("cert.pem",)), TypeError, "tls: must be a pair of paths"),
        (lambda: Sandbox(tls=(0, 0)), TypeError, "tls: must be a path, not int"),
        (lambda: Sandbox(client_ca=True), TypeError, "client_ca: must be a path, not bool"),
        (lambda: Sandbox(client_ca="a\0b"), ValueError, "client_ca: must be a path that the file system can have"),
        (lambda: faults.next(body="\ud800"), ValueError, "body: must be text that UTF-8 can write"),
        (lambda: faults.next(**{"\ud800": 1}), ValueError, "keywords: must be text that UTF-8 can write"),
    ]
    for call, error, text in cases:
        with pytest.raises(error) as caught:
            call()
        assert text in str(caught.value)
    assert faults.pending == 0
