"""HTML for notebooks."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["table"]


def table(names: Sequence[str], rows: Iterable[Sequence[object]], total: int) -> str:
    """Draw the rows that are given of a table that has ``total`` of them."""
    from html import escape

    def line(tag: str, cells: Sequence[object]) -> str:
        inside = "".join(f"<{tag}>{'' if cell is None else escape(str(cell))}</{tag}>" for cell in cells)
        return f"<tr>{inside}</tr>"

    lines = [line("td", cells) for cells in rows]
    more = f"<p>… {total - len(lines)} more</p>" if total > len(lines) else ""
    return f"<table><thead>{line('th', names)}</thead><tbody>{''.join(lines)}</tbody></table>{more}"
