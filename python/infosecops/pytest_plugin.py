"""A pytest plugin: the fixture ``infosecops_sandbox``, a sandbox of its own for every test that asks for it.

Example::

    def test_tokens(infosecops_sandbox):
        with infosecops_sandbox.bamboo_agents() as bamboo:
            bamboo.tokens.ensure("chef nodes")
        assert infosecops_sandbox.journal.count(operation="tokens.create") == 1
"""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from infosecops.sandbox import Sandbox


@pytest.fixture
def infosecops_sandbox() -> Iterator[Sandbox]:
    """A running infosecops sandbox: G&L, SD Elements, Sectona and Agent APIs for Bamboo on a loopback port."""
    from infosecops.sandbox import Sandbox

    with Sandbox() as box:
        yield box
