"""Work on a large answer holds nobody up: other calls, the event loop, Ctrl-C and the deadline come first."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
from contextlib import suppress
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import Entitlement, Retry, ReviewItemChange
from wire import LIMIT, Wire, ok, read_request

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable

Connect = "Callable[..., Any]"

OPTIONS: dict[str, Any] = {"proxy": "direct", "retry": Retry(attempts=1), "timeout": LIMIT, "max_response_bytes": 2**28}
RECORDS = 100_000
JOB = '{"id": %d, "user": "ü", "ready": true, "succeeded": true, "connection": 12, "result_message": "%s"}'
JOBS = '{"results": [' + ",".join(JOB % (number, "done") for number in range(RECORDS)) + "]}"
TAGS = "<Status>" + '<a b="c">text &amp; more</a>' * 300_000 + "</Status>"
CHANGES = [
    ReviewItemChange("revoke", f"user{n}", Entitlement(f"Payments {n}", "approve", "SAP")) for n in range(20_000)
]
REFUSED = f"updateReviewItems failed: none of the {len(CHANGES)} review components were updated. " + "".join(
    f"Status for Review Item (user{n}-Payments {n} [approve])=Failure (The item is not there) "
    for n in range(len(CHANGES))
)


def sde(url: str) -> Any:
    return infosecops.AsyncSDElements(url, token="t", **OPTIONS)


def governance(url: str) -> Any:
    return infosecops.AsyncGovernanceLifecycle(url, token="t", **OPTIONS)


async def jobs(url: str) -> int:
    return len(await sde(url).jobs.alm.list().collect())


async def command(url: str) -> bool:
    result = await governance(url).command("getThings", effect="read")
    return bool(result.status or result.data)


async def review(url: str) -> int:
    update = await governance(url).update_review_items("review", CHANGES, on_partial="return")
    return len(update.failed)


LARGE: dict[str, tuple[Callable[[str], Awaitable[object]], bytes, object]] = {
    "list in another encoding": (jobs, ok(JOBS.encode("latin-1"), "application/json; charset=iso-8859-1"), RECORDS),
    "list in UTF-16": (jobs, ok(JOBS.encode("utf-16"), "application/json"), RECORDS),
    "one long element": (jobs, ok('{"results": [' + JOB % (1, "\\u00fc" * 8_000_000) + "]}"), 1),
    "command in XML": (command, ok(TAGS, "application/xml"), True),
    "command in JSON": (command, ok('{"Status": "ok", "data": ' + JOBS + "}"), True),
    "refusals": (review, ok(json.dumps({"Status": REFUSED}), status="412 Precondition Failed"), len(CHANGES)),
}


SHARES = [0.5, 0.7, 0.4, 0.8, 0.6, 0.3, 0.9, 0.5, 0.7, 0.4, 0.8, 0.6]
"""Of the time that a call took before."""


class HeldBack(Wire):
    """Sends its first answer but for the last byte, and that when it is released."""

    def __init__(self, answer: bytes) -> None:
        self.begun, self.release, self.sent = threading.Event(), threading.Event(), threading.Event()
        super().__init__(answer)

    def _answer(self, connection: socket.socket, reader: object, peer_port: int) -> None:
        read_request(reader, peer_port)
        answer = self.answers[0]
        assert isinstance(answer, bytes)
        connection.sendall(answer[:-1])
        self.begun.set()
        assert self.release.wait(LIMIT)
        connection.sendall(answer[-1:])
        self.sent.set()
        connection.recv(1)


@pytest.mark.parametrize("case", LARGE)
def test_other_calls_go_on_beside_the_work_on_a_large_answer(case: str) -> None:
    call, answer, expected = LARGE[case]

    async def main(large: HeldBack, small: Wire) -> None:
        neighbour = sde(small.url)
        await neighbour.request("GET", "/small", effect="read")
        working = asyncio.create_task(call(large.url))
        assert await asyncio.to_thread(large.begun.wait, LIMIT)
        large.release.set()
        assert await asyncio.to_thread(large.sent.wait, LIMIT)
        for _ in range(3):
            await neighbour.request("GET", "/small", effect="read")
        assert not working.done(), "the small calls waited for the large answer"
        assert await working == expected

    with HeldBack(answer) as large, Wire(ok("[]")) as small:
        asyncio.run(main(large, small))


def test_a_loop_goes_on_while_it_reads_a_long_list() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def main(wire: Wire) -> None:
        counting = asyncio.create_task(count())
        records = 0
        async for _ in sde(wire.url).jobs.alm.list():
            turned, records = turns, records + 1
            if records == 1:
                begun = turned
        assert records == RECORDS
        # Between the first record and the last one, which stand on one page.
        assert turned - begun > RECORDS // 1000
        async for page in sde(wire.url).jobs.alm.list().pages():
            assert [job.id for job in page] == list(range(RECORDS))
        counting.cancel()

    with Wire(ok(JOBS)) as wire:
        asyncio.run(main(wire))


def test_the_deadline_ends_the_work(connect: Connect) -> None:
    with Wire(ok(TAGS, "application/xml")) as wire:
        client = connect("GovernanceLifecycle", wire.url, token="t", **OPTIONS)
        begun = monotonic()
        assert client.command("getThings", effect="read").data
        took = monotonic() - begun
        # How long it takes differs from call to call: a deadline that came before the work, or after it, is no try.
        for share in SHARES:
            heard: list[Any] = []
            options = {**OPTIONS, "timeout": took * share, "on_event": heard.append}
            hasty = connect("GovernanceLifecycle", wire.url, token="t", **options)
            error = None
            try:
                hasty.command("getThings", effect="read")
            except infosecops.DeadlineExceeded as caught:
                error = caught
            if "the answer was not read within" in str(error):
                break
        else:
            pytest.fail("no deadline came in the middle of the work")
        assert error is not None
        assert error.outcome == "unknown"
        assert error.status == 200
        assert error.elapsed >= took * share
        assert [event.kind for event in heard] == ["request", "response", "failure"]
        # Whatever is left of the work disturbs nobody.
        assert client.command("getThings", effect="read").data


def test_the_answer_to_a_change_is_read_to_its_end(connect: Connect) -> None:
    with Wire(ok(json.dumps({"Status": REFUSED}), status="412 Precondition Failed")) as wire:
        client = connect("GovernanceLifecycle", wire.url, token="t", **OPTIONS)
        update = client.update_review_items("review", CHANGES, on_partial="return")
        assert len(update.failed) == len(CHANGES)
        assert update.failed[-1].reason == "The item is not there"


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers on this system")
def test_a_signal_ends_the_work() -> None:
    class AlarmError(Exception):
        pass

    def handler(*_: object) -> None:
        raise AlarmError

    before = signal.signal(signal.SIGALRM, handler)
    try:
        with Wire(ok(TAGS, "application/xml")) as wire:
            client = infosecops.GovernanceLifecycle(wire.url, token="t", **OPTIONS)
            begun = monotonic()
            client.command("getThings", effect="read")
            took = monotonic() - begun
            for share in SHARES:
                begun, is_done = monotonic(), False
                signal.setitimer(signal.ITIMER_REAL, took * share / 2)
                with suppress(AlarmError):
                    client.command("getThings", effect="read")
                    # Faster than the alarm, which is waited for.
                    is_done = True
                    sleep(took)
                if not is_done and monotonic() - begun < took * 0.9:
                    break
            else:
                pytest.fail("no alarm ended the work")
            assert client.command("getThings", effect="read").data
    finally:
        signal.signal(signal.SIGALRM, before)
