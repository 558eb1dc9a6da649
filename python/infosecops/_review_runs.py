"""Reviews of Governance & Lifecycle from the run of their definition to their completion.

Pages: https://pradeepkg.github.io/RSA/docs/apireference
"""

from __future__ import annotations

from infosecops._client import run, run_here

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from typing_extensions import Unpack

    from infosecops import _infosecops
    from infosecops._infosecops import CommandResult, ReviewStatus, RunStatus
    from infosecops.types import RefreshOptions

__all__ = ["AsyncReviewRuns", "ReviewRuns"]


class ReviewRuns:
    """The commands about runs and review results, a part of the client."""

    _native: _infosecops.GovernanceLifecycle

    def run_review(self, name: str) -> str:
        """Run a review definition; a GET that changes data, never sent twice by itself. Returns the run's id."""
        return run_here(self._native.run_review(name))

    def get_run_status(self, run_id: str | int) -> RunStatus:
        """Get how far a run is."""
        return run_here(self._native.get_run_status(run_id))

    def wait_for_run(
        self,
        run_id: str | int,
        *,
        timeout: float = 3600.0,
        poll_interval: float = 5.0,
        on_progress: Callable[[RunStatus], object] | None = None,
    ) -> RunStatus:
        """Wait until a run has completed. Looks that fail for a passing reason do not end the wait.

        Args:
            run_id: What ``run_review`` gave.
            timeout: Seconds to wait at most.
            poll_interval: Seconds between two looks.
            on_progress: Is told the run after every look; what it raises ends the wait.

        Raises:
            JobFailed: It was aborted; ``.job`` is the :class:`RunStatus`.
            WaitTimeout: Time was up; ``.last`` is the run as last seen. Nothing was stopped.
        """
        return run_here(
            self._native.wait_for_run(run_id, timeout=timeout, poll_interval=poll_interval, on_progress=on_progress)
        )

    def get_review_result(self, run_id: str | int) -> str:
        """Get the id of the review result that a run has made."""
        return run_here(self._native.get_review_result(run_id))

    def get_review_status(self, id: str | int) -> ReviewStatus:  # noqa: A002
        """Get name, state and counts of a review result.

        Page: https://pradeepkg.github.io/RSA/docs/review/getReviewStatus
        """
        return run_here(self._native.get_review_status(id))

    def set_review_state(
        self,
        id: str | int,  # noqa: A002
        state: Literal["onhold", "active", "completed"],
    ) -> CommandResult:
        """Put a review result on hold, make it active or complete it; a GET that changes data."""
        return run_here(self._native.set_review_state(id, state))

    def refresh_review(self, id: str | int, **options: Unpack[RefreshOptions]) -> CommandResult:  # noqa: A002
        """Refresh a review result; a GET that changes data. On an active review this can remove audit history."""
        return run_here(self._native.refresh_review(id, dict(options)))

    def update_unreviewed_items(
        self,
        id: str | int,  # noqa: A002
        state: Literal["revoke", "maintain"],
        *,
        unassigned: bool | None = None,
        grouping: Literal["asset", "component"] | None = None,
        comment: str | None = None,
    ) -> CommandResult:
        """Set the state of all items that nobody has reviewed; a GET that changes data."""
        return run_here(
            self._native.update_unreviewed_items(id, state, unassigned=unassigned, grouping=grouping, comment=comment)
        )


class AsyncReviewRuns:
    """The twin of :class:`ReviewRuns` for asyncio."""

    _native: _infosecops.GovernanceLifecycle

    async def run_review(self, name: str) -> str:
        """Run a review definition; see :meth:`GovernanceLifecycle.run_review`."""
        return await run(self._native.run_review(name))

    async def get_run_status(self, run_id: str | int) -> RunStatus:
        """Get how far a run is."""
        return await run(self._native.get_run_status(run_id))

    async def wait_for_run(
        self,
        run_id: str | int,
        *,
        timeout: float = 3600.0,
        poll_interval: float = 5.0,
        on_progress: Callable[[RunStatus], object] | None = None,
    ) -> RunStatus:
        """Wait until a run has completed; see :meth:`GovernanceLifecycle.wait_for_run`."""
        return await run(
            self._native.wait_for_run(run_id, timeout=timeout, poll_interval=poll_interval, on_progress=on_progress)
        )

    async def get_review_result(self, run_id: str | int) -> str:
        """Get the id of the review result that a run has made."""
        return await run(self._native.get_review_result(run_id))

    async def get_review_status(self, id: str | int) -> ReviewStatus:  # noqa: A002
        """Get name, state and counts of a review result."""
        return await run(self._native.get_review_status(id))

    async def set_review_state(
        self,
        id: str | int,  # noqa: A002
        state: Literal["onhold", "active", "completed"],
    ) -> CommandResult:
        """Set a review result's state; see :meth:`GovernanceLifecycle.set_review_state`."""
        return await run(self._native.set_review_state(id, state))

    async def refresh_review(self, id: str | int, **options: Unpack[RefreshOptions]) -> CommandResult:  # noqa: A002
        """Refresh a review result; see :meth:`GovernanceLifecycle.refresh_review`."""
        return await run(self._native.refresh_review(id, dict(options)))

    async def update_unreviewed_items(
        self,
        id: str | int,  # noqa: A002
        state: Literal["revoke", "maintain"],
        *,
        unassigned: bool | None = None,
        grouping: Literal["asset", "component"] | None = None,
        comment: str | None = None,
    ) -> CommandResult:
        """Set the state of all unreviewed items; see :meth:`GovernanceLifecycle.update_unreviewed_items`."""
        return await run(
            self._native.update_unreviewed_items(id, state, unassigned=unassigned, grouping=grouping, comment=comment)
        )
