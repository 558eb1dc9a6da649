"""The example notebooks: tidy in the tree, run by a real kernel, no secret in what they keep, rendered as they are."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

for needed in ("ipykernel", "nbclient", "pandas", "matplotlib", "tqdm", "ipywidgets"):
    pytest.importorskip(needed, reason="what notebooks need is not installed")

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "scripts"))

import notebooks  # noqa: E402

NAMES = ["bamboo_agents", "governance_lifecycle", "joined", "sd_elements", "sectona"]
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")
# Each notebook calls its sandbox `box`.
TELL_SECRETS = """
import json, os, pathlib
from test_matrix_secrets import canaries_of
pathlib.Path(os.environ["SECRETS_GO_TO"]).write_text(json.dumps(canaries_of(box)))
"""


def test_no_notebook_is_forgotten() -> None:
    assert [path.stem for path in notebooks.paths()] == NAMES
    assert sorted(path.stem for path in notebooks.PAGES.glob("*.md")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_stored_tidy_and_without_outputs(name: str) -> None:
    path = notebooks.EXAMPLES / f"{name}.ipynb"
    assert path.read_text(encoding="utf-8") == notebooks.tidied(path), "run `make notebooks`"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
    assert cells[0]["source"][0].startswith("# ")


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_keeps_no_secret_and_is_rendered_so(name: str, tmp_path: Path) -> None:
    told = tmp_path / "secrets.json"
    done = notebooks.executed(notebooks.EXAMPLES / f"{name}.ipynb", last=TELL_SECRETS, SECRETS_GO_TO=str(told))
    secrets = json.loads(told.read_text(encoding="utf-8"))
    assert len(secrets) > 10
    page, pictures = notebooks.rendered(name, done)
    for text in (json.dumps(done, ensure_ascii=False), json.dumps(done), page):
        assert [number for number, secret in enumerate(secrets) if secret in text] == []
    stored = notebooks.PAGES / f"{name}.md"
    assert page == stored.read_text(encoding="utf-8"), "run `make notebooks`"
    assert all((notebooks.PAGES / picture).read_bytes().startswith(b"\x89PNG") for picture in pictures)
    assert [target for target in LINK.findall(page) if not (notebooks.PAGES / target).exists()] == []


def test_a_secret_that_is_printed_would_be_found(tmp_path: Path) -> None:
    path = tmp_path / "leak.ipynb"
    lines = ["from infosecops.sandbox import Sandbox\n", "box = Sandbox().start()\n", "box.sd_elements.token.reveal()"]
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": lines}]}), encoding="utf-8")
    path.write_text(notebooks.tidied(path), encoding="utf-8")
    told = tmp_path / "secrets.json"
    done = notebooks.executed(path, last=TELL_SECRETS, SECRETS_GO_TO=str(told))
    secrets = json.loads(told.read_text(encoding="utf-8"))
    assert any(secret in json.dumps(done) for secret in secrets)
    assert len(done["cells"]) == 1
