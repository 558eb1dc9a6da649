"""``wait_all`` over an executor: every worker watches its share of the jobs."""

from __future__ import annotations

from infosecops._bulk_parts import BulkParts
from infosecops._executors import Shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Executor
    from typing import Any

    from infosecops import sd_elements
    from infosecops._infosecops import Job, Operation, SDElements
    from infosecops.types import WaitOptions

__all__ = ["checked", "handed_out"]


def checked(
    native: SDElements, kind: str | None, jobs: Iterable[Job | int], options: WaitOptions
) -> tuple[list[Job | int], Operation[object]]:
    """All jobs, to be gone through twice, and a call that refuses options that can't be used, and sends nothing."""
    found: Any = jobs
    # What is no such thing stays as it is, to be refused where others are.
    given = found if type(found) in (str, dict) or not hasattr(found, "__iter__") else list(found)
    native.jobs_wait_all(kind, given, **options)
    alone: WaitOptions = {**options, "on_progress": None}
    return given, native.jobs_wait_all(kind, [], **alone)


def handed_out(  # noqa: PLR0913
    client: sd_elements.SDElements | sd_elements.AsyncSDElements,
    kind: str | None,
    jobs: list[Job | int],
    *,
    executor: Executor,
    call: Callable[..., Any],
    options: WaitOptions,
) -> tuple[Shared, BulkParts]:
    """Divide jobs that were checked."""
    of_each = {name: value for name, value in options.items() if name != "on_progress"}
    shared = Shared(executor, client, call, {**of_each, "on_failure": "return"})
    ids = [job if isinstance(job, int) else job.id for job in jobs]
    parts = BulkParts(
        client,
        "jobs.wait_all" if kind is None else f"jobs.{kind}.wait_all",
        ids,
        jobs if kind is None else ids,
        things="jobs",
        # All are watched from the beginning: the time is that of all.
        size=-(-len(jobs) // shared.workers),
        recipe="nothing was stopped: wait for the job again, or look at it with get()",
    )
    return shared, parts
