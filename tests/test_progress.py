"""`progress=True`: a bar of tqdm, or lines on stderr, beside whoever else is told."""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from test_review_items import GL, change, status
from wire import Drop, Wire

if TYPE_CHECKING:
    from collections.abc import Callable

SUCCESS = status("Success. Updated all 2 review components with specified states.")
USERS = [change(f"user{number}") for number in range(6)]


class Bar:
    """Keeps what tqdm is told."""

    made: list[Bar] = []  # noqa: RUF012

    def __init__(self, **options: Any) -> None:
        self.options, self.total, self.n = options, None, 0
        self.disable, self.start_t = False, 17.0
        self.steps: list[tuple[int, Any]] = []
        self.notes: list[dict[str, Any]] = []
        self.closed = False
        self.made.append(self)

    def reset(self, total: int) -> None:
        self.total, self.n, self.start_t = total, 0, 42.0

    def set_postfix(self, *, refresh: bool, **notes: Any) -> None:
        assert not refresh
        self.notes.append(notes)

    def update(self, count: int) -> None:
        self.n += count
        self.steps.append((self.n, self.total))

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[Bar]:
    module = types.ModuleType("tqdm.auto")
    module.tqdm = Bar  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tqdm", types.ModuleType("tqdm"))
    monkeypatch.setitem(sys.modules, "tqdm.auto", module)
    monkeypatch.setattr(Bar, "made", [])
    return Bar.made


@pytest.fixture
def no_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)


def test_a_bar_follows_the_run(connect: Callable[..., Any], bars: list[Bar]) -> None:
    told: list[Any] = []
    with Wire(SUCCESS) as wire:
        gl = connect(GL, wire.url, token="t")
        gl.update_review_items("UAR", USERS, chunk_size=2, progress=True, on_progress=lambda *step: told.append(step))
    (bar,) = bars
    assert bar.steps == [(2, 6), (4, 6), (6, 6)]
    assert (bar.closed, bar.notes, bar.options["desc"]) == (True, [], "update_review_items")
    assert bar.start_t == 17.0, "the time of the first request counts"
    assert told == [(2, 6, 0), (4, 6, 0), (6, 6, 0)]


def test_a_bar_is_closed_when_the_run_fails(connect: Callable[..., Any], bars: list[Bar]) -> None:
    partial = status("Status=Failure. None of the 2 review components could be updated.")
    with Wire(partial, Drop()) as wire, pytest.raises(infosecops.PartialFailure):
        connect(GL, wire.url, token="t").update_review_items("UAR", USERS, chunk_size=2, progress=True)
    assert (bars[0].closed, bars[0].steps, bars[0].notes) == (True, [(2, 6)], [{"failed": 2}])


@pytest.mark.usefixtures("no_bars")
def test_lines_where_tqdm_is_not_installed(connect: Callable[..., Any], capsys: pytest.CaptureFixture[str]) -> None:
    one = status("Success. Updated all 1 review components with specified states.")
    with Wire(one) as wire:
        gl = connect(GL, wire.url, token="t")
        gl.update_review_items("UAR", USERS[:3], chunk_size=1, progress=True)
        lines = capsys.readouterr().err.splitlines()
        assert lines == [
            "update_review_items: 1 of 3 (33 %), 0 failed",
            "update_review_items: 2 of 3 (66 %), 0 failed",
            "update_review_items: 3 of 3 (100 %), 0 failed",
        ]
        gl.update_review_items("UAR", [change(f"user{n}") for n in range(250)], chunk_size=1, progress=True)
        assert len(capsys.readouterr().err.splitlines()) == 101, "a line for each hundredth at most"
        gl.update_review_items("UAR", USERS[:1])
        assert capsys.readouterr().err == ""


def test_async_listeners_are_awaited_beside_the_bar(bars: list[Bar]) -> None:
    import asyncio

    told: list[Any] = []

    async def listen(*step: int) -> None:
        await asyncio.sleep(0)
        told.append(step)

    async def main(url: str) -> None:
        async with infosecops.AsyncGovernanceLifecycle(url, token="t", proxy="direct") as gl:
            await gl.update_review_items("UAR", USERS[:4], chunk_size=2, progress=True, on_progress=listen)

    with Wire(SUCCESS) as wire:
        asyncio.run(main(wire.url))
    assert told == [(2, 4, 0), (4, 4, 0)]
    assert bars[0].steps == [(2, 4), (4, 4)]
