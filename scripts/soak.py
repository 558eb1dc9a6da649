"""Run the long forms of the tests on processes, signals, asyncio, threads, load and reviews; keep their figures.

With `--write` the figures go to docs/reliability.md, if everything passed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reliability.md"
TESTS = (
    *("processes", "prefork_servers", "exits", "signals", "asyncio", "callbacks", "stale_connections", "load"),
    "review_scale",
)

HEAD = """# Reliability

What happens to calls when processes fork, programs end, users press Ctrl-C, loops are closed, servers hang up and
everything comes at once. The tests behind these figures run in a short form with `make test`; `make soak` runs the long
form and writes this page. Nothing here is a promise about other machines: times and memory are those of one run on
{cores} cores with CPython {python}.
"""

NOTES = {
    "Forks": "Children use the parent's clients at once. Each must get its own password, on connections of its own.",
    "Servers that fork": "The client is made and used before the program forks. Each task compares its password.",
    "Exits": "Calls, callbacks, loops, threads, a sandbox still going on. Each must end with code 0 and print nothing.",
    "Signals": "From sending the signal to the exception in Python; the connection must then be closed.",
    "asyncio": "In debug mode, with an exception handler that lets nothing pass.",
    "Stale connections": "The server closes every connection between two calls that must not be repeated.",
    "Reviews": "One update of review items, 1000 in a request, whose server is another process.",
    "Load": "A client in one process, the sandbox in another one. Reads are sent again where that is safe.",
}

BY_HAND = "## At the server's idle interval"


def run(figures: Path, arguments: list[str]) -> int:
    """Run the tests; gives pytest's exit code."""
    environment = {**os.environ, "INFOSECOPS_SOAK": "1", "INFOSECOPS_FIGURES": str(figures)}
    files = [f"tests/test_{name}.py" for name in TESTS]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *files, *arguments], cwd=ROOT, env=environment, check=False
    ).returncode


def collect(figures: Path) -> dict[str, dict[str, str]]:
    """By topic: what was counted, and the figure. Counts of the same thing add up."""
    topics: dict[str, dict[str, str]] = {}
    for line in figures.read_text(encoding="utf-8").splitlines():
        topic, what, figure = json.loads(line)
        known = topics.setdefault(topic, {})
        known[what] = added(known[what], figure) if what in known else figure
    return topics


def added(one: str, other: str) -> str:
    pairs = zip(one.split("; "), other.split("; "), strict=True)
    return "; ".join(str(int(left) + int(right)) for left, right in pairs)


def page(topics: dict[str, dict[str, str]]) -> str:
    """The Markdown page."""
    lines = [HEAD.format(cores=os.cpu_count(), python=platform.python_version())]
    for topic, note in NOTES.items():
        rows = [f"| {what} | {figure} |" for what, figure in topics.get(topic, {}).items()]
        lines += [f"## {topic[0].upper()}{topic[1:]}\n", f"{note}\n", "| What | Figures |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def by_hand() -> str:
    """The end of the page, whose figures scripts/idle_race.py prints."""
    text = PAGE.read_text(encoding="utf-8")
    return text[text.index(BY_HAND) :]


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/reliability.md")
    options, arguments = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.jsonl"
        figures.touch()
        code = run(figures, arguments)
        text = page(collect(figures))
    print(text)
    if options.write and code == 0:
        PAGE.write_text(f"{text}\n{by_hand()}", encoding="utf-8")
    raise SystemExit(code)


if __name__ == "__main__":
    main()
