"""What is wrong with a coverage file, told before it is uploaded."""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import CoverageRule, check_coverage, equals
from test_governance_lifecycle import COVERAGE_OK, COVERAGE_PAGE_PYTHON, GL
from wire import Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable

BROKEN = "user_id='lbelkin'|user|1=1|app-role|name='Datadog'|\nuser_id='d'arcy'|user|1=1|ent|name='Dynatrace'\n"
BROKEN_TEXT = (
    "line 2, column 47: error: has 5 fields instead of 6; an empty privilege needs the | before it all the same\n"
    "rules: 2, errors: 1, warnings: 0"
)


@pytest.mark.parametrize("form", ["str", "bytes", "path", "bytearray"])
def test_every_form_of_a_file_is_checked(tmp_path: Path, form: str) -> None:
    def given(text: str) -> Any:
        file = tmp_path / "coverage.txt"
        file.write_bytes(text.encode())
        return {"str": text, "bytes": text.encode(), "path": file, "bytearray": bytearray(text.encode())}[form]

    fine = check_coverage(given(COVERAGE_PAGE_PYTHON))
    assert (fine.ok, fine.rules, fine.errors, fine.warnings, fine.problems) == (True, 2, 0, 0, [])
    report = check_coverage(given(BROKEN), type="monitor")
    assert (report.ok, report.errors, str(report)) == (False, 1, BROKEN_TEXT)
    (problem,) = report.problems
    assert (problem.line, problem.column, problem.field, problem.severity) == (2, 47, None, "error")
    report = check_coverage(given(BROKEN.replace("trace'\n", "trace'|\n")))
    (problem,) = report.problems
    assert (problem.line, problem.column, problem.field) == (2, 11, "reviewer")
    assert problem.problem == "the text goes on after its closing quote"
    assert "O''Neil" in problem.fix
    assert str(problem).startswith("line 2, column 11 (reviewer): error: the text goes on after its closing quote; ")


def test_rules_are_checked_as_they_are_written() -> None:
    rules = [CoverageRule(equals("user_id", "d'arcy"), "ent"), CoverageRule("jdoe", "ent", privilege="Review")]
    report = check_coverage(iter(rules))
    assert [(one.line, one.field, one.severity) for one in report.problems] == [
        (2, "reviewer", "error"), (2, "privilege", "warning"),
    ]  # fmt: skip
    assert pickle.loads(pickle.dumps(report)) == report
    assert report.to_dict()["problems"][0]["line"] == 2


def test_a_file_of_alternate_managers_is_left_alone() -> None:
    assert check_coverage("jdoe,asmith\n", type="altmanager").ok
    assert not check_coverage("jdoe,asmith\n").ok
    assert not check_coverage(b"j\xf6e", type="altmanager").ok


def test_nothing_is_sent_of_what_has_errors(connect: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "coverage.txt"
    file.write_text(BROKEN)
    with Wire(ok(COVERAGE_OK)) as wire:
        gl = connect(GL, wire.url, token="t")
        for coverage in (BROKEN, BROKEN.encode(), file, [CoverageRule("jdoe", "ent")]):
            with pytest.raises(infosecops.ConfigError, match=r"coverage: line \d, column ") as caught:
                gl.upload_coverage(coverage, type="reviewer", id=61, check=True)
            assert (caught.value.outcome, caught.value.operation) == ("not_sent", "upload_coverage")
        assert wire.connections == 0
        gl.upload_coverage(BROKEN, type="reviewer", id=61)
        gl.upload_coverage(COVERAGE_PAGE_PYTHON, type="reviewer", id=61, check=True)
        gl.upload_coverage("a=jdoe|user|1=1|ent|1=1|", type="reviewer", id=61, check=True)
        assert len(wire.requests) == 3, "warnings refuse nothing"


@pytest.mark.skipif(sys.platform == "win32", reason="has no named pipes in folders")
@pytest.mark.parametrize("options", [{}, {"check": True}], ids=["unchecked", "checked"])
def test_only_regular_files_are_read(connect: Callable[..., Any], tmp_path: Path, options: dict[str, bool]) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    wrong = {
        "pipe": "is no regular file",
        "link": "is no regular file",
        ".": "is no regular file",
        "gone": "No such file",
    }
    with Wire(ok(COVERAGE_OK)) as wire:
        gl = connect(GL, wire.url, token="t", timeout=60.0)
        for name, why in wrong.items():
            with pytest.raises(infosecops.ConfigError, match=f"coverage: cannot read .*: {why}") as caught:
                gl.upload_coverage(tmp_path / name, type="reviewer", id=61, **options)
            assert (caught.value.outcome, caught.value.operation) == ("not_sent", "upload_coverage")
        with pytest.raises(infosecops.ConfigError, match="coverage: must not be empty"):
            gl.upload_coverage(tmp_path / "empty", type="reviewer", id=61, **options)
        for device in ("/dev/null", "/dev/zero"):
            with pytest.raises(infosecops.ConfigError, match="is no regular file"):
                check_coverage(Path(device))
        assert wire.connections == 0


def test_the_deadline_ends_a_check(connect: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "coverage.txt"
    file.write_text(COVERAGE_PAGE_PYTHON + "\n" + "user_id='x'|user|1=1|ent|name='y'|\n" * 500_000)
    with Wire(ok(COVERAGE_OK)) as wire:
        gl = connect(GL, wire.url, token="t", timeout=0.01)
        with pytest.raises(
            infosecops.DeadlineExceeded, match=r"nothing was ready to be sent within 0\.010 s"
        ) as caught:
            gl.upload_coverage(file, type="reviewer", id=61, check=True)
        assert caught.value.outcome == "not_sent"
        assert wire.connections == 0
        gl = connect(GL, wire.url, token="t", timeout=60.0)
        gl.upload_coverage(file, type="reviewer", id=61, check=True)
        assert wire.only.body == file.read_bytes()


def test_what_cannot_be_checked_is_refused(tmp_path: Path) -> None:
    with pytest.raises(infosecops.ConfigError, match="type: must be"):
        check_coverage("x", type="owner")  # type: ignore[arg-type]
    with pytest.raises(infosecops.ConfigError, match="coverage: cannot read"):
        check_coverage(tmp_path / "nowhere")
    with pytest.raises(TypeError, match="coverage: must be"):
        check_coverage(5)  # type: ignore[arg-type]
