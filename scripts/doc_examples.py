"""Run every example of the documentation: the modules' doctests, and the fenced python blocks of the Markdown files.

A block runs alone, as a script, while a sandbox serves the four systems; then the blocks of each page run again in
their order, against one sandbox. The environment variables that examples read,
such as SDE_URL and SDE_TOKEN, lead to that sandbox. Functions named ``test_…`` are called with it. A ``text`` block
right behind a python block is what it must print.
"""

from __future__ import annotations

import doctest
import os
import re
import sys
import traceback
from contextlib import contextmanager, nullcontext, redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Generator

    from infosecops.sandbox import Sandbox

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(
    r"^```python\n(?P<source>.*?)^```$(?:\n+```text\n(?P<printed>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """One fenced python block."""

    path: Path
    line: int
    """Of its first line of code."""
    source: str
    printed: str | None
    """What it must print; None if the document does not say."""

    def __str__(self) -> str:
        place = self.path.relative_to(ROOT) if self.path.is_relative_to(ROOT) else self.path
        return f"{place}:{self.line}"


def documents() -> list[Path]:
    """All Markdown files that may hold examples."""
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def blocks_of(path: Path) -> list[Block]:
    """The python blocks of one file."""
    text = path.read_text(encoding="utf-8")
    found: list[Block] = []
    for fence in FENCE.finditer(text):
        line = text.count("\n", 0, fence.start("source")) + 1
        found.append(Block(path, line, fence["source"], fence["printed"]))
    return found


def module_names() -> list[str]:
    """The package's Python modules. The native one has no examples."""
    package = import_module("infosecops")
    inside = [f"infosecops.{module.name}" for module in iter_modules(package.__path__)]
    return ["infosecops", *(name for name in inside if name != "infosecops._infosecops")]


def problems_of_module(name: str) -> tuple[int, str]:
    """How many doctests a module has, and what is wrong with them; nothing if all is well."""
    module = import_module(name)
    report = StringIO()
    runner = doctest.DocTestRunner(verbose=False)
    for test in doctest.DocTestFinder(exclude_empty=True).find(module):
        runner.run(test, out=report.write)
    return runner.tries, report.getvalue()


def problem_of_block(block: Block, shared: Sandbox | None = None) -> str:
    """What is wrong with a block; nothing if all is well. It has a sandbox of its own unless one is given."""
    from infosecops.sandbox import Sandbox

    # Blank lines in front, so that a traceback names the line of the document.
    source = "\n" * (block.line - 1) + block.source
    namespace: dict[str, object] = {"__name__": "__main__"}
    printed = StringIO()
    try:
        code = compile(source, str(block.path), "exec", dont_inherit=True)
        with nullcontext(shared) if shared else Sandbox() as box, environment(box), redirect_stdout(printed):
            exec(code, namespace)  # noqa: S102
            for name, value in list(namespace.items()):
                if name.startswith("test_") and callable(value):
                    value(box)
    except Exception:  # noqa: BLE001
        return traceback.format_exc()
    if block.printed is not None and printed.getvalue().strip() != block.printed.strip():
        return f"It printed\n{printed.getvalue()}and the document says\n{block.printed}"
    return ""


def problem_of_page(path: Path) -> str:
    """What is wrong with the blocks of one page, run in their order as a reader would, against one sandbox."""
    from infosecops.sandbox import Sandbox

    with Sandbox() as box:
        problems = ((block, problem_of_block(block, box)) for block in blocks_of(path))
        return next((f"{block}: {problem}" for block, problem in problems if problem), "")


@contextmanager
def environment(box: Sandbox) -> Generator[None]:
    """The variables that examples read, while they run."""
    wiring: dict[str, str] = {
        "GL_URL": box.governance_lifecycle.url,
        "GL_USER": box.governance_lifecycle.username,
        "GL_PASSWORD": box.governance_lifecycle.password.reveal(),
        "SDE_URL": box.sd_elements.url,
        "SDE_TOKEN": box.sd_elements.token.reveal(),
        "SECTONA_URL": box.sectona.url,
        "SECTONA_KEY": box.sectona.access_key.reveal(),
        "BAMBOO_URL": box.bamboo_agents.url,
        "BAMBOO_USER": box.bamboo_agents.username,
        "BAMBOO_PASSWORD": box.bamboo_agents.password.reveal(),
        "BAMBOO_ACCESS_TOKEN": box.bamboo_agents.access_token.reveal(),
        # The sandbox is on this machine, whatever proxy stands between it and the world.
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    with mock.patch.dict(os.environ, wiring):
        yield


def main() -> int:
    """Run all of them, print what failed, and return the exit code."""
    failed = 0
    doctests = 0
    for name in module_names():
        count, problem = problems_of_module(name)
        doctests += count
        if problem:
            failed += 1
            print(f"{name}: {problem}")
    found = [block for path in documents() for block in blocks_of(path)]
    for block in found:
        if problem := problem_of_block(block):
            failed += 1
            print(f"{block}: {problem}")
    for path in documents():
        if problem := problem_of_page(path):
            failed += 1
            print(f"in order: {problem}")
    if not doctests or not found:
        print("no examples were found")
        return 1
    print(f"{doctests} lines of doctests, {len(found)} blocks: {failed or 'none'} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
