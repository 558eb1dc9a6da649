"""How much a test does: a little in `make test`, a lot under `make soak`, which also collects figures."""

from __future__ import annotations

import json
import os
from pathlib import Path

SOAK = bool(os.environ.get("INFOSECOPS_SOAK"))


def scaled(short: int, long: int) -> int:
    """The number of rounds."""
    return long if SOAK else short


def note(topic: str, what: str, figure: str) -> None:
    """Keep a figure for the report of `make soak`."""
    if target := os.environ.get("INFOSECOPS_FIGURES"):
        with Path(target).open("a", encoding="utf-8") as file:
            file.write(json.dumps([topic, what, figure]) + "\n")
