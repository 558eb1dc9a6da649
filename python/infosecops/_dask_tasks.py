"""What the scheduler and the workers of a dask cluster do for :mod:`infosecops.dask`: nothing begins twice."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["LEDGER", "SPENT", "guarded_task", "install_ledger"]

LEDGER = "infosecops_ledger"
SPENT = "infosecops: begun before"
"""The result of a task that may not begin."""

_GATES: dict[tuple[str, str], Any] = {}
"""The semaphores of this process, by worker and name."""


class Ledger:
    """Which tasks have begun, by batch. Lives on the scheduler, whose event loop makes each question one step."""

    def __init__(self, scheduler: Any) -> None:  # noqa: ANN401
        self._scheduler = scheduler
        self._spent: dict[str, set[int]] = {}
        self._clients: dict[str, str] = {}
        self._names: dict[str, set[str]] = {}

    def ask(self, what: str, batch: str, **details: Any) -> Any:  # noqa: ANN401
        """Answer one question."""
        return getattr(self, f"_{what}")(batch, **details)

    def _open(self, batch: str, client: str) -> None:
        # What a caller left behind that died.
        for old in [old for old, known in self._clients.items() if known not in self._scheduler.clients]:
            self._close(old)
        self._spent[batch], self._clients[batch], self._names[batch] = set(), client, set()

    def _use(self, batch: str, name: str, size: int) -> int:
        """Give a limit to a name; the one that it has while others use it."""
        semaphores = self._scheduler.extensions["semaphores"]
        self._drop_unused(name)
        self._names[batch].add(name)
        known: int = semaphores.max_leases.get(name, size)
        if known != size:
            self._names[batch].discard(name)
        return known

    def _spend(self, batch: str, number: int) -> bool:
        """Whether the task may begin, which it may once; never after its batch is closed."""
        spent = self._spent.get(batch)
        if spent is None or number in spent:
            return False
        spent.add(number)
        return True

    def _close(self, batch: str) -> None:
        """Forget a batch, and the limits that nobody uses any more."""
        self._spent.pop(batch, None)
        self._clients.pop(batch, None)
        for name in self._names.pop(batch, set()):
            self._drop_unused(name)

    def _drop_unused(self, name: str) -> None:
        semaphores = self._scheduler.extensions["semaphores"]
        is_used = any(name in names for names in self._names.values())
        # A worker that died holds on to its turns until their time is up.
        if not is_used and not semaphores.leases.get(name):
            semaphores.close(name)


def install_ledger(dask_scheduler: Any) -> None:  # noqa: ANN401
    """Have the scheduler keep a ledger; nothing happens if it does."""
    if LEDGER not in dask_scheduler.handlers:
        dask_scheduler.handlers[LEDGER] = Ledger(dask_scheduler).ask


def guarded_task(  # noqa: D417
    fn: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    ticket: tuple[str, int],
    gate: tuple[str, int] | None,
) -> Any:  # noqa: ANN401
    """Run a function on a worker, if it was not begun before.

    Args:
        ticket: Batch and number.
        gate: Name and size of the semaphore to pass.
    """
    distributed: Any = import_module("distributed")
    worker = distributed.get_worker()
    if gate is None:
        return _once(worker, fn, args, kwargs, ticket)
    semaphore = _gate(distributed, worker, *gate)
    semaphore.acquire()
    try:
        return _once(worker, fn, args, kwargs, ticket)
    finally:
        semaphore.release()


def _once(
    worker: Any,  # noqa: ANN401
    fn: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    ticket: tuple[str, int],
) -> Any:  # noqa: ANN401
    batch, number = ticket
    sync = import_module("distributed.utils").sync
    if not sync(worker.loop, getattr(worker.scheduler, LEDGER), what="spend", batch=batch, number=number):
        return SPENT
    return fn(*args, **kwargs)


def _gate(distributed: Any, worker: Any, name: str, size: int) -> Any:  # noqa: ANN401
    # Made here and not unpickled: only in a task does it find the loop that keeps its turns from running out.
    key = (worker.address, name)
    if key not in _GATES:
        _GATES[key] = distributed.Semaphore(size, name)
    return _GATES[key]
