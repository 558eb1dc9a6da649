"""How the examples of a property are made: anew in every run, but always the same in CI."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# Servers of their own and a debug build make examples slow. Nothing is kept between runs.
EXAMPLES = settings(
    max_examples=100,
    deadline=None,
    derandomize="CI" in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)
