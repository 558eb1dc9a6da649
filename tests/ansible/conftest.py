"""Real ansible-core against the sandbox: playbooks run as users run them; what they print is searched for secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ansible_run import Ansible
from infosecops.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def ansible(box: Sandbox, tmp_path: Path) -> Ansible:
    return Ansible(box, tmp_path)
