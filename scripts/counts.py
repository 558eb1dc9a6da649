"""Count instructions and allocations of small pieces of work with callgrind, and hold them to what is kept in the tree.

A count may grow by a tenth. One that has to grow further gets a line in CHANGELOG.md that says so and why, with the
number that is accepted from then on: ``counts: W1 instructions 131000``.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "benches" / "counts.json"
CHANGELOG = ROOT / "CHANGELOG.md"
WORKS = {"W1": "small GET", "W3": "page of 500 jobs", "W4": "1 000 review items"}
PROFILE = "testing"
TOLERANCE = 1.1
FEW, MANY = 2, 12
ALLOCATORS = re.compile(r"(malloc|calloc|realloc|aligned_alloc|posix_memalign|memalign)$")

Counts = dict[str, dict[str, int]]


def build() -> Path:
    """Build the program that does the work, without Python in it, of what the tests are made of."""
    features = ("--no-default-features", "--features", "fuzzing")
    command = ["cargo", "build", "--profile", PROFILE, *features, "--bench", "counts"]
    done = subprocess.run(
        [*command, "--message-format", "json"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    messages = map(json.loads, done.stdout.splitlines())
    built = [message["executable"] for message in messages if message.get("target", {}).get("name") == "counts"]
    return Path(built[-1])


def read(profile: str) -> tuple[int, int]:
    """Instructions, and calls of the C library's allocator, in callgrind's own format."""
    total = re.search(r"^(?:totals|summary): (\d+)", profile, re.MULTILINE)
    if total is None:
        raise SystemExit("callgrind wrote no totals")
    names: dict[str, str] = {}
    allocations, called = 0, ""
    for line in profile.splitlines():
        if match := re.match(r"c?fn=(\(\d+\))(?: (.*))?", line):
            key, name = match.groups()
            if name:
                names[key] = name
            if line.startswith("cfn="):
                called = names[key]
        elif line.startswith("calls=") and ALLOCATORS.match(called):
            allocations += int(line[len("calls=") :].split()[0])
    return int(total[1]), allocations


def run(program: Path, work: str, times: int) -> tuple[int, int]:
    """Do the work so many times under callgrind."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        options = ["--tool=callgrind", "--toggle-collect=*measured_part*", f"--callgrind-out-file={out}"]
        command = ["valgrind", "--quiet", *options, str(program), work, str(times)]
        subprocess.run(command, check=True, timeout=300)
        return read(out.read_text(encoding="utf-8"))


def count(program: Path) -> Counts:
    """What each piece of work takes once."""
    counts: Counts = {}
    for work in WORKS:
        few, many = run(program, work, FEW), run(program, work, MANY)
        instructions, allocations = ((more - less) // (MANY - FEW) for less, more in zip(few, many, strict=True))
        counts[work] = {"instructions": instructions, "allocations": allocations}
    return counts


def accepted(kept: Counts, changelog: str) -> Counts:
    """What is kept, and what the changelog accepts beyond it."""
    limits = {work: dict(kinds) for work, kinds in kept.items()}
    for work, kind, number in re.findall(r"counts: (W\d) (instructions|allocations) (\d+)", changelog):
        limits[work][kind] = max(limits[work][kind], int(number))
    return limits


def grown(counts: Counts, limits: Counts) -> list[str]:
    """What takes over a tenth more than is accepted."""
    return [
        f"{work} ({WORKS[work]}): {number} {kind}, accepted are {limits[work][kind]} and a tenth more"
        for work, kinds in counts.items()
        for kind, number in kinds.items()
        if number > limits[work][kind] * TOLERANCE
    ]


def main() -> None:
    """Count and compare, or keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the counts of now")
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        print("valgrind is not installed: instructions and allocations were not counted")
        return
    counts = count(build())
    for work, kinds in counts.items():
        print(f"{work} {WORKS[work]:<20}{kinds['instructions']:>12} instructions{kinds['allocations']:>10} allocations")
    if options.write:
        KEPT.write_text(json.dumps(counts, indent=2) + "\n", encoding="utf-8")
        return
    limits = accepted(json.loads(KEPT.read_text(encoding="utf-8")), CHANGELOG.read_text(encoding="utf-8"))
    problems = grown(counts, limits)
    if problems:
        sys.exit("\n".join([*problems, "make it smaller, or say in CHANGELOG.md why not: see scripts/counts.py"]))


if __name__ == "__main__":
    main()
