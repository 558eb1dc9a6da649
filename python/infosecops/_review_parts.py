"""A review update, divided for an executor: a part is what goes into one request."""

from __future__ import annotations

from infosecops._executors import Shared
from infosecops._infosecops import ReviewUpdate
from infosecops.errors import AuthenticationError, ConflictError, Error, NotFoundError, PermissionDeniedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor
    from typing import Any

    from infosecops._infosecops import Operation, ReviewPlan
    from infosecops.governance_lifecycle import AsyncGovernanceLifecycle, GovernanceLifecycle
    from infosecops.types import Changes, ReviewOptions

__all__ = ["ReviewParts", "handed_out", "planned"]

_NOT_DONE = ("not_sent", "rejected")
_OF_ALL = (AuthenticationError, ConflictError, NotFoundError, PermissionDeniedError)
"""What a server says of the review or the caller: it would say so to every part."""


class ReviewParts:
    """The changes of a plan, a part for each request."""

    operation = "update_review_items"
    recipe = "repeat the same changes with same_state_ok=True: those that were applied count as done then"

    def __init__(self, review: str, plan: ReviewPlan) -> None:
        self._review = review
        self._plan = plan

    def __len__(self) -> int:
        return (self._plan.total + self._plan.size - 1) // self._plan.size

    def inputs(self, number: int) -> tuple[object, ...]:
        """The arguments of the call of one part."""
        return self._review, self._plan.part(number)

    def count(self, number: int) -> int:
        """How many changes one part has."""
        return min(self._plan.size, self._plan.total - number * self._plan.size)

    def undone(self, result: ReviewUpdate, /) -> int:
        """How many of a part's changes are not known to be done."""
        counts = result.counts
        return counts["failed"] + counts["unknown"]

    def is_last(self, answer: object, /) -> bool:
        """Whether the server refused the review or the caller."""
        return isinstance(answer, _OF_ALL)

    def told(self, answers: list[ReviewUpdate | Error]) -> list[ReviewUpdate | tuple[bool, str]]:
        """The answers for the native half, which makes one result of them."""
        return [
            answer if isinstance(answer, ReviewUpdate) else (answer.outcome not in _NOT_DONE, str(answer))
            for answer in answers
        ]


def planned(  # noqa: PLR0913
    client: GovernanceLifecycle | AsyncGovernanceLifecycle,
    review: str,
    changes: Changes,
    *,
    chunk_size: int | None,
    on_partial: str,
    dry_run: bool,
    told: Callable[[int, int, int], object] | None,
    options: ReviewOptions,
) -> Operation[ReviewPlan]:
    """Check everything before anything is handed out; gives the call that reads the changes."""
    native = client._native  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    native.update_review_items(
        review, (), chunk_size=chunk_size, on_partial=on_partial, dry_run=dry_run, on_progress=told, **options
    )
    return native.plan_review_update(review, changes, chunk_size=chunk_size, on_partial=on_partial, **options)


def handed_out(  # noqa: PLR0913
    client: GovernanceLifecycle | AsyncGovernanceLifecycle,
    review: str,
    plan: ReviewPlan,
    *,
    executor: Executor,
    call: Callable[..., Any],
    options: ReviewOptions,
) -> tuple[Shared, ReviewParts]:
    """Divide changes that were checked."""
    return Shared(executor, client, call, {**options, "on_partial": "return"}), ReviewParts(review, plan)
