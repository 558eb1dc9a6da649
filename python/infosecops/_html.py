"""What notebooks show instead of ``repr``: tables of records, results with a bar, errors, clients.

Every value is escaped, long ones are cut, and secrets are masked: only what ``to_dict()`` and ``str`` of a secret give
comes here. Colours are those of the theme around it, light or dark. Nothing here sends a request.
"""

from __future__ import annotations

from html import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, Literal

    from infosecops._bulk import BulkResult
    from infosecops._client import BaseClient
    from infosecops._infosecops import Job, JournalEntry, ReviewUpdate
    from infosecops.errors import Error

ROWS_MAX = 50
"""More rows are counted, not shown."""
TEXT_MAX = 200
"""Characters of one value."""

GREEN, RED, AMBER, GREY = "#2e9e5b", "#d64545", "#c98a00", "#8a8a8a"
CELL = "text-align:left;vertical-align:top;padding:2px 10px 2px 0;"
NOTE = "opacity:0.7;margin:2px 0"


def table(names: Sequence[str], rows: Iterable[Sequence[object]], total: int) -> str:
    """Rows under a head. What there is beyond the rows given is counted."""
    head = "".join(f'<th style="{CELL}">{text(name)}</th>' for name in names)
    shown = [list(row) for _, row in zip(range(ROWS_MAX), rows)]  # noqa: B905 - the shorter one ends it
    body = "".join(f"<tr>{''.join(cell(value) for value in row)}</tr>" for row in shown)
    more = f'<div style="{NOTE}">… {total - len(shown)} more</div>' if total > len(shown) else ""
    empty = "" if total else f'<div style="{NOTE}">none</div>'
    return f"<div><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}{empty}</div>"


def fields(title: str, values: Mapping[str, object]) -> str:
    """Names and values below a title."""
    rows = "".join(f'<tr><th style="{CELL}">{text(name)}</th>{cell(value)}</tr>' for name, value in values.items())
    return f"<div><b>{text(title)}</b><table><tbody>{rows}</tbody></table></div>"


def cell(value: object) -> str:
    """One value in a table."""
    return f'<td style="{CELL}">{text(value)}</td>'


def text(value: object) -> str:
    """A value, cut and escaped."""
    shown = "" if value is None else str(value)
    if len(shown) > TEXT_MAX:
        shown = f"{shown[:TEXT_MAX]}…"
    return escape(shown)


def badge(word: str, colour: str) -> str:
    """A word that stands out."""
    style = f"border:1px solid {colour};color:{colour};border-radius:8px;padding:0 8px;font-size:90%"
    return f'<span style="{style}">{text(word)}</span>'


def bar(counts: Mapping[str, int]) -> str:
    """Succeeded, failed and unknown as parts of a line, with their numbers below."""
    colours = {"succeeded": GREEN, "failed": RED, "unknown": AMBER}
    total = sum(counts.values()) or 1
    parts = "".join(
        f'<span title="{text(name)}: {count}" '
        f'style="flex:{count / total:.4f};min-width:3px;background:{colours[name]}"></span>'
        for name, count in counts.items()
        if count
    )
    words = " ".join(f"{badge(f'{count} {name}', colours[name] if count else GREY)}" for name, count in counts.items())
    line = '<div style="display:flex;width:320px;height:8px;border-radius:4px;overflow:hidden;margin:6px 0">'
    return f"{line}{parts}</div><div>{words}</div>"


def shown(value: Any) -> str:  # noqa: ANN401 - any record
    """A record of the native module."""
    name = type(value).__name__
    special: dict[str, Callable[[Any], str]] = {
        "Job": job,
        "ReviewUpdate": review_update,
        "JournalEntry": journal_entry,
    }
    return special[name](value) if name in special else fields(name, plain(value.to_dict()))


def plain(values: Mapping[str, object]) -> dict[str, object]:
    """The values that say something."""
    return {name: value for name, value in values.items() if value not in (None, {}, [])}


def state_of(value: Job) -> tuple[str, str]:
    """How a job is, and in which colour."""
    if not value.ready:
        return "pending", AMBER
    return ("succeeded", GREEN) if value.succeeded else ("failed", RED)


def job(value: Job) -> str:
    """A job with its state."""
    known = value.to_dict()
    connection: dict[str, object] = known.pop("connection") or {}
    known = {name: known[name] for name in ("result_message", "last_run", "user", "automatic")}
    known["connection"] = " ".join(str(connection.get(name) or "") for name in ("id", "alias", "system")).strip()
    title = f"<b>Job {text(value.id)}</b> {text(value.kind)} {badge(*state_of(value))}"
    return f"<div>{title}{fields('', plain(known))}</div>"


def review_update(value: ReviewUpdate) -> str:
    """How many items were changed, and which were not."""
    counts = value.counts
    left: list[list[object]] = []
    fates: tuple[Literal["failed", "unknown"], ...] = ("failed", "unknown")
    for fate in fates:
        for _, entry in zip(range(ROWS_MAX - len(left)), value.iter_results(fate)):  # noqa: B905 - no more than fit
            change = entry.change
            item = " ".join(str(part) for part in change.to_dict()["item"].values())
            left.append([entry.index, fate, change.state, change.reviewee, item, entry.reason])
    title = f"<b>{value.updated} of {value.total} items updated</b>"
    names = ["index", "fate", "state", "reviewee", "item", "reason"]
    rest = table(names, left, counts["failed"] + counts["unknown"]) if left else ""
    return f"<div>{title}{bar(counts)}{rest}</div>"


def bulk_result(value: BulkResult[Any, Any]) -> str:
    """How many inputs succeeded, and what became of the others."""
    counts = {name: len(getattr(value, name)) for name in ("succeeded", "failed", "unknown")}
    left = [(fate, entry) for fate in ("failed", "unknown") for entry in getattr(value, fate)]
    rows = ([entry.index, fate, entry.input, entry.error] for fate, entry in left)
    rest = table(["index", "fate", "input", "why"], rows, len(left)) if left else ""
    return f"<div><b>{counts['succeeded']} of {value.total} succeeded</b>{bar(counts)}{rest}</div>"


def journal_entry(value: JournalEntry) -> str:
    """One request that the sandbox received."""
    return fields(f"Request {value.sequence}", plain(value.to_dict()))


def journal(entries: Sequence[JournalEntry]) -> str:
    """What the sandbox received, the newest last."""
    names = ["sequence", "system", "operation", "method", "target", "status", "applied"]
    newest = entries[-ROWS_MAX:]
    return table(names, ([getattr(entry, name) for name in names] for entry in newest), len(entries))


def error(value: Error) -> str:
    """What went wrong, whether it was applied, and what to do."""
    colours = {"not_sent": GREEN, "rejected": RED, "unknown": AMBER}
    outcome = badge(value.outcome, colours[value.outcome]) if value.outcome else ""
    names = ("system", "operation", "method", "url", "status", "code", "request_id", "attempts")
    known = {name: getattr(value, name) for name in names}
    known["next step"] = value.hint
    head = f"<b>{text(type(value).__name__)}</b> {outcome}<div>{escape(str(value))}</div>"
    return f"<div>{head}{fields('', plain(known))}</div>"


def client(value: BaseClient) -> str:
    """Where a client leads, and the settings that somebody gave."""
    rows = [[entry.name, entry.value, entry.source] for entry in value.config_report() if entry.source != "default"]
    title = f"<b>{text(type(value).__name__)}</b> {text(value.url)}"
    return f"<div>{title}{table(['setting', 'value', 'given by'], rows, len(rows))}</div>"


def unread(value: object) -> str:
    """A list that was not fetched."""
    return (
        f'<div><code>{escape(repr(value))}</code><div style="{NOTE}">call .collect() to see it as a table</div></div>'
    )
