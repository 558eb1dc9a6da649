"""Run the matrix, every operation with every fault, and write what came of it to docs/matrix.md."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "matrix.md"
# In front of this folder, which has a module of the same name.
sys.path.insert(0, str(ROOT / "tests"))

HEAD = """# What happens when something goes wrong

Written by `make matrix`, which tries every operation with every fault against the sandbox, through the sync client and
through its `Async` twin. `tests/test_matrix.py` holds the results against what the effects demand.

A cell says how many requests went over the wire, and how the call ended:

| Cell | Meaning |
|---|---|
| `ok` | one request, and the call succeeded |
| `2 ok` | the call succeeded with the second request |
| `1 rej` | one request, and an error with an `outcome` of `rejected`: the server said no |
| `3 unk` | three requests (`Retry()` allows no more), and an `outcome` of `unknown`: it may have been applied |
| `0 not` | none, and an `outcome` of `not_sent`: safe to repeat |
| (empty) | the pair means nothing |

Requests that come before, such as the list of `tokens.ensure`, are not counted. A column stands for all faults that
have the same cells in its table. A fault strikes every request, unless its name says `once`.

The effect decides, not the HTTP verb: a *read* changes nothing; repeating an *idempotent* request leads to the same
state; an *unsafe* one may be applied twice; an *audited* one is recorded each time.
"""
LOGS_IN = """
An expired token was refused unread, so the client logs in, which is not counted, and sends once more.
"""


def text_of(cell: Any) -> str:  # noqa: ANN401 - the classes of the test's modules are not known here
    """How one call ended."""
    row, error = cell.row, cell.error
    if cell.broken:
        raise cell.broken
    requests = cell.wire[len(row.lead) :].count(row.struck)
    if error is None:
        return "ok" if requests == 1 else f"{requests} ok"
    return f"{requests} {({'rejected': 'rej', 'unknown': 'unk', 'not_sent': 'not'})[error.outcome]}"


def table_of(rows: list[Any], faults: list[Any], texts: dict[tuple[str, str], str]) -> str:
    """One system's rows; faults that make no difference share a column."""
    columns: dict[tuple[str, ...], list[str]] = {}
    for fault in faults:
        column = tuple(texts.get((str(row), str(fault)), "") for row in rows)
        if any(column):
            columns.setdefault(column, []).append(str(fault))
    heads = ["Operation", "Effect", *("; ".join(names) for names in columns.values())]
    lines = [heads, ["---"] * len(heads)]
    for number, row in enumerate(rows):
        name = f"`{row.operation}`{', ' if row.note else ''}{row.note}"
        lines.append([name, row.effect, *(column[number] for column in columns)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def page(cells: list[Any]) -> str:
    """The page."""
    matrix, faults = import_module("matrix"), import_module("matrix_faults").available()
    texts: dict[tuple[str, str], str] = {}
    for cell in cells:
        key, text = (str(cell.row), str(cell.fault)), text_of(cell)
        if texts.setdefault(key, text) != text:
            raise SystemExit(f"{cell}: {text}, but {texts[key]} through the other twin")
    parts = [HEAD]
    for system, title in matrix.TITLES.items():
        rows = [row for row in matrix.ROWS if row.system == system]
        parts.append(f"\n## {title}\n{LOGS_IN if system == matrix.GL else ''}\n{table_of(rows, faults, texts)}")
    return "".join(parts)


def main() -> None:
    """Run it, print the page and write it."""
    runner = import_module("matrix_run")
    text = page(runner.run(runner.everything()))
    PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
