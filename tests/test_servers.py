"""Tests that need a program which is not there: skipped for all to see, or failed where it must be there."""

from __future__ import annotations

import shutil

import pytest
from servers import REQUIRED, Nginx, program


def test_a_missing_program_is_a_visible_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(REQUIRED, raising=False)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(pytest.skip.Exception, match="nginx is not installed"):
        Nginx("http://127.0.0.1:9")


def test_where_it_must_be_there_it_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REQUIRED, "1")
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(pytest.fail.Exception, match=f"nginx is not installed, and {REQUIRED} is set"):
        program("nginx")
