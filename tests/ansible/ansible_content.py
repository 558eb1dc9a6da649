"""What the installed collection holds."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Any

import infosecops
import yaml

COLLECTION = Path(infosecops.__file__).parent.parent / "ansible_collections" / "infosecops" / "secops"

DECISIONS = """\
state,reviewee,kind,name,business_source,comments
revoke,achen,group,Auditors,CyberArk (REST),left on Friday
"""


@cache
def documented() -> dict[tuple[str, str], dict[str, Any]]:
    """Of every module and plugin: its documentation, examples (as text) and what it returns."""
    found = {}
    for folder in ("modules", "lookup", "inventory"):
        for path in sorted((COLLECTION / "plugins" / folder).glob("*.py")):
            texts = constants(path)
            found[folder.removesuffix("s"), path.stem] = {
                "documentation": yaml.safe_load(texts["DOCUMENTATION"]),
                "examples": texts["EXAMPLES"],
                "return": yaml.safe_load(texts.get("RETURN", "{}")),
            }
    return found


def constants(path: Path) -> dict[str, str]:
    """The texts that a file assigns at its top."""
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            (target,) = node.targets
            assert isinstance(target, ast.Name)
            found[target.id] = node.value.value
    return found
