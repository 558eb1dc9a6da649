"""Changes are read where the caller is: other tasks go on meanwhile, and a generator may do what other code may do."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import weakref
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from test_review_items import GL, change, status
from wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infosecops import ReviewItemChange
    from infosecops.sandbox import Sandbox

SUCCESS = status("Success. Updated all 2000 review components with specified states.")
COUNT = 2000
CAMPAIGN = contextvars.ContextVar("CAMPAIGN", default="none")


def client(url: str) -> infosecops.AsyncGovernanceLifecycle:
    return infosecops.AsyncGovernanceLifecycle(url, token="t", proxy="direct")


def test_other_tasks_have_their_turns_while_changes_are_read() -> None:
    turns: list[int] = []
    read = 0

    def changes() -> Iterator[ReviewItemChange]:
        nonlocal read
        for number in range(COUNT):
            read += 1
            yield change(f"user{number}")

    async def main(url: str) -> None:
        async with client(url) as gl:
            update = asyncio.ensure_future(gl.update_review_items("UAR", changes()))
            while not update.done():
                turns.append(read)
                await asyncio.sleep(0)
            assert (await update).ok

    with Wire(SUCCESS) as wire:
        asyncio.run(main(wire.url))
    between = {turn for turn in turns if 0 < turn < COUNT}
    assert len(between) >= 3, "the loop stood still while the changes were read"


def test_a_generator_sees_the_context_of_the_call() -> None:
    seen: set[str] = set()

    def changes() -> Iterator[ReviewItemChange]:
        for number in range(COUNT):
            seen.add(CAMPAIGN.get())
            yield change(f"user{number}")

    async def main(url: str) -> None:
        async with client(url) as gl:
            CAMPAIGN.set("2031-Q1")
            await gl.update_review_items("UAR", changes())

    with Wire(SUCCESS) as wire:
        asyncio.run(main(wire.url))
    assert seen == {"2031-Q1"}


def test_a_generator_may_use_the_client(box: Sandbox) -> None:
    with box.governance_lifecycle() as gl:

        def changes() -> Iterator[ReviewItemChange]:
            assert gl.get_review_status(61).state == "Active"
            yield infosecops.ReviewItemChange("revoke", "achen", infosecops.Group("Auditors", "CyberArk (REST)"))

        assert gl.update_review_items("UAR-3", changes()).ok
    assert [entry.operation for entry in box.journal][-3:] == ["getReviewStatus", "updateReviewItems", "logoutUser"]


def test_what_a_generator_raises_comes_up_and_nothing_is_sent(connect: Callable[..., Any]) -> None:
    def changes() -> Iterator[ReviewItemChange]:
        for number in range(COUNT):
            yield change(f"user{number}")
        raise LookupError("the file ended")

    with Wire(SUCCESS) as wire:
        with pytest.raises(LookupError, match="the file ended"):
            connect(GL, wire.url, token="t").update_review_items("UAR", changes(), chunk_size=10)
        assert wire.connections == 0


def test_a_run_cancelled_while_reading_sends_nothing_and_lets_go() -> None:
    class Changes:
        def __init__(self, task: asyncio.Task[Any]) -> None:
            self.task = task

        def __iter__(self) -> Iterator[ReviewItemChange]:
            for number in range(COUNT):
                if number == COUNT // 2:
                    self.task.cancel()
                yield change(f"user{number}")

    async def main(url: str) -> weakref.ref[Any]:
        async with client(url) as gl:

            async def update() -> None:
                given = Changes(asyncio.current_task())
                left.append(weakref.ref(given))
                await gl.update_review_items("UAR", given)

            left: list[weakref.ref[Any]] = []
            with pytest.raises(asyncio.CancelledError):
                await asyncio.ensure_future(update())
        return left[0]

    with Wire(SUCCESS) as wire:
        left = asyncio.run(main(wire.url))
        assert wire.requests == []
    gc.collect()
    assert left() is None
