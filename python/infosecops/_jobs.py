"""Jobs of SD Elements: list, get, start, report, wait.

Page: https://docs.sdelements.com/release/4.12/api/docs/jobs
"""

from __future__ import annotations

from infosecops._client import run_here
from infosecops._kinds import ByKind, OfKind
from infosecops._lists import LazyList

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Executor
    from typing import Literal

    from infosecops._bulk import BulkResult
    from infosecops._infosecops import Job
    from infosecops.types import WaitOptions

__all__ = ["Jobs", "JobsOfKind", "checked_job_id"]


class JobsOfKind(OfKind):
    """Jobs of one kind: list, get, start, report, wait."""

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
    ) -> LazyList[Job]:
        """List jobs, the pages fetched as they are read.

        Args:
            automatic: Scheduled ones, or those started by hand.
            connection: Those of this connection.
            ready: Finished ones, or pending ones.
            succeeded: Those that ended well, or not.
            user: Those of the user with this e-mail address.
            expand: Fields to give as objects, separated by commas, such as ``user,triggered_by`` (documented from
                release 5.2 on, for the list of all kinds). The objects stand in ``extra``.
            page_size: Records in one answer; by default the server decides.
            limit: Records at most, over all pages.

        Example:
            >>> from infosecops.sandbox import Sandbox
            >>> with Sandbox() as box, box.sd_elements() as sde:
            ...     [job.id for job in sde.jobs.ldap.list(ready=True)]
            [57]
        """
        return LazyList(
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

    def get(self, job_id: int) -> Job:
        """Get one job.

        Raises:
            NotFoundError: There is none of this kind and id.
        """
        return run_here(self._native.jobs_get(self._kind, job_id))

    def find_running(self, connection: int) -> Job | None:
        """Find the newest run of a connection that has not ended: look before a start, and nothing runs twice.

        Args:
            connection: The id of the connection.

        Returns:
            The job, None if nothing is pending. The id of the connection that it tells may be another one: that is
            documented of the server.

        Example:
            >>> from infosecops.sandbox import Sandbox
            >>> with Sandbox() as box, box.sd_elements() as sde:
            ...     box.jobs.progress("manual")
            ...     job = sde.jobs.alm.find_running(12) or sde.jobs.alm.start(12)
            ...     job == sde.jobs.alm.find_running(12)
            True
        """
        return run_here(self._native.jobs_find_running(self._kind, connection))

    def start(self, connection: int, *, automatic: bool = False, project: int | None = None) -> Job:
        """Queue a run of a connection. Never sent twice by itself; always sends ``ready: false``.

        Args:
            connection: The id of the connection.
            automatic: Whether to record it as scheduled.
            project: For servers that want the path of a project, which the vendor's examples print.

        Returns:
            The job, most likely pending.
        """
        return run_here(self._native.jobs_start(self._kind, connection, automatic=automatic, project=project))

    def report(  # noqa: PLR0913
        self,
        connection: int,
        *,
        succeeded: bool,
        result_message: str,
        automatic: bool = True,
        ready: bool | None = None,
        project: int | None = None,
    ) -> Job:
        """Record the result of a run that was made elsewhere, as a remote agent does. Makes a new job.

        Args:
            connection: The id of the connection.
            succeeded: Whether it ended well.
            result_message: What it has to say.
            automatic: Whether it was scheduled.
            ready: Left out by default, which the server takes for true.
            project: For servers that want the path of a project.
        """
        return run_here(
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

    def wait(
        self,
        job: Job | int,
        *,
        timeout: float = 600.0,
        poll_interval: float = 2.0,
        on_progress: Callable[[Job], object] | None = None,
        on_failure: Literal["raise", "return"] = "raise",
    ) -> Job:
        """Wait until a job has ended. Looks that fail for a passing reason do not end the wait.

        Args:
            job: A job or its id.
            timeout: Seconds to wait at most.
            poll_interval: Seconds between two looks.
            on_progress: Is told the job after every look; what it raises ends the wait.
            on_failure: ``return`` gives a job that failed instead of raising.

        Raises:
            JobFailed: It ended without success; ``.job`` is the job.
            WaitTimeout: Time was up; ``.last`` is the job as last seen. Nothing was stopped.
        """
        return run_here(
            self._native.jobs_wait(
                self._kind,
                checked_job_id(job),
                timeout=timeout,
                poll_interval=poll_interval,
                on_progress=on_progress,
                on_failure=on_failure,
            )
        )

    def wait_all(  # noqa: PLR0913
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
        """Wait until all jobs have ended, at the same time.

        Args:
            jobs: Jobs or their ids.
            timeout: Seconds to wait at most, for all together.
            poll_interval: Seconds between two looks at the same job.
            max_concurrency: How many looks may be under way at a time.
            on_progress: Is told after every job that has ended how many have, how many there are, and how many of those
                that have ended failed; what it raises ends the wait.
            on_failure: ``return`` gives the result even if not all jobs succeeded.
            executor: Has its threads, processes or machines do the waiting, each a share of the jobs, with
                ``max_concurrency`` looks at a time each; see docs/clusters.md.

        Returns:
            Of every job, by its id: the job as it ended, or why not. A job that failed stands in ``.failed`` with a
            :class:`JobFailed`; one that has not ended in time in ``.unknown`` with a :class:`WaitTimeout`.

        Raises:
            PartialFailure: Not all ended well; ``.result`` is the same result. Nothing was stopped.

        Example:
            >>> from infosecops.sandbox import Sandbox
            >>> with Sandbox() as box, box.sd_elements() as sde:
            ...     jobs = [sde.jobs.alm.start(connection) for connection in (12, 23)]
            ...     sde.jobs.alm.wait_all(jobs, timeout=60)
            BulkResult(total=2, succeeded=2, failed=0, unknown=0)
        """
        options: WaitOptions = {
            "timeout": timeout,
            "poll_interval": poll_interval,
            "max_concurrency": max_concurrency,
            "on_progress": on_progress,
            "on_failure": on_failure,
        }
        if executor is None:
            return run_here(self._native.jobs_wait_all(self._kind, jobs, **options))
        from infosecops._executors import run_parts
        from infosecops._job_parts import checked, handed_out

        given, check = checked(self._native, self._kind, jobs, options)
        run_here(check)
        shared, parts = handed_out(
            self._client, self._kind, given, executor=executor, call=self.wait_all, options=options
        )
        return parts.merged(run_parts(shared, parts, on_progress), on_failure)


class Jobs(ByKind[JobsOfKind]):
    """Jobs of every kind."""

    _of_kind = JobsOfKind

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
    ) -> LazyList[Job]:
        """List jobs of all kinds; releases from 5.2 on. See :meth:`JobsOfKind.list`."""
        return LazyList(
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

    def wait_all(  # noqa: PLR0913
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
            return run_here(self._native.jobs_wait_all(None, jobs, **options))
        from infosecops._executors import run_parts
        from infosecops._job_parts import checked, handed_out

        given, check = checked(self._native, None, jobs, options)
        run_here(check)
        shared, parts = handed_out(self._client, None, given, executor=executor, call=self.wait_all, options=options)
        return parts.merged(run_parts(shared, parts, on_progress), on_failure)


def checked_job_id(job: Job | int) -> int:
    """The id of a job, or the id that was given."""
    if isinstance(job, bool):
        raise TypeError("job: must be a Job or its id, not bool")
    if isinstance(job, int):
        return job
    found = getattr(job, "id", None)
    if not isinstance(found, int):
        raise TypeError(f"job: must be a Job or its id, not {type(job).__name__}")
    return found
