"""Takes a tour with both sides, and shows every step: what was sent, what came back, how long it took."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from urllib.parse import urlsplit

import infosecops
from infosecops.demo.stage import ANYTHING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from infosecops.demo.screen import Screen
    from infosecops.demo.stage import Exchange, Side, Step, Taken, Tour

MAX_LINE = 300
_COLUMNS = (10, 5, 4, 7, 5, 7, 7)


@dataclass
class Tally:
    """What is counted while a system is shown."""

    title: str
    operations: set[str] = field(default_factory=set[str])
    calls: int = 0
    good: int = 0
    refused: int = 0
    wrong: int = 0
    seconds: dict[str, float] = field(default_factory=dict[str, float])


def show_system(screen: Screen, title: str, base: str, sides: Sequence[Side], tour: Callable[[Side], Tour]) -> Tally:
    """Show all steps of a tour.

    Args:
        screen: Where to.
        title: The system's name.
        base: Its base URL, which is left out where paths are shown.
        sides: Those who take the tour; the first one's is shown in full.
        tour: Makes the steps for one side.
    """
    tally = Tally(title)
    tours = [(side, tour(side)) for side in sides]
    taken: dict[Side, Taken] = {}
    while True:
        try:
            steps = [(side, own.send(taken[side].result if side in taken else None)) for side, own in tours]
        except StopIteration:
            return tally
        step = steps[0][1]
        taken = {side: side.take(own) for side, own in (steps[:1] if step.once else steps)}
        _count(tally, step, taken)
        _show_step(screen, step, base, taken)
        if step.needed and any(one.mismatches and one.error for one in taken.values()):
            screen.line("The steps after this one need its result: they are left out.", first="    ")
            return tally


def show_summary(screen: Screen, tallies: Sequence[Tally]) -> None:
    """Show the table of what was counted."""
    screen.rule("Summary")
    _show_row(screen, ("", "operations", "calls", "ok", "refused", "wrong", "sync", "async"))
    for tally in tallies:
        counts = (len(tally.operations), tally.calls, tally.good, tally.refused, tally.wrong)
        seconds = (tally.seconds.get(name) for name in ("sync", "async"))
        times = ("-" if one is None else f"{one * 1000:.0f} ms" for one in seconds)
        _show_row(screen, (tally.title, *map(str, counts), *times))


def _show_row(screen: Screen, cells: Sequence[str]) -> None:
    numbers = (cell.rjust(_COLUMNS[place]) for place, cell in enumerate(cells[1:]))
    screen.pair(cells[0], " ".join(numbers))


def _count(tally: Tally, step: Step, taken: Mapping[Side, Taken]) -> None:
    tally.operations.add(step.operation)
    for side, one in taken.items():
        tally.calls += 1
        tally.seconds[side.name] = tally.seconds.get(side.name, 0.0) + one.seconds
        if one.mismatches:
            tally.wrong += 1
        elif step.refused:
            tally.refused += 1
        else:
            tally.good += 1


def _show_step(screen: Screen, step: Step, base: str, taken: Mapping[Side, Taken]) -> None:
    first = next(iter(taken.values()))
    is_wrong = any(one.mismatches for one in taken.values())
    mark = "!!" if is_wrong else "no" if step.refused else "ok"
    times = ", ".join(f"{side.name} {one.seconds * 1000:.1f}" for side, one in taken.items())
    screen.pair(f"{mark}  {step.operation}" + (f": {step.about}" if step.about else ""), f"{times} ms")
    _show_exchanges(screen, first.exchanges, base, step.body_lines)
    error = next((one.error for one in taken.values() if one.error is not None), None)
    if error is not None:
        _show_error(screen, error)
    elif not is_wrong:
        _show_lines(screen, _shown(step.view(first.result)).splitlines(), first="    < ")
    if not is_wrong:
        seen = [_shown(step.view(first.error))] if first.error and step.expected is not ANYTHING else []
        if seen or first.proven:
            screen.line("; ".join(seen + first.proven), first="    = ")
    _show_mismatches(screen, taken)


def _show_exchanges(screen: Screen, exchanges: Sequence[Exchange], base: str, body_lines: int) -> None:
    if not exchanges:
        screen.line("nothing was sent", first="    > ")
    for (target, answer), group in groupby(exchanges, lambda exchange: _sent(exchange, base)):
        repeated = list(group)
        times = f" ({len(repeated)} times)" if len(repeated) > 1 else ""
        screen.line(target, first="    > ", rest="        ", last=f"-> {answer}{times}")
        received = repeated[0].received
        lines = received.body.splitlines() if received is not None else []
        if len(lines) > body_lines + 1:
            left = len(lines) - body_lines
            lines[body_lines:] = [f"... and {left} lines more" if body_lines else f"... {left} lines"]
        _show_lines(screen, lines, first="      ")


def _sent(exchange: Exchange, base: str) -> tuple[str, str]:
    answer = "no answer" if exchange.status is None else str(exchange.status)
    return f"{exchange.method} {_path(exchange.url, base)}", answer + ", applied" * exchange.is_applied


def _show_lines(screen: Screen, lines: Sequence[str], first: str) -> None:
    for line in lines:
        screen.line(_cut(line, MAX_LINE), first=first, rest=" " * (len(first) + 2))
        first = " " * len(first)


def _path(url: str, base: str) -> str:
    if url.startswith(base):
        return url[len(base) :]
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _show_error(screen: Screen, error: Exception) -> None:
    outcome = f', outcome "{error.outcome}"' if isinstance(error, infosecops.Error) else ""
    screen.line(f"{type(error).__name__}{outcome}", first="    < ")
    text, hint, advice = str(error).partition(" Hint: ")
    screen.line(text, first="      ")
    if hint:
        screen.line(f"Hint: {advice}", first="      ")


def _show_mismatches(screen: Screen, taken: Mapping[Side, Taken]) -> None:
    sides: dict[tuple[str, str, str], list[str]] = {}
    for side, one in taken.items():
        for what, expected, found in one.mismatches:
            # The text of an error is shown already.
            text = type(found).__name__ if isinstance(found, infosecops.Error) else repr(found)
            sides.setdefault((what, repr(expected), text), []).append(side.name)
    for (what, expected_text, found_text), names in sides.items():
        screen.line(f"{' and '.join(names)}: {what}", first="    ! ")
        screen.line(_cut(expected_text, MAX_LINE), first="      expected ")
        screen.line(_cut(found_text, MAX_LINE), first="      found    ")


def _shown(value: object) -> str:
    if value is None:
        return "done"
    if isinstance(value, dict):
        named: dict[str, object] = value  # pyright: ignore[reportUnknownVariableType]
        return ", ".join(f"{name}={item!r}" for name, item in named.items())
    return value if isinstance(value, str) else repr(value)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]} ... ({len(text)} characters)"
