"""Measure this package beside the clients that people use instead, and beside what Rust alone needs.

Each round runs every entry of a workload once, in a new random order and a fresh process each. What counts are the
medians of the ratios within a round: the times of one machine say nothing about another.
"""

from __future__ import annotations

import argparse
import compileall
import contextlib
import dataclasses
import http.client
import json
import random
import sys
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import imports
import machine
import page
import report
from goals import is_ours
from place import Place
from workload import COUNT_SEPARATOR, Workload, size_of
from workloads import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ratios import Round

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build" / "bench"
ENTRY_SECONDS = 180.0
QUICK_ROUNDS, QUICK_SECONDS = 2, 0.15


@dataclass(frozen=True)
class Setting:
    """What stays the same over a run."""

    addresses: dict[str, str]
    options: argparse.Namespace
    folder: Path

    def python(self, entry: str) -> str:
        """The interpreter of an entry: niquests lives alone, since it replaces urllib3."""
        return str(self.options.niquests) if entry.startswith("niquests") else sys.executable

    def place(self, workload: Workload, entry: str) -> Place:
        """What an entry's process is told."""
        given = {**workload.options, **(workload.quick if self.options.quick else {})}
        if self.options.quick:
            given.setdefault("seconds", QUICK_SECONDS)
        if size := size_of(entry):
            given["count"] = int(size)
        if workload.module == "uploads":
            given["file"] = str(coverage_file(self.folder, given["count"]))
        ca = self.addresses["ca"] if workload.address == "tls" else "-"
        return Place(url=self.addresses[workload.address], ca=ca, **given)

    def measure(self, workload: Workload, entry: str) -> dict[str, Any]:
        """Run one entry in a fresh process."""
        place = self.place(workload, entry)
        plain, _, _ = entry.partition(COUNT_SEPARATOR)
        if plain in workload.limits:
            values = {name: str(value) for name, value in dataclasses.asdict(place).items()}
            command = [str(self.options.program), *(part.format(**values) for part in workload.limits[plain])]
        else:
            child = str(ROOT / "benches" / "child.py")
            if not Path(self.python(plain)).exists():
                return {"missing": plain}
            command = [self.python(plain), child, workload.module, plain, json.dumps(dataclasses.asdict(place))]
        told = machine.run(command, machine.environment(self.options.source), ENTRY_SECONDS).splitlines()
        return json.loads(told[-1]) if told else {"failed": "it printed nothing"}

    def measure_starts(self, workload: Workload) -> Round:
        """Run the entries of the workload whose processes are measured from outside."""
        url = self.addresses[workload.address]
        programs = {entry: (self.python(entry), "-c", imports.program(entry, url)) for entry in workload.entries}
        commands = {entry: command for entry, command in programs.items() if Path(command[0]).exists()}
        absent: Round = {entry: {"missing": entry} for entry in programs.keys() - commands.keys()}
        return {**absent, **imports.one_round(commands, machine.environment(self.options.source))}


def coverage_file(folder: Path, size: int) -> Path:
    """A coverage file of so many bytes."""
    path = folder / f"coverage-{size}.txt"
    if not path.exists():
        line = b"user_id='u1234567'|user|department='Finance & Controlling'|app-role|name='Approver'|review\n"
        with path.open("wb") as file:
            block = line * (1024 * 1024 // len(line) + 1)
            for start in range(0, size, len(block)):
                file.write(block[: size - start])
    return path


def one_round(setting: Setting, workload: Workload) -> Round:
    """Every entry once, in a random order."""
    names = report.names_of(workload)
    if workload.module == "imports":
        figures = setting.measure_starts(workload)
    else:
        figures = {entry: setting.measure(workload, entry) for entry in random.sample(names, len(names))}
    agree(figures)
    return figures


def agree(figures: Round) -> None:
    """Nobody may skip work: figures of an entry that found something else than ours are thrown away."""
    for entry, each in figures.items():
        ours = figures.get(report.same_size(entry), {}).get("check")
        if ours is not None and each.get("check", ours) != ours:
            figures[entry] = {"failed": f"found {each['check']!r} instead of {ours!r}"}


def prepare(setting: Setting, workload: Workload) -> None:
    """Let the server make what it will answer, so that nobody waits for it."""
    if workload.module != "jobs":
        return
    origin = setting.addresses["plain"]
    if workload.options.get("what") == "pages":
        following: str | None = f"{origin}/api/v2/jobs/analysis/?page_size={workload.options['count']}"
        while following:
            following = json.loads(fetched(following))["next"]
        return
    for count in {setting.place(workload, entry).count for entry in workload.entries}:
        fetched(f"{origin}/api/v2/jobs/alm/?page_size={count}")


def fetched(address: str) -> bytes:
    host, _, path = address.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host)
    connection.request("GET", f"/{path}", headers={"Authorization": "Token t"})
    with contextlib.closing(connection):
        return connection.getresponse().read()


def rounds_of(options: argparse.Namespace, workload: Workload) -> int:
    if options.rounds or not options.quick:
        return options.rounds or workload.rounds
    return 1 if workload.slow else QUICK_ROUNDS


def measure(setting: Setting, chosen: Iterable[Workload]) -> dict[str, list[Round]]:
    """All rounds of all workloads; each is printed as soon as it is known."""
    results: dict[str, list[Round]] = {}
    for workload in chosen:
        began = monotonic()
        count = rounds_of(setting.options, workload)
        prepare(setting, workload)
        with machine.awake(wanted=workload.awake and not setting.options.no_spin):
            rounds = [one_round(setting, workload) for _ in range(count)]
        results[workload.name] = rounds
        print(report.text(workload, rounds), f"({monotonic() - began:.0f} s)\n", flush=True)
    return results


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="workloads, separated by commas: " + ", ".join(WORKLOADS))
    parser.add_argument("--rounds", type=int, help="rounds of every workload")
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--no-spin", action="store_true", help="let the cores halt between calls")
    parser.add_argument("--json", type=Path, default=BUILD / "results.json", help="where the figures go")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md and docs/performance.svg")
    parser.add_argument("--program", type=Path, default=BUILD / "rust" / "release" / "infosecops-bench")
    parser.add_argument("--niquests", type=Path, default=BUILD / "niquests" / "bin" / "python")
    parser.add_argument("--source", type=Path, help="import this package from there, not from the environment")
    return parser.parse_args()


def main() -> None:
    """Measure, print, keep."""
    options = arguments()
    wanted = options.only.split(",") if options.only else list(WORKLOADS)
    if unknown := set(wanted) - set(WORKLOADS):
        raise SystemExit(f"no workload {', '.join(sorted(unknown))}; there are {', '.join(WORKLOADS)}")
    if not options.program.exists():
        raise SystemExit(f"there is no {options.program}: `make bench` builds it")
    if options.source:
        # An installed package is compiled, and so are the peers.
        compileall.compile_dir(options.source, quiet=1)
    folder = BUILD / "files"
    folder.mkdir(parents=True, exist_ok=True)
    with machine.server(options.program, folder) as addresses:
        results = measure(Setting(addresses, options, folder), [WORKLOADS[name] for name in wanted])
    about = page.about(options)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(page.plain(about, results), indent=1), encoding="utf-8")
    print(page.goals_text(results))
    print(f"figures: {options.json}")
    if failed := ours_failed(results):
        raise SystemExit("\n".join(failed))
    if options.write:
        page.write(about, results, ROOT / "docs")


def ours_failed(results: dict[str, list[Round]]) -> list[str]:
    """What of this package could not be measured, and why. Such a run is not written down."""
    absent = {name: report.left_out(rounds) for name, rounds in results.items()}
    return [f"{name}: {entry}: {why}" for name, each in absent.items() for entry, why in each.items() if is_ours(entry)]


if __name__ == "__main__":
    main()
