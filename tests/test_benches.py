"""The harness of `make bench`: its arithmetic, its report, and that nobody skips work. Nothing here takes the time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from infosecops import GovernanceLifecycle
from wire import Received, Wire, ok

if TYPE_CHECKING:
    from types import ModuleType

pytest.importorskip("resource", reason="the benches measure what only POSIX tells")
pytestmark = pytest.mark.skipif(sys.version_info < (3, 10), reason="the benches are written for CPython 3.10")

BENCHES = Path(__file__).resolve().parent.parent / "benches"
TOKENS = json.dumps([{"uuid": "0b6a0a5e", "name": "chef nodes", "read": True, "change": False}])


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a module of the benches."""
    monkeypatch.syspath_prepend(str(BENCHES))

    def module(name: str) -> ModuleType:
        return __import__(name)

    return module


def measured(module: str, entry: str, **place: Any) -> dict[str, Any]:
    """Runs one entry as the benchmark does."""
    command = [sys.executable, str(BENCHES / "child.py"), module, entry, json.dumps(place)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def rounds(**figures: list[float]) -> list[dict[str, dict[str, float]]]:
    """Rounds in which entries have these CPU figures."""
    count = len(next(iter(figures.values())))
    return [{name: {"cpu": each[number]} for name, each in figures.items()} for number in range(count)]


def test_ratios_are_made_within_a_round(bench: Any) -> None:
    # The machine was three times slower in the last round: the ratio of the medians would be 1.5.
    drifting = rounds(infosecops=[10, 20, 60], peer=[20, 30, 120])
    ratios = bench("ratios")
    assert ratios.median_ratio(drifting, "peer", "infosecops", "cpu") == 2
    assert ratios.median_of(drifting, "peer", "cpu") == 30
    assert ratios.spread(drifting, "infosecops", "cpu") == 2.5


def test_what_the_bare_interpreter_needed_right_before_a_start_is_taken_off(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    imports = bench("imports")
    slowness = 0

    def cost(command: tuple[str], _env: object) -> dict[str, Any]:
        # The machine gets slower before every start.
        nonlocal slowness
        if command == ("bare",):
            slowness += 1000
        own = {"bare": 0, "peer": 7}
        return {"check": "", "wall": 1, "cpu": slowness + own[command[0]]} if command[0] in own else {"missing": "it"}

    monkeypatch.setattr(imports, "cost", cost)
    found = imports.one_round({imports.BARE: ("bare",), "peer": ("peer",), "absent": ("absent",)}, {})
    assert found["peer"]["cpu"] == 7
    assert found["absent"] == {"missing": "it"}
    assert found[imports.BARE]["cpu"] >= 1000


def test_rounds_in_which_an_entry_failed_do_not_count(bench: Any) -> None:
    some = [*rounds(infosecops=[10], peer=[40]), {"infosecops": {"cpu": 10}, "peer": {"failed": "no word"}}]
    ratios = bench("ratios")
    assert ratios.median_ratio(some, "peer", "infosecops", "cpu") == 4
    assert ratios.median_ratio(some, "absent", "infosecops", "cpu") is None
    assert ratios.median_of([], "infosecops", "cpu") is None


@pytest.mark.parametrize(
    ("kind", "must", "then", "others", "value", "reached", "further"),
    [
        ("times", 2.0, 4.0, ("good", "bad"), 3.0, True, False),
        ("times", 2.0, 3.0, ("good", "bad"), 3.0, True, True),
        ("times", 3.5, None, ("good", "bad"), 3.0, False, False),
        ("share", 0.4, None, ("good", "bad"), 1 / 3, True, False),
        ("share", 0.2, None, ("bad",), 1 / 6, True, False),
        ("at most", 10.0, 9.0, (), 10.0, True, False),
        ("at most", 9.9, None, (), 10.0, False, False),
        ("times", 2.0, None, ("absent",), None, None, None),
    ],
)
def test_a_goal_is_judged_against_the_best_of_the_others(  # noqa: PLR0913
    bench: Any, *, kind: Any, must: float, then: Any, others: Any, value: Any, reached: Any, further: Any
) -> None:
    goals = bench("goals")
    measured = rounds(infosecops=[10, 10, 10], good=[30, 29, 31], bad=[60, 60, 60])
    verdict = goals.judge(goals.Goal("cpu", kind, must, others, then=then), measured)
    assert (verdict.value, verdict.reached) == (pytest.approx(value) if value else None, reached)
    assert verdict.further is further or value is None
    assert verdict.against in {"", "good", "bad"}
    assert verdict.missing == [name for name in others if name == "absent"]


def test_every_goal_names_entries_that_are_measured(bench: Any) -> None:
    report = bench("report")
    for workload in bench("workloads").WORKLOADS.values():
        names = set(report.names_of(workload))
        for goal in workload.goals:
            assert {goal.ours, *goal.others} <= names, workload.name
        assert {report.same_size(name) for name in names} <= names | {"infosecops"}


def test_entries_that_found_something_else_do_not_count(bench: Any) -> None:
    figures = {
        "infosecops": {"cpu": 1.0, "check": "x"}, "same": {"cpu": 1.0, "check": "x"}, "absent": {"missing": "absent"},
        "other": {"cpu": 0.1, "check": "y"}, "infosecops@5": {"check": "z"}, "other@5": {"check": "z"},
    }  # fmt: skip
    bench("run").agree(figures)
    assert figures.pop("other") == {"failed": "found 'y' instead of 'x'"}
    assert [name for name, each in figures.items() if "failed" in each] == []


def test_a_run_in_which_ours_failed_is_no_run(bench: Any) -> None:
    good, bad = {"cpu": 1.0, "check": "x"}, {"failed": "it fell"}
    run = bench("run")
    assert run.ours_failed({"get": [{"infosecops": good, "pycurl": bad}]}) == []
    assert run.ours_failed({"get": [{"infosecops": good}, {"infosecops": bad}]}) == ["get: infosecops: it fell"]


def test_the_report_shows_all_that_was_measured_and_names_what_was_not(bench: Any, tmp_path: Path) -> None:
    figures = {"wall": 12.5, "cpu": 2500.0, "peak": 20.0, "extra": 1.0, "check": "x"}
    workload = bench("workloads").WORKLOADS["get"]
    one = {name: dict(figures) for name in bench("report").names_of(workload)}
    one["pycurl"] = {"missing": "pycurl"}
    one["primp"] = {"failed": "it <fell>"}
    one["requests"]["cpu"] = 25_000.0
    page, results = bench("page"), {"get": [one]}
    about = {
        "python": "3.13.0",
        "machine": "x",
        "system": "y",
        "cores": 2,
        "pinned": False,
        "quick": True,
        "versions": {"httpx": "1"},
    }
    page.write(about, results, tmp_path)
    text = (tmp_path / "performance.md").read_text(encoding="utf-8")
    assert "| requests | 12.5 us | 25.0 ms | 1.00 | 10.00 | 20.0 MB | 1.0 MB |" in text
    assert "Left out: pycurl: pycurl is not installed." in text
    assert "Left out: primp: it <fell>." in text
    assert "| get | CPU >= 12x requests | 10.00x | missed |" in text
    assert "pinning was not possible" in text
    assert "This was a short run" in text
    told = page.plain(about, results)["workloads"]["get"]
    assert told["entries"]["requests"]["x_cpu"] == 10
    assert [goal["reached"] for goal in told["goals"][:2]] == [False, False]
    picture = ET.parse(tmp_path / "performance.svg")  # noqa: S314 - ours
    assert sum(1 for element in picture.iter() if element.tag.endswith("rect")) == len(one) - 2


def test_a_bar_is_as_long_as_its_figure(bench: Any) -> None:
    bars = bench("bars")
    entries = [("ours", 10.0, "ours"), ("theirs", 40.0, "other"), ("limit", 5.0, "limit"), ("huge", 4000.0, "other")]
    group = bars.Group("a <b> & `c`", [bars.Bar(name, value, f"{value:g}", kind) for name, value, kind in entries])
    picture = ET.fromstring(bars.svg([group]))  # noqa: S314 - ours
    widths = [float(element.get("width", "")) for element in picture.iter() if element.tag.endswith("rect")]
    assert widths == [bars.BAR / 10, bars.BAR * 4 / 10, bars.BAR / 20, bars.BAR]
    assert {"a <b> & c", "40", "\N{RIGHTWARDS ARROW} 4000"} <= {element.text for element in picture.iter()}


def test_all_ways_to_write_a_review_write_the_same(bench: Any) -> None:
    reviews = bench("reviews")
    gl = GovernanceLifecycle("http://127.0.0.1:9", token="t", proxy="direct")
    ours = {
        ET.canonicalize(gl.update_review_items(reviews.REVIEW, make(7), dry_run=True).raw, strip_text=True)
        for make in (reviews.dicts, reviews.natives)
    }
    theirs = {ET.canonicalize(build(reviews.dicts(7)).decode(), strip_text=True) for build in reviews.BUILD.values()}
    assert ours == theirs
    assert len(ours) == 1


def test_all_ways_to_read_jobs_read_the_same(bench: Any) -> None:
    jobs = bench("jobs")
    params = {**dict.fromkeys(jobs.PARAMS, "x"), "sde_min_priority": 7}
    linked = {"id": 3, "alias": "a", "system": "Jira", "frequency": "daily", "command": "sync_jira", "project": 9}
    job = {"id": 40, "user": "a@b.example", "succeeded": True, "automatic": False, "ready": True, "result_message": "",
           "last_run": "2024-02-01T10:17:00Z", "connection": {**linked, "params": params}}  # fmt: skip
    body = json.dumps({"count": 1, "next": None, "previous": None, "results": [job]})
    with Wire(ok(body)) as wire:
        for what in ("scalars", "params", "growth"):
            for entry in ("infosecops", "http.client+json"):
                figures = measured("jobs", entry, url=wire.url, what=what, count=1)
                assert figures["check"] == ("101 22" if what == "params" else "101")


@pytest.mark.parametrize("entry", ["infosecops", "http.client"])
def test_a_child_measures_itself_and_tells_what_it_found(bench: Any, entry: str) -> None:
    asked: list[str] = []

    def answer(received: Received) -> bytes:
        asked.append(received.headers["authorization"])
        return ok(TOKENS)

    with Wire(answer) as wire:
        figures = measured("small_get", entry, url=wire.url, seconds=0.01)
    assert figures["check"] == "chef nodes"
    assert len(asked) == figures["units"] + bench("meter").WARM_UP
    assert set(asked) == {"Bearer t"}


def test_a_client_that_is_not_installed_is_named(
    bench: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "niquests", None)
    bench("child").main("small_get", "niquests", json.dumps({"url": "http://127.0.0.1:9"}))
    assert json.loads(capsys.readouterr().out) == {"missing": "niquests"}
