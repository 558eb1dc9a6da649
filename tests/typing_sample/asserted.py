"""What type checkers know of an expression, said where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["assert_type"]

if TYPE_CHECKING:
    from typing_extensions import assert_type
else:

    def assert_type(value, _):
        """Only type checkers look."""
        return value
