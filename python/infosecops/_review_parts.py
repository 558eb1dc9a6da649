"""A review update, divided for an executor: a part is what goes into one request."""

from __future__ import annotations

from infosecops._infosecops import ReviewUpdate
from infosecops.errors import AuthenticationError, ConflictError, Error, NotFoundError, PermissionDeniedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from infosecops._infosecops import ReviewPlan

__all__ = ["ReviewParts"]

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
            answer
            if isinstance(answer, ReviewUpdate)
            else (answer.outcome not in ("not_sent", "rejected"), str(answer))
            for answer in answers
        ]
