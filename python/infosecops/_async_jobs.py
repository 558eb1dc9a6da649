"""Jobs of SD Elements for asyncio: the twins of :mod:`infosecops._jobs`."""

from __future__ import annotations

from infosecops._client import run
from infosecops._jobs import checked_job_id
from infosecops._kinds import ByKind, OfKind
from infosecops._lists import AsyncLazyList

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Executor
    from typing import Literal

    from infosecops._bulk import BulkResult
    from infosecops._infosecops import Job
    from infosecops.types import WaitOptions

__all__ = ["AsyncJobs", "AsyncJobsOfKind"]


class AsyncJobsOfKind(OfKind):
    """The twin of :class:`JobsOfKind` for asyncio."""

    def list(  # noqa: PLR0913
        self,
        *,
        automatic: bool | None = None,
        connection: int | None = None,
        ready: bool | None = None,
        succeeded: bool | None = None,
        user: str | None = None,
        expand: str | None = None,
        page_size: int | None = None,
        limit: int | None = None,
    ) -> AsyncLazyList[Job]:
        """List jobs, with ``async for``; see :meth:`JobsOfKind.list`."""
        return AsyncLazyList(
            f"jobs.{self._kind}",
            lambda: self._native.jobs_list(
                self._kind,
                automatic=automatic,
                connection=connection,
                ready=ready,
                succeeded=succeeded,
                user=user,
                expand=expand,
                page_size=page_size,
                limit=limit,
            ),
        )

    async def get(self, job_id: int) -> Job:
        """Get one job; see :meth:`JobsOfKind.get`."""
        return await run(self._native.jobs_get(self._kind, job_id))

    async def find_running(self, connection: int) -> Job | None:
        """Find the newest run of a connection that has not ended; see :meth:`JobsOfKind.find_running`."""
        return await run(self._native.jobs_find_running(self._kind, connection))

    async def start(self, connection: int, *, automatic: bool = False, project: int | None = None) -> Job:
        """Queue a run of a connection; see :meth:`JobsOfKind.start`."""
        return await run(self._native.jobs_start(self._kind, connection, automatic=automatic, project=project))

    async def report(  # noqa: PLR0913
        self,
        connection: int,
        *,
        succeeded: bool,
        result_message: str,
        automatic: bool = True,
        ready: bool | None = None,
        project: int | None = None,
    ) -> Job:
        """Record the result of a run that was made elsewhere; see :meth:`JobsOfKind.report`."""
        return await run(
            self._native.jobs_report(
                self._kind,
                connection,
                succeeded=succeeded,
                result_message=result_message,
                automatic=automatic,
                ready=ready,
                project=project,
            )
        )

    async def wait(
        self,
        job: Job | int,
        *,
        timeout: float = 600.0,
        poll_interval: float = 2.0,
        on_progress: Callable[[Job], object] | None = None,
        on_failure: Literal["raise", "return"] = "raise",
    ) -> Job:
        """Wait until a job has ended; see :meth:`JobsOfKind.wait`. ``on_progress`` may be async."""
        return await run(
            self._native.jobs_wait(
                self._kind,
                checked_job_id(job),
                timeout=timeout,
                poll_interval=poll_interval,
                on_progress=on_progress,
                on_failure=on_failure,
            )
        )

    async def wait_all(  # noqa: PLR0913
        self,
        jobs: Iterable[Job | int],
        *,
        timeout: float = 600.0,
        poll_interval: float = 2.0,
        max_concurrency: int = 8,
        on_progress: Callable[[int, int, int], object] | None = None,
        on_failure: Literal["raise", "return"] = "raise",
        executor: Executor | None = None,
    ) -> BulkResult[int, Job]:
        """Wait until all jobs have ended; see :meth:`JobsOfKind.wait_all`."""
        options: WaitOptions = {
            "timeout": timeout,
            "poll_interval": poll_interval,
            "max_concurrency": max_concurrency,
            "on_progress": on_progress,
            "on_failure": on_failure,
        }
        if executor is None:
            return await run(self._native.jobs_wait_all(self._kind, jobs, **options))
        from infosecops._executors import run_parts_async
        from infosecops._job_parts import checked, handed_out

        given, check = checked(self._native, self._kind, jobs, options)
        await run(check)
        shared, parts = handed_out(
            self._client, self._kind, given, executor=executor, call=self.wait_all, options=options
        )
        return parts.merged(await run_parts_async(shared, parts, on_progress), on_failure)


class AsyncJobs(ByKind[AsyncJobsOfKind]):
    """The twin of :class:`Jobs` for asyncio."""

    _of_kind = AsyncJobsOfKind

    def list(  # noqa: PLR0913
        self,
        *,
        automatic: bool | None = None,
        connection: int | None = None,
        ready: bool | None = None,
        succeeded: bool | None = None,
        user: str | None = None,
        expand: str | None = None,
        page_size: int | None = None,
        limit: int | None = None,
    ) -> AsyncLazyList[Job]:
        """List jobs of all kinds, with ``async for``; see :meth:`Jobs.list`."""
        return AsyncLazyList(
            "jobs",
            lambda: self._native.jobs_list(
                None,
                automatic=automatic,
                connection=connection,
                ready=ready,
                succeeded=succeeded,
                user=user,
                expand=expand,
                page_size=page_size,
                limit=limit,
            ),
        )

    async def wait_all(  # noqa: PLR0913
        self,
        jobs: Iterable[Job],
        *,
        timeout: float = 600.0,
        poll_interval: float = 2.0,
        max_concurrency: int = 8,
        on_progress: Callable[[int, int, int], object] | None = None,
        on_failure: Literal["raise", "return"] = "raise",
        executor: Executor | None = None,
    ) -> BulkResult[int, Job]:
        """Wait until all jobs, which may be of several kinds, have ended; see :meth:`JobsOfKind.wait_all`."""
        options: WaitOptions = {
            "timeout": timeout,
            "poll_interval": poll_interval,
            "max_concurrency": max_concurrency,
            "on_progress": on_progress,
            "on_failure": on_failure,
        }
        if executor is None:
            return await run(self._native.jobs_wait_all(None, jobs, **options))
        from infosecops._executors import run_parts_async
        from infosecops._job_parts import checked, handed_out

        given, check = checked(self._native, None, jobs, options)
        await run(check)
        shared, parts = handed_out(self._client, None, given, executor=executor, call=self.wait_all, options=options)
        return parts.merged(await run_parts_async(shared, parts, on_progress), on_failure)
