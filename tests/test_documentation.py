"""The documentation: its examples run, its tables are whole, its links lead somewhere."""

from __future__ import annotations

import inspect
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import infosecops
import pytest
from infosecops import errors, governance_lifecycle
from infosecops._infosecops import Settings, setting_names
from infosecops.bamboo_agents import Agents, Tokens
from infosecops.sandbox import Sandbox
from infosecops.sd_elements import Connections, ConnectionsOfKind, Jobs, JobsOfKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from servers import Authority

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "scripts"))

import doc_examples  # noqa: E402

DOCUMENTS = doc_examples.documents()
README = (ROOT / "README.md").read_text(encoding="utf-8")
CLIENTS = (
    infosecops.GovernanceLifecycle,
    infosecops.SDElements,
    infosecops.Sectona,
    infosecops.BambooAgents,
)
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")
KEYWORDS = {
    "timeout": 1.0,
    "connect_timeout": 1.0,
    "retry": infosecops.Retry(),
    "ca_file": None,
    "client_cert": None,
    "proxy": None,
    "allow_http": False,
    "danger_accept_invalid_certs": False,
    "max_response_bytes": 1,
    "max_connections": 1,
    "user_agent": None,
    "headers": None,
    "on_event": None,
}


@pytest.mark.parametrize("name", doc_examples.module_names())
def test_doctests_of_a_module_pass(name: str) -> None:
    _, problem = doc_examples.problems_of_module(name)
    assert not problem, problem


@pytest.mark.parametrize("block", [block for path in DOCUMENTS for block in doc_examples.blocks_of(path)], ids=str)
def test_an_example_runs_and_prints_what_the_page_says(block: doc_examples.Block) -> None:
    for library in re.findall(r"^import (polars|pandas|pyarrow|duckdb)$", block.source, re.MULTILINE):
        pytest.importorskip(library)
    problem = doc_examples.problem_of_block(block)
    assert not problem, problem


@pytest.mark.parametrize(
    "path", [path for path in DOCUMENTS if doc_examples.blocks_of(path)], ids=lambda path: path.name
)
def test_the_examples_of_a_page_run_in_their_order_against_one_sandbox(path: Path) -> None:
    for block in doc_examples.blocks_of(path):
        for library in re.findall(r"^import (polars|pandas|pyarrow|duckdb)$", block.source, re.MULTILINE):
            pytest.importorskip(library)
    problem = doc_examples.problem_of_page(path)
    assert not problem, problem


def test_an_example_takes_rights_away_from_its_own_token_alone() -> None:
    with Sandbox() as box:
        before = {token.name: (token.read, token.change) for token in box.bamboo_agents().tokens.list()}
        for block in doc_examples.blocks_of(ROOT / "README.md"):
            if "BambooAgents" in block.source:
                assert not doc_examples.problem_of_block(block, box)
        after = {token.name: (token.read, token.change) for token in box.bamboo_agents().tokens.list()}
    assert {name: after[name] for name in before} == before
    assert after["chef nodes"] == (False, False)


def test_every_client_has_doctests_and_two_examples_in_the_readme() -> None:
    for module in ("governance_lifecycle", "sd_elements", "sectona", "bamboo_agents"):
        assert doc_examples.problems_of_module(f"infosecops.{module}")[0]
    sources = [block.source for block in doc_examples.blocks_of(ROOT / "README.md")]
    for client in ("GovernanceLifecycle", "SDElements", "Sectona", "BambooAgents"):
        for name in (client, f"Async{client}"):
            assert any(f" {name}(" in source for source in sources), name


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ("```python\n1 / 0\n```\n", "ZeroDivisionError"),
        ("# Title\n\n```python\nprint(1)\n```\n\n```text\n2\n```\n", "the document says\n2"),
        ("```python\ndef test_x(box):\n    assert not box.running\n```\n", "AssertionError"),
        ("```python\nimport os\nfrom infosecops import SDElements\nSDElements(os.environ['X_URL'])\n```\n", "X_URL"),
        ("```python\n1 +\n```\n", "SyntaxError"),
    ],
)
def test_a_broken_example_is_found(tmp_path: Path, page: str, problem: str) -> None:
    path = tmp_path / "page.md"
    path.write_text(page, encoding="utf-8")
    (block,) = doc_examples.blocks_of(path)
    assert problem in doc_examples.problem_of_block(block)


def test_a_traceback_names_the_line_of_the_document(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("one\n\n```python\nx = 1\nraise ValueError\n```\n", encoding="utf-8")
    (block,) = doc_examples.blocks_of(path)
    assert f'"{path}", line 5' in doc_examples.problem_of_block(block)


def test_the_error_page_lists_every_class() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert [name for name in errors.__all__ if f"| `{name}` |" not in page] == []


def test_the_readme_lists_every_keyword_that_the_native_module_takes() -> None:
    table = README.partition("## Common keywords")[2].partition("\n## ")[0]
    for keyword, value in KEYWORDS.items():
        Settings("sectona", "https://pam.example.com", {keyword: value})
        assert f"`{keyword}`" in table, keyword
    listed = re.findall(r"^\| (`[^|]*`) \|", table, re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", " ".join(listed))) == sorted(KEYWORDS)


CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
SYSTEMS = ("governance_lifecycle", "sd_elements", "sectona", "bamboo_agents")


def rows(heading: str) -> set[tuple[str, str, str]]:
    table = CONFIGURATION.partition(f"\n### {heading}")[2].partition("\n### ")[0]
    return set(re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", table, re.MULTILINE))


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_page_on_settings_lists_exactly_what_is_looked_for(system: str) -> None:
    heading = next(line for line in CONFIGURATION.splitlines() if line.endswith(f"`[….{system}]`"))
    shared = {(name, kind, variables.replace("…", system.upper())) for name, kind, variables in rows("All systems")}
    expected = {
        (name, kind, ", ".join(f"`{variable}`" for variable in variables) or "profiles only")
        for name, kind, variables in setting_names(system)
    }
    assert rows(heading.removeprefix("### ")) | shared == expected
    assert not rows(heading.removeprefix("### ")) & shared


@pytest.mark.parametrize("document", ["README.md", "docs/configuration.md"])
def test_profiles_in_the_documentation_are_read(
    document: str, profiles: Callable[..., Path], authority: Authority
) -> None:
    found = re.findall(r"^```toml\n(.*?)^```$", (ROOT / document).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    text = "".join(found)
    file = profiles(text)
    shutil.copy(authority.file, file.parent / "private-ca.pem")
    tables = re.findall(r"^\[(\w+)\.(\w+)\]$", text, re.MULTILINE)
    assert tables
    for profile, system in tables:
        client = next(cls for cls in CLIENTS if cls._system == system)
        report = client.from_profile(profile).config_report()
        assert any(entry.source.endswith(f"[{profile}.{system}]") for entry in report)


def public(cls: type) -> Iterator[str]:
    return (name for name, _ in inspect.getmembers(cls, inspect.isfunction) if not name.startswith("_"))


@pytest.mark.parametrize(
    ("cls", "prefix"),
    [
        (governance_lifecycle.GovernanceLifecycle, ""),
        (infosecops.Sectona, ""),
        (Jobs, "jobs."),
        (JobsOfKind, "jobs.alm."),
        (Connections, "connections."),
        (ConnectionsOfKind, "connections.alm."),
        (Tokens, "tokens."),
        (Agents, "agents."),
    ],
)
def test_the_table_of_operations_has_every_method(cls: type, prefix: str) -> None:
    table = README.partition("## Operations")[2].partition("\n## ")[0]
    expected = [prefix + name for name in public(cls) if name not in {"close", "config_report", "kind"}]
    assert [name for name in expected if not re.search(rf"`{re.escape(name)}[`(]", table)] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files_that_exist(path: Path) -> None:
    targets = LINK.findall(path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []
