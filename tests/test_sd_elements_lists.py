"""SD Elements lists and waiting: filters, pages of every kind, links that lead astray, jobs that take their time."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import Job
from wire import Drop, Received, Wire, html, ok

if TYPE_CHECKING:
    from collections.abc import Callable

SDE = "SDElements"


def record(number: object, **fields: Any) -> dict[str, Any]:
    return {"id": number, "user": "a@b.c", "ready": True, "succeeded": True, "automatic": False, **fields}


def page(numbers: Any, **fields: Any) -> bytes:
    return ok(json.dumps({**fields, "results": [record(number) for number in numbers]}))


def pending(**fields: Any) -> bytes:
    return ok(json.dumps(record(57, **{"ready": False, "succeeded": False, "result_message": "", **fields})))


def ended(**fields: Any) -> bytes:
    return pending(ready=True, succeeded=True, **fields)


def failed(message: str = "bind failed") -> bytes:
    return pending(ready=True, succeeded=False, result_message=message)


@pytest.mark.parametrize(
    ("filters", "query"),
    [
        ({}, ""),
        ({"automatic": True}, "automatic=true"),
        ({"automatic": False}, "automatic=false"),
        ({"connection": 12}, "connection=12"),
        ({"ready": True}, "ready=true"),
        ({"ready": False}, "ready=false"),
        ({"succeeded": True}, "succeeded=true"),
        ({"succeeded": False}, "succeeded=false"),
        ({"user": "no-reply+x@example.com"}, "user=no-reply%2Bx%40example.com"),
        ({"expand": "user,triggered_by"}, "expand=user%2Ctriggered_by"),
        ({"page_size": 5}, "page_size=5"),
        ({"limit": 5}, ""),
        ({"ready": None, "user": None}, ""),
    ],
)
@pytest.mark.parametrize("kind", ["alm", None])
def test_filters_are_spelled_as_the_server_reads_them(
    connect: Callable[..., Any], filters: dict[str, Any], query: str, kind: str | None
) -> None:
    with Wire(page([])) as wire:
        jobs = connect(SDE, wire.url, token="k").jobs
        assert list((jobs.kind(kind) if kind else jobs).list(**filters)) == []
        path, _, sent = wire.only.target.partition("?")
        assert path == ("/api/v2/jobs/alm/" if kind else "/api/v2/jobs/")
        assert sent.replace("%40", "@") == query.replace("%40", "@")


def test_all_filters_go_together(connect: Callable[..., Any]) -> None:
    with Wire(page([])) as wire:
        filters = {
            "automatic": True,
            "connection": 3,
            "ready": True,
            "succeeded": False,
            "user": "a&b@c",
            "page_size": 2,
        }
        list(connect(SDE, wire.url, token="k").jobs.ldap.list(**filters))
        sent = set(wire.only.target.partition("?")[2].replace("%40", "@").split("&"))
        assert sent == {
            "automatic=true",
            "connection=3",
            "ready=true",
            "succeeded=false",
            "user=a%26b@c",
            "page_size=2",
        }


@pytest.mark.parametrize("bad", [{"page_size": 0}, {"page_size": -1}, {"limit": -1}, {"limit": 2**64}])
def test_sizes_that_cannot_be(connect: Callable[..., Any], bad: dict[str, int]) -> None:
    with Wire(page([])) as wire:
        with pytest.raises(infosecops.ConfigError, match=f"{next(iter(bad))}: must be"):
            connect(SDE, wire.url, token="k").jobs.ldap.list(**bad)
        assert wire.connections == 0


FORMS = {
    "unpaged": [page([1, 2, 3, 4, 5])],
    "a bare array": [ok(json.dumps([record(number) for number in range(1, 6)]))],
    "counted": [
        page([1, 2], count=5, next="{url}/api/v2/jobs/alm/?page=2&page_size=2", previous=None),
        page([3, 4], count=5, next="{url}/api/v2/jobs/alm/?page=3&page_size=2", previous="x"),
        page([5], count=5, next=None, previous="x"),
    ],
    "cursor": [
        page([1, 2], next="{url}/api/v2/jobs/alm/?cursor=cD0yMDI%3D&page_size=2"),
        page([], next="{url}/api/v2/jobs/alm/?cursor=other"),
        page([3, 4, 5], next=None),
    ],
    "relative": [page([1, 2, 3], next="/api/v2/jobs/alm/?page=2"), page([4, 5], next="")],
}


def served(answers: list[bytes], wire: Wire) -> list[Any]:
    def fill(raw: bytes) -> bytes:
        body = raw.partition(b"\r\n\r\n")[2].replace(b"{url}", wire.url.encode())
        return ok(body)

    return [fill(answer) for answer in answers]


@pytest.mark.parametrize("form", FORMS)
def test_lists_of_every_form_are_read_lazily(connect: Callable[..., Any], form: str) -> None:
    with Wire(page([])) as wire:
        wire.answers = served(FORMS[form], wire)
        sde = connect(SDE, wire.url, token="k")
        jobs = sde.jobs.alm.list()
        assert wire.connections == 0
        assert [job.id for job in jobs] == [1, 2, 3, 4, 5]
        assert len(wire.requests) == len(FORMS[form])
        assert {request.headers["authorization"] for request in wire.requests} == {"Token k"}
        for request in wire.requests:
            assert request.target.startswith("/api/v2/jobs/alm/")
    with Wire(page([])) as wire:
        wire.answers = served(FORMS[form], wire)
        found = [[job.id for job in part] for part in connect(SDE, wire.url, token="k").jobs.alm.list().pages()]
        assert [number for part in found for number in part] == [1, 2, 3, 4, 5]
        assert len(found) == len(FORMS[form])


@pytest.mark.parametrize("limit", [0, 1, 2, 3, 5, 9])
def test_a_limit_fetches_no_page_more_than_needed(connect: Callable[..., Any], limit: int) -> None:
    with Wire(page([])) as wire:
        wire.answers = served(FORMS["counted"], wire)
        found = [job.id for job in connect(SDE, wire.url, token="k").jobs.alm.list(limit=limit)]
        assert found == [1, 2, 3, 4, 5][:limit]
        assert len(wire.requests) == {0: 0, 1: 1, 2: 1, 3: 2}.get(limit, 3)


def test_each_iteration_reads_anew(connect: Callable[..., Any]) -> None:
    with Wire(page([1]), page([1, 2])) as wire:
        jobs = connect(SDE, wire.url, token="k").jobs.alm.list()
        assert [len(list(jobs)), len(jobs.collect())] == [1, 2]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_token_never_goes_to_another_host(connect: Callable[..., Any], scheme: str) -> None:
    with Wire(page([66])) as other, Wire(page([])) as wire:
        link = f"{scheme}://127.0.0.1:{other.port}/api/v2/jobs/alm/?page=2"
        wire.answers = [page([1], next=link), page([2])]
        found = [job.id for job in connect(SDE, wire.url, token="k").jobs.alm.list()]
        assert other.connections == 0
        assert found == [1, 2], "the link's query is followed on the own host"
        assert wire.requests[1].target == "/api/v2/jobs/alm/?page=2"


@pytest.mark.parametrize(
    "link", ["?page=2", "http://[bad/?page=2", "//other.example/?page=2", "javascript:alert(1)?page=2"]
)
def test_an_odd_link_stays_on_the_own_path(connect: Callable[..., Any], link: str) -> None:
    with Wire(page([1], next=link), page([2])) as wire:
        assert [job.id for job in connect(SDE, wire.url, token="k").jobs.alm.list()] == [1, 2]
        assert wire.requests[1].target == "/api/v2/jobs/alm/?page=2"


@pytest.mark.parametrize("link", ["/api/v2/jobs/alm/?page=2", "/api/v2/jobs/alm/", "nowhere"])
def test_a_circle_of_pages_ends_with_an_error(connect: Callable[..., Any], link: str) -> None:
    with Wire(page([1], next=link)) as wire:
        jobs = iter(connect(SDE, wire.url, token="k").jobs.alm.list())
        assert next(jobs).id == 1
        with pytest.raises(infosecops.UnexpectedContentError, match="circle"):
            list(jobs)
        assert len(wire.requests) <= 2


def test_two_pages_that_point_at_each_other_end(connect: Callable[..., Any]) -> None:
    def answer(request: Received) -> bytes:
        return page([1], next="?page=3" if "page=2" in request.target else "?page=2")

    with Wire(answer) as wire:
        with pytest.raises(infosecops.UnexpectedContentError, match="circle"):
            list(connect(SDE, wire.url, token="k").jobs.alm.list())
        assert len(wire.requests) == 3


ODD = [{"id": None}, {}, [], None, 5, "text", {"id": {"a": 1}}, {"id": "x"}]


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_one_odd_record_never_loses_the_list(
    connect: Callable[..., Any], odd: object, caplog: pytest.LogCaptureFixture
) -> None:
    with Wire(ok(json.dumps({"results": [record(1), odd, record("3")]}))) as wire:
        found = list(connect(SDE, wire.url, token="k").jobs.alm.list())
        assert [job.id for job in found if job.id is not None] == [1, 3]
        assert len(found) == 3 or "left out" in caplog.text


def test_odd_fields_never_lose_a_record(connect: Callable[..., Any]) -> None:
    odd = {"ready": "yes?", "succeeded": "true", "automatic": 1, "last_run": 17, "connection": [], "user": False}
    with Wire(ok(json.dumps({"results": [{**record(1), **odd}]}))) as wire:
        (found,) = connect(SDE, wire.url, token="k").jobs.alm.list()
        assert (found.id, found.succeeded, found.last_run, found.connection) == (1, True, None, None)


@pytest.mark.parametrize(
    "answer",
    [
        html("<html>Sign in</html>", "200 OK"),
        ok("{}"),
        ok('{"detail": "x"}'),
        ok("null"),
        ok(""),
        ok('{"results": 5}'),
        ok('{"results": null}'),
        ok(json.dumps(record(1))),
    ],
)
def test_200_that_is_no_list_is_an_error(connect: Callable[..., Any], answer: bytes) -> None:
    with Wire(answer) as wire, pytest.raises(infosecops.UnexpectedContentError):
        list(connect(SDE, wire.url, token="k").jobs.alm.list())


def test_a_broken_page_can_be_asked_for_again(connect: Callable[..., Any]) -> None:
    with Wire(Drop(), page([1], next="?page=2"), html("", "503 Busy"), page([2])) as wire:
        assert [job.id for job in connect(SDE, wire.url, token="k").jobs.alm.list()] == [1, 2]
        assert len(wire.requests) == 4


def test_a_last_page_that_vanished_is_the_end(connect: Callable[..., Any]) -> None:
    gone = ok('{"detail": "Invalid page."}', status="404 Not Found")
    with Wire(page([1], next="?page=2"), gone) as wire:
        assert [job.id for job in connect(SDE, wire.url, token="k").jobs.alm.list()] == [1]
        wire.answers = [gone]
        with pytest.raises(infosecops.NotFoundError):
            list(connect(SDE, wire.url, token="k").jobs.alm.list())


# Waiting.


def test_wait_looks_until_the_job_has_ended(connect: Callable[..., Any]) -> None:
    seen: list[Job] = []
    with Wire(pending(), pending(), ended()) as wire:
        jobs = connect(SDE, wire.url, token="k").jobs.ldap
        done = jobs.wait(57, timeout=30, poll_interval=0.001, on_progress=seen.append)
        assert (done.ready, done.succeeded, done.kind) == (True, True, "ldap")
        assert [job.ready for job in seen] == [False, False, True]
        assert {(request.method, request.target) for request in wire.requests} == {("GET", "/api/v2/jobs/ldap/57/")}
        assert len(wire.requests) == 3
        assert jobs.wait(done, timeout=30, poll_interval=0.001).id == 57


def test_a_failed_job_is_raised_or_returned(connect: Callable[..., Any]) -> None:
    with Wire(failed()) as wire:
        jobs = connect(SDE, wire.url, token="k").jobs.ldap
        with pytest.raises(infosecops.JobFailed, match="bind failed") as caught:
            jobs.wait(57, timeout=30, poll_interval=0.001)
        assert (caught.value.job.id, caught.value.job.succeeded) == (57, False)
        assert caught.value.job.result_message == "bind failed"
        assert caught.value.operation == "jobs.ldap.wait"
        returned = jobs.wait(57, timeout=30, poll_interval=0.001, on_failure="return")
        assert (returned.ready, returned.succeeded) == (True, False)


def test_waiting_has_an_end(connect: Callable[..., Any]) -> None:
    with Wire(pending()) as wire:
        jobs = connect(SDE, wire.url, token="k").jobs.ldap
        with pytest.raises(infosecops.WaitTimeout) as caught:
            jobs.wait(57, timeout=0.05, poll_interval=0.01)
        assert isinstance(caught.value, TimeoutError)
        assert (caught.value.last.id, caught.value.last.ready) == (57, False)
        assert wire.requests


def test_passing_trouble_does_not_end_the_wait(connect: Callable[..., Any]) -> None:
    trouble = [Drop(), html("", "503 Busy"), html("", "502 Bad"), ok("{}", status="429 Slow", Retry_After="0")] * 3
    with Wire(pending(), *trouble, ended()) as wire:
        assert connect(SDE, wire.url, token="k").jobs.ldap.wait(57, timeout=30, poll_interval=0.001).succeeded


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "404 Not Found"])
def test_lasting_trouble_ends_the_wait(connect: Callable[..., Any], status: str) -> None:
    with Wire(pending(), ok('{"detail":"no"}', status=status)) as wire:
        with pytest.raises(infosecops.ApiError):
            connect(SDE, wire.url, token="k").jobs.ldap.wait(57, timeout=30, poll_interval=0.001)
        assert len(wire.requests) == 2


def test_what_the_listener_raises_ends_the_wait(connect: Callable[..., Any]) -> None:
    def stop(_: object) -> None:
        raise LookupError("enough")

    with Wire(pending()) as wire:
        with pytest.raises(LookupError, match="enough"):
            connect(SDE, wire.url, token="k").jobs.ldap.wait(57, timeout=30, poll_interval=0.001, on_progress=stop)
        assert len(wire.requests) == 1


def test_the_twins_listener_may_be_async() -> None:
    seen: list[bool] = []

    async def look(job: Job) -> None:
        await asyncio.sleep(0)
        seen.append(job.ready)

    async def main(url: str) -> None:
        async with infosecops.AsyncSDElements(url, token="k", proxy="direct") as sde:
            await sde.jobs.ldap.wait(57, timeout=30, poll_interval=0.001, on_progress=look)

    with Wire(pending(), ended()) as wire:
        asyncio.run(main(wire.url))
    assert seen == [False, True]


@pytest.mark.parametrize("ready", [None, "odd", 129])
def test_a_job_that_does_not_say_whether_it_has_ended_is_no_success(connect: Callable[..., Any], ready: object) -> None:
    with Wire(pending(ready=ready, succeeded=True)) as wire:
        with pytest.raises(infosecops.UnexpectedContentError, match="ready"):
            connect(SDE, wire.url, token="k").jobs.ldap.wait(57, timeout=30, poll_interval=0.001)
        assert len(wire.requests) == 1


@pytest.mark.parametrize(
    "bad", [{"timeout": -1}, {"timeout": float("nan")}, {"poll_interval": -1}, {"on_failure": "ignore"}]
)
def test_arguments_of_wait_are_checked(connect: Callable[..., Any], bad: dict[str, Any]) -> None:
    with Wire(ended()) as wire:
        with pytest.raises((infosecops.ConfigError, TypeError)):
            connect(SDE, wire.url, token="k").jobs.ldap.wait(57, **bad)
        assert wire.connections == 0


BAD_RECORDS: dict[str, tuple[str, dict[str, Any]]] = {
    "control character": ('{"id": 2, "result_message": "a\x01b"}', {"result_message": "a\x01b"}),
    "line break": ('{"id": 2, "result_message": "a\nb\tc"}', {"result_message": "a\nb\tc"}),
    "NUL in an unknown field": ('{"id": 2, "odd": "\x00"}', {"extra": {"odd": "\x00"}}),
    "in a name": ('{"id": 2, "o\x1fdd": 1}', {"extra": {"o\x1fdd": 1}}),
    "NaN": ('{"id": 2, "odd": NaN}', {"extra": {"odd": None}}),
    "infinities": ('{"id": 2, "odd": [Infinity, -Infinity, -1, "NaN"]}', {"extra": {"odd": [None, None, -1, "NaN"]}}),
    "NaN as a message": ('{"id": 2, "result_message": NaN}', {"result_message": None}),
    "in settings": (
        '{"id": 2, "connection": {"id": 3, "params": {"alm_pass": "g\x07h", "n": NaN}}}',
        {"connection.params": {"alm_pass": infosecops.Secret("g\x07h"), "n": None}},
    ),
}


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize("case", BAD_RECORDS)
def test_one_bad_record_does_not_cost_the_list(connect: Callable[..., Any], case: str, size: int) -> None:
    """Control characters and numbers that are none, as other readers take them; in whatever pieces they come."""
    bad, wanted = BAD_RECORDS[case]
    records = [json.dumps(record(1)), bad, json.dumps(record(3)), bad.replace('"id": 2', '"id": 4')]
    raw = f'{{"count": 5, "results": [{", ".join(records)},{json.dumps(record(5))}]}}'.encode()
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(raw[i : i + size]), raw[i : i + size]) for i in range(0, len(raw), size))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    with Wire(head + pieces + b"0\r\n\r\n") as wire:
        jobs = connect(SDE, wire.url, token="t").jobs.alm.list().collect()
        assert [job.id for job in jobs] == [1, 2, 3, 4, 5]
        for job in (jobs[1], jobs[3]):
            for name, value in wanted.items():
                found = job
                for part in name.split("."):
                    found = getattr(found, part)
                assert found == value


@pytest.mark.parametrize(
    "bad", ['{"id": 2, "x": \\q}', '{"id": 2, "x": NaM}', '{"id": 2 "x": 1}', '{"id": 2, "x": "\x01" 5}']
)
def test_what_no_reader_takes_is_an_error(connect: Callable[..., Any], bad: str) -> None:
    answer = ok(f'{{"results": [{json.dumps(record(1))}, {bad}]}}')
    with Wire(answer) as wire, pytest.raises(infosecops.UnexpectedContentError, match="is not valid JSON"):
        connect(SDE, wire.url, token="t").jobs.alm.list().collect()
