"""``request_passwords`` over an executor."""

from __future__ import annotations

from infosecops._bulk_parts import BulkParts
from infosecops._executors import Shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor
    from typing import Any

    from infosecops._infosecops import AccountRequest
    from infosecops.sectona import AsyncSectona, Sectona
    from infosecops.types import PasswordOptions

__all__ = ["handed_out"]

_PARTS_PER_WORKER = 4
_LARGEST = 50
"""A worker that dies takes with it what is known of a part."""


def handed_out(
    client: Sectona | AsyncSectona,
    accounts: list[AccountRequest],
    *,
    executor: Executor,
    call: Callable[..., Any],
    options: PasswordOptions,
) -> tuple[Shared, BulkParts]:
    """Divide requests that were checked."""
    of_each = {name: value for name, value in options.items() if name != "on_progress"}
    shared = Shared(executor, client, call, {**of_each, "on_partial": "return"})
    parts = BulkParts(
        client,
        "request_passwords",
        accounts,
        accounts,
        things="requests",
        size=min(-(-len(accounts) // (shared.workers * _PARTS_PER_WORKER)), _LARGEST),
        recipe="the vault may have recorded the request; its log tells, and asking again is recorded again",
    )
    return shared, parts
