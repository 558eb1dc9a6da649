"""A program that uses every public name: type checkers read it in their strictest mode, and a test runs it."""

from __future__ import annotations

import asyncio

import infosecops
from infosecops.sandbox import Sandbox

from .asserted import assert_type
from .asynchronous import twins
from .bamboo import bamboo_agents
from .elements import sd_elements
from .failures import errors
from .governance import files, governance_lifecycle
from .settings import configuration
from .simulation import sandbox
from .vault import sectona


def main() -> str:
    with Sandbox() as box:
        governance_lifecycle(box)
        files()
        sd_elements(box)
        sectona(box)
        bamboo_agents(box)
        errors(box)
        configuration(box)
        sandbox(box)
    with Sandbox(bamboo_api="both") as box:
        asyncio.run(twins(box))
    return assert_type(infosecops.__version__, str)
