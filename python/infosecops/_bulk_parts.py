"""Bulk calls that give a :class:`BulkResult`, divided for an executor and put together again."""

from __future__ import annotations

from infosecops._bulk import BulkEntry, BulkResult
from infosecops._executors import error_of
from infosecops.errors import AuthenticationError, Error, PartialFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal

    from infosecops._client import BaseClient

__all__ = ["BulkParts"]


class BulkParts:
    """Inputs in parts of the same size.

    Args:
        client: Whose call it is.
        operation: Its public name.
        inputs: As the result has them.
        sent: As the call of a part takes them.
        things: What they are, in the plural.
        size: How many go into a part.
        recipe: What to do about inputs without an answer.
    """

    def __init__(  # noqa: PLR0913
        self,
        client: BaseClient,
        operation: str,
        inputs: Sequence[Any],
        sent: Sequence[Any],
        *,
        things: str,
        size: int,
        recipe: str,
    ) -> None:
        self._client = client
        self.operation = operation
        self.recipe = recipe
        self._things = things
        self._inputs = inputs
        self._sent = sent
        self._size = max(size, 1)

    def __len__(self) -> int:
        return (len(self._inputs) + self._size - 1) // self._size

    def _of(self, all_of_them: Sequence[Any], number: int) -> list[Any]:
        return list(all_of_them[number * self._size : (number + 1) * self._size])

    def inputs(self, number: int) -> tuple[object, ...]:
        """The arguments of the call of one part."""
        return (self._of(self._sent, number),)

    def count(self, number: int) -> int:
        """How many inputs one part has."""
        return len(self._of(self._inputs, number))

    def undone(self, result: BulkResult[Any, Any], /) -> int:
        """How many of a part's inputs gave nothing."""
        return result.total - len(result.succeeded)

    def is_last(self, answer: BulkResult[Any, Any] | Error, /) -> bool:
        """Whether the server refused the credential, and would again."""
        if isinstance(answer, Error):
            return isinstance(answer, AuthenticationError)
        return not answer.succeeded and any(isinstance(entry.error, AuthenticationError) for entry in answer)

    def merged(
        self, answers: list[BulkResult[Any, Any] | Error], on_partial: Literal["raise", "return"]
    ) -> BulkResult[Any, Any]:
        """One result of them all.

        Raises:
            PartialFailure: Not everything came back.
        """
        entries: list[BulkEntry[Any, Any]] = []
        for number, answer in enumerate(answers):
            for place, given in enumerate(self._of(self._inputs, number)):
                value, error = (
                    (None, answer) if isinstance(answer, Error) else (answer[place].value, answer[place].error)
                )
                entries.append(BulkEntry(len(entries), given, value, error))
        result = BulkResult(entries)
        if on_partial == "raise" and not result.ok:
            raise self._partial_failure(result)
        return result

    def _partial_failure(self, result: BulkResult[Any, Any]) -> PartialFailure:
        first = next(entry for entry in result if entry.error is not None)
        text = f"{len(result.failed)} of {result.total} {self._things} failed"
        outcome = "rejected"
        if result.unknown:
            text += f", and the fate of {len(result.unknown)} is not known"
            outcome = "unknown"
        elif all(entry.error is not None and entry.error.outcome == "not_sent" for entry in result.failed):
            outcome = "not_sent"
        hint = "result.succeeded has what was done; result.failed and result.unknown are what to look at again"
        text += f"; the first is input {first.index}: {first.error}"
        error = error_of(PartialFailure, self._client, self.operation, text, outcome=outcome, hint=hint)
        error.result = result
        return error
