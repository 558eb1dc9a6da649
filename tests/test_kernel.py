"""In a notebook's kernel: calls block and are awaited, an interrupt ends both, progress shows in the kernel's way."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from test_review_items import status
from wire import Hang, Wire, ok

pytest.importorskip("ipykernel", reason="the kernels of notebooks are not installed")
pytest.importorskip("tqdm", reason="so is what draws bars in them")

from kernels import Kernel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infosecops.sandbox import Sandbox

PATIENCE = 30.0
TOKEN = "kept-out-of-the-notebook-4711"
CONNECTION = ok('{"id": 12, "kind": "alm", "params": {}}')
RUNNING = ok('{"id": 7, "kind": "alm", "success": null, "ready": false, "connection": 12}')
SUCCESS = status("Success. Updated all 2 review components with specified states.")
OPEN = """
import os, infosecops
options = {"token": lambda: os.environ["TOKEN"], "proxy": "direct", "timeout": 600.0}
sde = infosecops.SDElements("%(url)s", **options)
later = infosecops.AsyncSDElements("%(url)s", **options)
gl = infosecops.GovernanceLifecycle("%(url)s", **options)
gl_later = infosecops.AsyncGovernanceLifecycle("%(url)s", **options)
"""
UPDATE = """
changes = [infosecops.ReviewItemChange("revoke", f"user{n}", infosecops.Group("Auditors", "Okta")) for n in range(4)]
update = %s.update_review_items("UAR", changes, chunk_size=2, progress=True)
update.counts
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with Kernel(tmp_path_factory.mktemp("kernel"), TOKEN=TOKEN) as kernel:
        yield kernel


def opened(kernel: Kernel, wire: Wire) -> None:
    cell = kernel.run(OPEN % {"url": wire.url})
    assert cell.status == "ok", cell.text


@pytest.mark.parametrize("call", ["sde.connections.alm.get(12).id", "(await later.connections.alm.get(12)).id"])
def test_calls_work_in_a_cell(kernel: Kernel, call: str) -> None:
    with Wire(CONNECTION) as wire:
        opened(kernel, wire)
        assert kernel.run("import asyncio; asyncio.get_running_loop().is_running()").value == "True"
        assert kernel.run(call).value == "12"
        assert wire.only.target == "/api/v2/connections/alm/12/"


@pytest.mark.parametrize(
    ("call", "errors"),
    [
        ("sde.connections.alm.get(12)", {"KeyboardInterrupt"}),
        ("list(sde.jobs.alm.list())", {"KeyboardInterrupt"}),
        # Newer kernels show what happened to the cell's task, older ones what was asked for.
        ("await later.connections.alm.get(12)", {"CancelledError", "KeyboardInterrupt"}),
        ("[job async for job in later.jobs.alm.list()]", {"CancelledError", "KeyboardInterrupt"}),
        (
            "import asyncio\nawait asyncio.gather(later.connections.alm.get(12), asyncio.sleep(600))",
            {"CancelledError", "KeyboardInterrupt"},
        ),
    ],
)
def test_an_interrupt_ends_a_call_that_gets_no_answer(kernel: Kernel, call: str, errors: set[str]) -> None:
    hang = Hang()
    with Wire(hang, CONNECTION) as wire:
        opened(kernel, wire)
        running = kernel.begin(call)
        assert hang.reached.wait(PATIENCE)
        kernel.interrupt()
        assert kernel.end(running).error in errors
        assert hang.released.wait(PATIENCE), "the connection stayed open"
        for again in ("sde.connections.alm.get(12).id", "(await later.connections.alm.get(12)).id"):
            assert kernel.run(again).value == "12"


@pytest.mark.parametrize("call", ["sde.jobs.alm.wait({})", "await later.jobs.alm.wait({})"])
def test_an_interrupt_ends_the_wait_between_two_looks(kernel: Kernel, call: str) -> None:
    with Wire(RUNNING) as wire:
        opened(kernel, wire)
        running = kernel.begin(call.format("7, poll_interval=300, timeout=600, on_progress=lambda job: print(job.id)"))
        kernel.wait_for_output(running)
        kernel.interrupt()
        assert kernel.end(running).error in {"CancelledError", "KeyboardInterrupt"}
        assert kernel.run("6 * 7").value == "42"
        assert len(wire.requests) == 1


@pytest.mark.parametrize("form", ["with infosecops.BambooAgents", "async with infosecops.AsyncBambooAgents"])
def test_an_interrupt_gives_an_agent_back(kernel: Kernel, box: Sandbox, form: str) -> None:
    uuid = box.bamboo_agents.access_token
    window = "maintenance_window(131074, poll_interval=300, on_progress=print)"
    made = f'{form}("{box.url}", proxy="direct").agents("{uuid.reveal()}")'
    running = kernel.begin(f"import infosecops\n{made}.{window}:\n    print('it is never idle')")
    kernel.wait_for_output(running)
    with box.bamboo_agents() as bamboo:
        agents = bamboo.agents(uuid)
        assert not agents.state(131074).enabled
        kernel.interrupt()
        assert kernel.end(running).error in {"CancelledError", "KeyboardInterrupt"}
        assert agents.state(131074).enabled


@pytest.mark.parametrize("call", ["gl", "await gl_later"])
def test_progress_is_a_widget(kernel: Kernel, call: str) -> None:
    pytest.importorskip("ipywidgets")
    with Wire(SUCCESS) as wire:
        opened(kernel, wire)
        cell = kernel.run(UPDATE % call)
        assert cell.value == "{'succeeded': 4, 'failed': 0, 'unknown': 0}"
        assert "application/vnd.jupyter.widget-view+json" in cell.forms
        # It is as long as any bar, not the stub of one whose end is unknown.
        assert any(state.get("value") == 4.0 for state in cell.widget_states)
        assert any(state.get("width", "unset") is None for state in cell.widget_states)


def test_progress_without_widgets_is_text(tmp_path: Path) -> None:
    with Kernel(tmp_path, TOKEN=TOKEN) as kernel, Wire(SUCCESS) as wire:
        opened(kernel, wire)
        assert kernel.run("import sys; sorted({'tqdm', 'ipywidgets'} & set(sys.modules))").value == "[]"
        kernel.run("sys.modules['ipywidgets'] = None")
        assert "update_review_items: 100%" in kernel.run(UPDATE % "gl").streams
        kernel.run("sys.modules['tqdm'] = sys.modules['tqdm.auto'] = None")
        lines = kernel.run(UPDATE % "await gl_later").streams.splitlines()
        assert lines[-1] == "update_review_items: 4 of 4 (100 %), 0 failed"


class Watched(asyncio.SelectorEventLoop):
    """Keeps the timers that are set, and tells of the third."""

    def __init__(self) -> None:
        super().__init__()
        self.timers: list[asyncio.TimerHandle] = []
        self.third = self.create_future()

    def call_later(self, delay: float, *arguments: Any, **options: Any) -> asyncio.TimerHandle:
        timer = super().call_later(delay, *arguments, **options)
        self.timers.append(timer)
        if len(self.timers) == 3:
            self.third.set_result(None)
        return timer


@pytest.fixture
def loop() -> Iterator[Watched]:
    loop = Watched()
    yield loop
    loop.close()


def later(url: str) -> infosecops.AsyncSDElements:
    return infosecops.AsyncSDElements(url, token="t", proxy="direct")


def test_a_loop_ticks_while_a_call_is_in_flight(monkeypatch: pytest.MonkeyPatch, loop: Watched) -> None:
    monkeypatch.setitem(sys.modules, "ipykernel.kernelbase", sys)
    hang = Hang()

    async def main(url: str) -> None:
        call = asyncio.ensure_future(later(url).connections.alm.get(12))
        await loop.third
        call.cancel()
        await asyncio.wait([call])
        assert call.cancelled()

    with Wire(hang) as wire:
        loop.run_until_complete(main(wire.url))
        assert hang.released.wait(PATIENCE)
    assert loop.timers[-1].cancelled()
    assert loop.timers[1].when() - loop.timers[0].when() <= 0.5


@pytest.mark.parametrize("in_kernel", [True, False])
def test_no_timer_is_left_and_none_is_set_outside_of_kernels(
    monkeypatch: pytest.MonkeyPatch, loop: Watched, *, in_kernel: bool
) -> None:
    monkeypatch.delitem(sys.modules, "ipykernel.kernelbase", raising=False)
    if in_kernel:
        monkeypatch.setitem(sys.modules, "ipykernel.kernelbase", sys)
    with Wire(CONNECTION) as wire:
        assert loop.run_until_complete(later(wire.url).connections.alm.get(12)).id == 12
    assert bool(loop.timers) is in_kernel
    assert not loop.timers or loop.timers[-1].cancelled()
