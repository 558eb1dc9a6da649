"""Shows how far a long run is: with tqdm where it is installed, otherwise as lines on stderr."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any

__all__ = ["shown"]


class shown:  # noqa: N801 - used like a function
    """For a ``with`` block: gives what is to be told the progress, None if nobody wants to know."""

    def __init__(self, what: str, on_progress: Callable[[int, int, int], object] | None, *, show: object) -> None:
        if not isinstance(show, bool):
            raise TypeError(f"progress: must be a bool, not {type(show).__name__}")
        self._on_progress = on_progress
        self._show = _display(what) if show else None

    def __enter__(self) -> Callable[[int, int, int], object] | None:
        return self._on_progress if self._show is None else self._tell

    def _tell(self, done: int, total: int, failed: int) -> object:
        if self._show is not None:
            self._show.tell(done, total, failed)
        # What is to be awaited is awaited by the caller.
        return None if self._on_progress is None else self._on_progress(done, total, failed)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        if self._show is not None:
            self._show.end()


def _display(what: str) -> _Bar | _Lines:
    from importlib import import_module

    try:
        tqdm = import_module("tqdm.auto").tqdm
    except ImportError:
        return _Lines(what)
    return _Bar(tqdm(desc=what, unit=""))


class _Bar:
    def __init__(self, bar: Any) -> None:  # noqa: ANN401 - tqdm has no types
        self._bar = bar

    def tell(self, done: int, total: int, failed: int) -> None:
        if self._bar.total != total and not self._bar.disable:
            began = self._bar.start_t
            # A widget that was made without a total is a narrow one until then.
            self._bar.reset(total)
            self._bar.start_t = began
        if failed:
            self._bar.set_postfix(failed=failed, refresh=False)
        self._bar.update(done - self._bar.n)

    def end(self) -> None:
        self._bar.close()


class _Lines:
    """A line for each hundredth at most."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._percent = -1

    def tell(self, done: int, total: int, failed: int) -> None:
        percent = done * 100 // total if total else 100
        if percent > self._percent:
            self._percent = percent
            sys.stderr.write(f"{self._what}: {done} of {total} ({percent} %), {failed} failed\n")
            sys.stderr.flush()

    def end(self) -> None:
        """Leave everything as it stands."""
