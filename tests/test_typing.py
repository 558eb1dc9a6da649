"""The sample that type checkers read does run, and leaves no public name out."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import infosecops
import infosecops.sandbox
import pytest
import typing_sample

SAMPLE = Path(typing_sample.__file__).parent


@pytest.mark.skipif(sys.version_info < (3, 10), reason="the sample is written for CPython 3.10")
def test_the_sample_runs() -> None:
    assert typing_sample.main() == infosecops.__version__


def used_names() -> set[str]:
    """Names and attributes that stand in code that runs, outside imports."""
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in SAMPLE.glob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return names | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("package", [infosecops, infosecops.sandbox], ids=lambda package: package.__name__)
def test_the_sample_uses_every_public_name(package: object) -> None:
    assert set(package.__all__) - used_names() == set()


def test_type_checkers_find_the_types() -> None:
    folder = Path(infosecops.__file__).parent
    assert (folder / "py.typed").exists()
    assert (folder / "_infosecops.pyi").exists()
