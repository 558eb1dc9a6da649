"""``wait_all`` over an executor: every worker watches its share of the jobs."""

from __future__ import annotations

from infosecops._bulk_parts import BulkParts
from infosecops._executors import Shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Executor
    from typing import Any

    from infosecops._infosecops import Job
    from infosecops.sd_elements import AsyncSDElements, SDElements

__all__ = ["gathered", "handed_out"]


def gathered(jobs: Iterable[Job | int]) -> list[Job | int]:
    """All of them, to be gone through twice; what is no such thing as it is, to be refused where others are."""
    found: Any = jobs
    return found if type(found) in (str, dict) or not hasattr(found, "__iter__") else list(found)


def handed_out(  # noqa: PLR0913
    client: SDElements | AsyncSDElements,
    operation: str,
    jobs: list[Job | int],
    *,
    executor: Executor,
    call: Callable[..., Any],
    options: dict[str, Any],
) -> tuple[Shared, BulkParts]:
    """Divide jobs that were checked."""
    shared = Shared(executor, client, call, {**options, "on_failure": "return"})
    ids = [job if isinstance(job, int) else job.id for job in jobs]
    parts = BulkParts(
        client,
        operation,
        ids,
        jobs if operation == "jobs.wait_all" else ids,
        things="jobs",
        # All are watched from the beginning: the time is that of all.
        size=-(-len(jobs) // shared.workers),
        recipe="nothing was stopped: wait for the job again, or look at it with get()",
    )
    return shared, parts
