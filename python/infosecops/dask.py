"""Bulk calls over a cluster of dask.distributed, each request of which is sent once, whatever becomes of its worker.

Needs ``pip install infosecops[dask]``, and infosecops on the scheduler and the workers. See docs/clusters.md.
"""

from __future__ import annotations

from concurrent.futures import Executor, Future, InvalidStateError, wait
from contextlib import suppress
from importlib import import_module
from threading import Lock
from uuid import uuid4

from infosecops._dask_tasks import LEDGER, SPENT, guarded_task, install_ledger
from infosecops._parts import Part
from infosecops.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["DaskExecutor", "TaskLost", "guarded"]


class TaskLost(RuntimeError):  # noqa: N818 - named like those of the package
    """A task began on a worker that is gone, or its answer is. It may have done its work, and is not begun again."""


class DaskExecutor(Executor):
    """Runs tasks on the workers of a cluster, none of them twice.

    By itself dask begins a task again if its worker died, or if the worker that held its result did. Here the scheduler
    notes which tasks have begun, and none begins again; the caller is told :class:`TaskLost`.

    Args:
        client: A ``distributed.Client`` that is connected, and not an asynchronous one.
        max_in_flight: How many parts of bulk calls to the same url are under way at a time, on all workers together and
            for all who use the cluster. Who sets another limit for a url while it is in use is refused.
        workers: Addresses or names of the workers to use; all by default.
        resources: What a worker must have for it, as in ``Client.submit``.

    Raises:
        TypeError: It is no such client.
        ConfigError: A limit that can't be used.

    Example:
        ``with DaskExecutor(client, max_in_flight=8) as pool:
        gl.update_review_items(review, changes, chunk_size=500, executor=pool)``
    """

    def __init__(
        self,
        client: Any,  # noqa: ANN401 - distributed has no types
        *,
        max_in_flight: int = 8,
        workers: Any = None,  # noqa: ANN401
        resources: dict[str, float] | None = None,
    ) -> None:
        distributed: Any = import_module("distributed")
        if not isinstance(client, distributed.Client) or client.asynchronous:
            raise TypeError(
                f"client: must be a distributed.Client that is not asynchronous, not {type(client).__name__}"
            )
        if isinstance(max_in_flight, bool) or not isinstance(max_in_flight, int):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"max_in_flight: must be an int, not {type(max_in_flight).__name__}")
        if max_in_flight < 1:
            raise ConfigError("max_in_flight: must be at least 1")
        self._client = client
        self._max_workers = max_in_flight
        self._where = {"workers": workers, "resources": resources}
        self.takes_any_limit = False
        self._batch = uuid4().hex
        self._lock = Lock()
        self._next = 0
        self._open: dict[int, _DaskFuture] = {}
        self._is_over = False
        self._prepared: set[str] = set()
        client.run_on_scheduler(install_ledger)
        self._ask("open", client=client.id)

    def _ask(self, what: str, **details: object) -> Any:  # noqa: ANN401
        return self._client.sync(getattr(self._client.scheduler, LEDGER), what=what, batch=self._batch, **details)

    def dumps(self, function: object) -> bytes:
        """Pickle a callback; functions of notebooks and of the main program too."""
        pickled: bytes = import_module("cloudpickle").dumps(function)
        return pickled

    def prepare(self, url: str) -> None:
        """See that calls to this url have a limit.

        Raises:
            ConfigError: They have another one.
        """
        name = _semaphore_name(url)
        with self._lock:
            if name in self._prepared:
                return
        limit = self._ask("use", name=name, size=self._max_workers)
        if limit != self._max_workers and self.takes_any_limit:
            self._max_workers = limit
            self._ask("use", name=name, size=limit)
        elif limit != self._max_workers:
            raise ConfigError(
                f"max_in_flight: must be {limit} for {url}, not {self._max_workers}, while others use this cluster for "
                "it with that limit",
                outcome="not_sent",
            )
        semaphore: Any = import_module("distributed").Semaphore(
            self._max_workers, name, scheduler_rpc=self._client.scheduler, loop=self._client.loop
        )
        semaphore.register()
        # It keeps turns alive, and this one takes none.
        if hasattr(semaphore, "refresh_callback"):
            self._client.loop.add_callback(semaphore.refresh_callback.stop)
        with self._lock:
            self._prepared.add(name)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401
        """Hand out a task."""
        with self._lock:
            if self._is_over:
                raise RuntimeError("cannot schedule new futures after shutdown")
            number = self._next
            self._next += 1
            future = self._open[number] = _DaskFuture(lambda: self._spend(number))
        gate = (_semaphore_name(fn.server), self._max_workers) if isinstance(fn, Part) else None
        try:
            remote = self._client.submit(
                guarded_task,
                fn,
                args,
                kwargs,
                ticket=(self._batch, number),
                gate=gate,
                key=f"infosecops-{self._batch}-{number}",
                pure=False,
                retries=0,
                **self._where,
            )
        except BaseException:
            del self._open[number]
            raise
        future.follow(remote)
        future.add_done_callback(lambda _: self._forget(number))
        return future

    def _spend(self, number: int) -> bool:
        """Have a task never begin; False if it has, or nobody can tell."""
        try:
            return bool(self._ask("spend", number=number))
        except Exception:  # noqa: BLE001 - without scheduler or loop it fails in many ways
            return False

    def _forget(self, number: int) -> None:
        with self._lock:
            self._open.pop(number, None)
            is_last = self._is_over and not self._open
        if is_last:
            self._close()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002
        """Take no more tasks; by default wait for those that there are."""
        with self._lock:
            was_over, self._is_over = self._is_over, True
            left = list(self._open.values())
        if cancel_futures:
            for future in left:
                future.cancel()
        if wait:
            _wait(left)
        if not was_over and not left:
            self._close()

    def _close(self) -> None:
        # A scheduler that is gone has nothing to forget.
        with suppress(Exception):
            self._ask("close")


class _DaskFuture(Future["Any"]):
    """Cancelled only if the task has not begun and never will."""

    def __init__(self, spend: Callable[[], bool]) -> None:
        super().__init__()
        self._spend = spend
        self._remote: Any = None

    def follow(self, remote: Any) -> None:  # noqa: ANN401
        self._remote = remote
        remote.add_done_callback(self._ended)

    def cancel(self) -> bool:
        if self.done():
            return self.cancelled()
        if not self._spend() or not super().cancel():
            return False
        self.set_running_or_notify_cancel()
        self._remote.cancel()
        return True

    def _ended(self, remote: Any) -> None:  # noqa: ANN401
        result, error = None, None
        try:
            result = remote.result()
        except BaseException as raised:  # noqa: BLE001 - as it is, for whoever asks for it
            error = raised
            if self.cancel():
                return
        # Those that were cancelled are over already.
        with suppress(InvalidStateError):
            if error is None and not (isinstance(result, str) and result == SPENT):
                self.set_result(result)
            elif error is None or remote.cancelled():
                self.set_exception(TaskLost("the worker that had begun it, or its answer, is gone"))
            else:
                self.set_exception(error)
        # The scheduler can forget it.
        self._remote = None


def guarded(executor: Any) -> DaskExecutor:  # noqa: ANN401
    """What to use instead of a client's own executor, which lets tasks be begun again."""
    options = executor._kwargs  # noqa: SLF001 - it tells nobody else
    client = executor._client  # noqa: SLF001
    made = DaskExecutor(client, workers=options.get("workers"), resources=options.get("resources"))
    made.takes_any_limit = True
    return made


def _semaphore_name(url: str) -> str:
    return f"infosecops {url}"


_wait = wait
