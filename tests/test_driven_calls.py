"""Calls that an event loop's own thread drives: brief ones that find a connection waiting. They end as others do."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from driven import EMPTY, ONCE, PATIENCE, TOKEN, client, event, warm
from infosecops import Retry
from infosecops.sandbox import Sandbox
from test_stale_connections import hang_up
from wire import Drop, Hang, Wire, ok

if TYPE_CHECKING:
    from infosecops import AsyncBambooAgents, Event
    from loops import Run
    from servers import Nginx


def _name(thread: Path) -> str:
    # Others may end meanwhile.
    with suppress(OSError):
        return (thread / "comm").read_text()
    return ""


def wakes() -> int:
    """How often the runtime's thread was woken."""
    threads = [each for each in Path("/proc/self/task").iterdir() if "infosecops-io" in _name(each)]
    lines = (threads[0] / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))


@pytest.mark.skipif(sys.platform != "linux", reason="counts what stands in /proc")
def test_no_other_thread_is_woken() -> None:
    async def main() -> tuple[int, int]:
        async with client(wire.url) as api:
            await warm(api)
            before = wakes()
            for _ in range(100):
                await api.tokens.list()
            brief = wakes() - before
            for _ in range(100):
                await api.request("GET", "/x", effect="read")
            return brief, wakes() - before - brief

    with Wire(EMPTY) as wire:
        brief, apart = asyncio.run(main())
        assert brief < 10 < apart
        assert wire.connections == 1


@pytest.mark.skipif(sys.platform != "linux", reason="counts what stands in /proc")
def test_a_client_of_two_loops_depends_on_neither() -> None:
    async def calls() -> int:
        before = wakes()
        for _ in range(100):
            await api.tokens.list()
        return wakes() - before

    with Wire(EMPTY) as wire:
        api = client(wire.url)
        one, other = asyncio.new_event_loop(), asyncio.new_event_loop()
        one.run_until_complete(warm(api))
        assert one.run_until_complete(calls()) < 10
        other.run_until_complete(warm(api))
        assert other.run_until_complete(calls()) > 10
        assert one.run_until_complete(calls()) > 10
        one.close()
        other.close()


def test_one_connection_serves_loop_after_loop() -> None:
    with Wire(EMPTY) as wire:
        api = client(wire.url)
        for _ in range(10):
            asyncio.run(api.tokens.list())
        assert wire.connections == 1
        asyncio.run(api.aclose())


def test_it_moves_between_loops_of_several_threads_and_back_to_the_runtime() -> None:
    with Wire(EMPTY) as wire:
        api = client(wire.url)
        loops = [asyncio.new_event_loop() for _ in range(3)]
        for number in range(12):
            call = api.request("GET", "/x", effect="read") if number % 4 == 3 else api.tokens.list()
            thread = threading.Thread(target=loops[number % 3].run_until_complete, args=(call,))
            thread.start()
            thread.join(PATIENCE)
            assert len(wire.requests) == number + 1
        for loop in loops:
            loop.close()
        assert wire.connections == 1


def test_giving_up_closes_the_connection(run: Run) -> None:
    async def main() -> None:
        async with client(wire.url) as api:
            await api.tokens.list()
            task = asyncio.ensure_future(api.tokens.create("x"))
            assert await event(hang.reached)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await event(hang.released), "the connection stays open"
            assert await api.tokens.list() == []
        assert wire.connections == 2

    hang = Hang()
    with Wire(EMPTY, hang, EMPTY) as wire:
        run(main())


def test_giving_up_at_any_moment(run: Run) -> None:
    async def one(api: AsyncBambooAgents, number: int) -> str:
        task = asyncio.ensure_future(api.tokens.list() if number % 2 else api.tokens.find("nobody"))
        for _ in range(number % 11):
            await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return "cancelled"
        except infosecops.NotFoundError:
            pass
        return "answered"

    async def main() -> None:
        async with box.bamboo_agents.async_client(retry=ONCE) as api:
            await api.tokens.list()
            ends = [await one(api, number) for number in range(300)]
            assert len(await api.tokens.list()) == 2
        assert set(ends) <= {"cancelled", "answered"}

    with Sandbox() as box:
        run(main())


def test_a_loop_that_is_closed_takes_its_call_with_it() -> None:
    hang = Hang()
    with Wire(EMPTY, hang, EMPTY) as wire:
        api = client(wire.url)
        loop = asyncio.new_event_loop()
        loop.run_until_complete(api.tokens.list())
        task = loop.create_task(api.tokens.create("x"))
        loop.run_until_complete(event(hang.reached))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        assert hang.released.wait(PATIENCE), "the connection stays open"
        # Told by the loop's end, or it would complain about a task that was never awaited.
        task._log_destroy_pending = False
        del task, loop
        gc.collect()
        assert asyncio.run(api.tokens.list()) == []


def test_it_is_sent_though_the_loop_stands_still_then() -> None:
    answered = threading.Event()

    def answer(_received: Any) -> bytes:
        answered.set()
        return EMPTY

    with Wire(EMPTY, answer) as wire:
        api = client(wire.url)
        loop = asyncio.new_event_loop()
        loop.run_until_complete(api.tokens.list())
        task = loop.create_task(api.tokens.list())
        loop.run_until_complete(asyncio.sleep(0))
        assert answered.wait(PATIENCE)
        assert loop.run_until_complete(asyncio.wait_for(task, PATIENCE)) == []
        loop.close()


def test_a_connection_that_was_closed_holds_up_no_call_of_a_loop_that_stands_still() -> None:
    answered = threading.Event()

    def answer(_received: Any) -> bytes:
        answered.set()
        return EMPTY

    with Wire(EMPTY, EMPTY, answer) as wire:
        api = client(wire.url)
        loop = asyncio.new_event_loop()
        loop.run_until_complete(api.tokens.list())
        loop.run_until_complete(api.tokens.list())
        hang_up(wire)
        task = loop.create_task(api.tokens.list())
        loop.run_until_complete(asyncio.sleep(0))
        assert answered.wait(PATIENCE)
        assert loop.run_until_complete(asyncio.wait_for(task, PATIENCE)) == []
        loop.close()


def test_calls_that_must_not_be_repeated_notice_a_closed_connection(run: Run) -> None:
    async def main() -> None:
        async with client(wire.url, retry=Retry(attempts=3, base=0.0)) as api:
            for number in range(1, 51):
                assert (await api.tokens.create("Token Uno")).name == "Token Uno"
                assert len(wire.requests) == wire.connections == number
                hang_up(wire)

    with Wire(TOKEN) as wire:
        run(main())


@pytest.mark.parametrize("words", [ok("slow", status="408 Request Timeout"), b"HTTP/1.1 ", b"\0"])
@pytest.mark.parametrize("mode", [socket.SHUT_RDWR, socket.SHUT_RD])
def test_what_nobody_asked_for_answers_no_call(words: bytes, mode: int, run: Run) -> None:
    async def main() -> None:
        async with client(wire.url) as api:
            for number in range(1, 11):
                assert (await api.tokens.create("Token Uno")).name == "Token Uno"
                assert len(wire.requests) == wire.connections == number
                hang_up(wire, last_words=words, mode=mode)

    with Wire(TOKEN) as wire:
        run(main())


ENDS = {
    "refused": (ok("{}", status="403 Forbidden"), infosecops.PermissionDeniedError, "rejected"),
    "server error": (ok("{}", status="500 Oops"), infosecops.ServerError, "unknown"),
    "no answer": (Drop(), infosecops.TransportError, "unknown"),
    "half a head": (Drop(b"HTTP/1.1 200"), infosecops.TransportError, "unknown"),
    "half a body": (Drop(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"), infosecops.TransportError, "unknown"),
    "no HTTP": (Drop(b"hello\r\n\r\n"), infosecops.TransportError, "unknown"),
    "no JSON": (ok("hello"), infosecops.UnexpectedContentError, "unknown"),
}


@pytest.mark.parametrize("end", ENDS)
def test_it_fails_as_a_blocking_call_does(end: str, run: Run) -> None:
    answer, kind, outcome = ENDS[end]

    def told(error: infosecops.Error) -> tuple[object, ...]:
        return type(error), error.outcome, error.status, error.attempts, error.hint

    async def main() -> tuple[object, ...]:
        async with client(wire.url) as api:
            await api.tokens.list()
            with pytest.raises(kind) as caught:
                await api.tokens.create("x")
            return told(caught.value)

    with Wire(EMPTY, answer) as wire:
        awaited = run(main())
        assert wire.connections == 1
    with Wire(EMPTY, answer) as wire:
        options = {"token": "t", "proxy": "direct", "api": "agent-config", "retry": ONCE}
        with infosecops.BambooAgents(wire.url, **options) as api:
            api.tokens.list()
            with pytest.raises(kind) as caught:
                api.tokens.create("x")
    assert awaited == told(caught.value)
    assert awaited[:2] == (kind, outcome)


def test_its_deadline_counts(run: Run) -> None:
    async def main() -> None:
        async with client(wire.url, timeout=0.3) as api:
            await api.tokens.list()
            with pytest.raises(infosecops.DeadlineExceeded) as caught:
                await api.tokens.create("x")
            assert caught.value.outcome == "unknown"
            assert await event(hang.released), "the connection stays open"

    hang = Hang()
    with Wire(EMPTY, hang) as wire:
        run(main())


def test_an_answer_may_come_byte_by_byte(run: Run) -> None:
    """Each byte is sent when the loop has turned after the one before."""
    left, right = socket.create_server(("127.0.0.1", 0)), None

    async def main() -> None:
        nonlocal right
        url = f"http://127.0.0.1:{left.getsockname()[1]}"
        async with client(url) as api:
            for _ in range(3):
                call = asyncio.ensure_future(api.tokens.list())
                if right is None:
                    right = (await asyncio.to_thread(left.accept))[0]
                assert await asyncio.to_thread(right.recv, 65536)
                for byte in ok('[{"uuid": "u", "name": "Slow", "read": true, "change": false}]'):
                    await asyncio.to_thread(right.sendall, bytes([byte]))
                assert [token.name for token in await call] == ["Slow"]

    with left:
        run(main())
        assert right is not None
        right.close()


def test_large_answers_and_many_calls_at_once(run: Run) -> None:
    tokens = ", ".join(f'{{"uuid": "u{n}", "name": "Token {n}", "read": true, "change": false}}' for n in range(8_000))

    async def main() -> None:
        async with client(wire.url) as api:
            await api.tokens.list()
            lists = await asyncio.gather(*(api.tokens.list() for _ in range(12)))
            assert [len(each) for each in lists] == [8_000] * 12
            assert lists[-1][7_999].name == "Token 7999"

    with Wire(ok(f"[{tokens}]")) as wire:
        run(main())


def test_over_tls(secured: Nginx, box: Sandbox, authority: Any, run: Run) -> None:
    async def main() -> None:
        async with client(secured.url, token=box.bamboo_agents.token, ca_file=authority.file) as api:
            for _ in range(20):
                assert [token.name for token in await api.tokens.list()] == names

    names = [token.name for token in box.bamboo_agents().tokens.list()]
    run(main())


def test_events_are_told_before_the_call_ends(run: Run) -> None:
    events: list[str] = []

    def hear(event: Event) -> None:
        assert threading.get_ident() == main_thread
        events.append(event.kind)

    async def main() -> None:
        async with client(wire.url, on_event=hear) as api:
            for _ in range(3):
                events.clear()
                await api.tokens.list()
                assert events == ["request", "response"]

    main_thread = threading.get_ident()
    with Wire(EMPTY) as wire:
        run(main())


def test_credentials_are_asked_for_on_the_loop(run: Run) -> None:
    asked: list[str] = []

    async def secret() -> str:
        await asyncio.sleep(0)
        asked.append("async")
        return f"t{len(asked)}"

    async def main() -> None:
        async with client(wire.url, token=secret) as api:
            assert await api.tokens.list() == []
            with pytest.raises(infosecops.AuthenticationError):
                await api.tokens.list()
            assert await api.tokens.list() == []

    with Wire(EMPTY, ok("{}", status="401 Unauthorized"), EMPTY) as wire:
        run(main())
        given = [request.headers["authorization"] for request in wire.requests]
        assert given == ["Bearer t1", "Bearer t1", "Bearer t2"]
