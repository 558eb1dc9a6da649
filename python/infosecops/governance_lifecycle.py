"""RSA / SecurID Governance & Lifecycle: one method for one web-service command.

Pages: https://pradeepkg.github.io/RSA/docs/apireference
"""

from __future__ import annotations

from infosecops import _infosecops
from infosecops._client import BaseClient, run, run_here
from infosecops._progress import shown
from infosecops._review_runs import AsyncReviewRuns, ReviewRuns
from infosecops._sessions import AsyncSessions, Sessions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Executor
    from typing import Literal

    from typing_extensions import Self, Unpack

    from infosecops._client import AsyncSecretLike, CommonOptions, Effect
    from infosecops._infosecops import CommandResult, ReviewUpdate, TrustedApp, UserLogin
    from infosecops.types import Changes, Coverage, CoverageType, ReviewOptions

    class Overrides(CommonOptions, total=False):
        """Keywords of ``from_env`` and ``from_profile``: those of the constructor."""

        url: str
        token: AsyncSecretLike | None
        login: UserLogin | TrustedApp | None
        logout_on_close: bool


__all__ = ["AsyncGovernanceLifecycle", "GovernanceLifecycle"]


class _Base(BaseClient):
    _system = "governance_lifecycle"
    _native: _infosecops.GovernanceLifecycle

    def __init__(
        self,
        url: str,
        *,
        token: AsyncSecretLike | None = None,
        login: UserLogin | TrustedApp | None = None,
        logout_on_close: bool = True,
        **common: Unpack[CommonOptions],
    ) -> None:
        token, login = _infosecops.wrap(token), _infosecops.wrap(login)
        try:
            settings = self._configure(url, common)
            self._native = _infosecops.GovernanceLifecycle(
                settings, token=token, login=login, logout_on_close=logout_on_close
            )
            self._given = {"token": token, "login": login, "logout_on_close": logout_on_close}
        finally:
            # They may hold secrets, and tracebacks show the locals of every frame they pass.
            del url, common, token, login

    if TYPE_CHECKING:

        @classmethod
        def from_env(cls, **overrides: Unpack[Overrides]) -> Self: ...  # type: ignore[override]
        @classmethod
        def from_profile(cls, profile: str, **overrides: Unpack[Overrides]) -> Self: ...  # type: ignore[override]


class GovernanceLifecycle(_Base, ReviewRuns, Sessions):
    """A client for Governance & Lifecycle.

    Args:
        url: Base URL of the instance, such as ``https://gl.example.com:8443``; with or without ``/aveksa``.
        token: A token that was made elsewhere. A callable is asked when it is first needed, and once more when the
            server says that the token is invalid or expired.
        login: :class:`UserLogin` or :class:`TrustedApp`, to log in when first needed, and once more when the server
            says that the token is invalid or expired.
        logout_on_close: Whether :meth:`close`, or the end of ``with``, logs out the session that ``login`` opened in
            this process. A token that was given is never logged out.
        **common: The keywords that all clients take.

    Without ``token`` and ``login`` only the commands ``status`` and ``getLoginInstructions`` can be run.

    Raises:
        ConfigError: Arguments can't be used; nothing was sent.

    Example:
        >>> from infosecops import CoverageRule, equals
        >>> from infosecops.sandbox import Sandbox
        >>> with Sandbox() as box, box.governance_lifecycle() as gl:
        ...     rule = CoverageRule(equals("user_id", "lbelkin"), "app-role", objects=equals("name", "Datadog"))
        ...     gl.upload_coverage([rule], type="reviewer", id="61").status
        'success'
    """

    def upload_coverage(  # noqa: PLR0913
        self,
        coverage: Coverage | None = None,
        *,
        type: CoverageType,  # noqa: A002
        id: str | int | None = None,  # noqa: A002
        name: str | None = None,
        filename: str | None = None,
        alt_manager_resolves_to: str | None = None,
        check: bool = False,
    ) -> CommandResult:
        """Refresh the coverage of a review result or definition (uploadCoverage). Never sent twice by itself.

        Args:
            coverage: The file's content as bytes or str, sent unchanged; its path as a :class:`pathlib.Path`, read from
                disk while it is sent; or the rules to write it from, also as a data frame with the columns of
                :meth:`CoverageRule.from_csv`.
            type: Which kind of coverage it is.
            id: Id of the review result; its messages take ids for results. Not together with ``name``.
            name: Name of the review definition.
            filename: A file in the server's import directory, instead of ``coverage``. The vendor advises against it.
            alt_manager_resolves_to: The user attribute that resolves the entries; for ``altmanager`` only.
            check: Send nothing if :func:`check_coverage` finds errors in it; warnings do not count.

        Raises:
            ConfigError: ``check`` found errors, or a str has neither ``|`` nor a line break, as a file's name has none;
                nothing was sent.
            PreconditionFailedError: The server found a parameter missing or wrong.
            ApiError: The server answered 200 with a failure.

        Page: https://pradeepkg.github.io/RSA/docs/review/uploadCoverage
        """
        return run_here(
            self._native.upload_coverage(
                coverage,
                type=type,
                id=id,
                name=name,
                filename=filename,
                alt_manager_resolves_to=alt_manager_resolves_to,
                check=check,
            )
        )

    def update_review_items(  # noqa: PLR0913
        self,
        review: str,
        changes: Changes,
        *,
        sign_off: bool = False,
        sign_off_comments: str | None = None,
        comments_only: bool = False,
        chunk_size: int | None = None,
        same_state_ok: bool = False,
        on_partial: Literal["raise", "return"] = "raise",
        dry_run: bool = False,
        on_progress: Callable[[int, int, int], object] | None = None,
        progress: bool = False,
        executor: Executor | None = None,
    ) -> ReviewUpdate:
        """Change the states of review items (updateReviewItems). Never sent twice by itself.

        Everything is checked before the first byte is sent, and all that is wrong is told at once. The changes are
        gone through once and kept small, so a generator of a million of them takes a few tens of megabytes, if
        ``chunk_size`` is some hundreds or thousands. The review must be active, and its items reviewable by the user
        of the token.

        A request that fails ends the run: the changes of the later ones are ``failed``, with the reason ``not sent``.

        Args:
            review: Name of the review result.
            changes: What to change: :class:`ReviewItemChange` objects, dicts of the same keys, or a data frame or its
                rows with the columns of :meth:`ReviewItemChange.from_csv`, in which None and NaN say nothing.
            sign_off: Sign off what was reviewed.
            sign_off_comments: Comments for the sign-off (inferred: a child of the document's root).
            comments_only: Add comments and leave the states alone; not known by 7.1 and 7.2.
            chunk_size: Changes in one request; by default all of them.
            same_state_ok: Count an item that is in the wanted state already as done, so that a run can be repeated.
            on_partial: ``return`` gives a result that is not whole instead of raising ``PartialFailure``.
            dry_run: Send nothing; ``raw`` of the result are the documents that would be sent, ``raw_parts`` each one.
            on_progress: Is told after each request: changes answered for, all changes, those not known to be done. What
                it raises ends the run; the changes that it was told of have been answered for.
            progress: Show a bar of tqdm, or lines on stderr where tqdm is not installed.
            executor: Has its threads, processes or machines send the requests, several at a time and in no order. One
                that fails ends no other, unless the server refused the review or the user. See docs/clusters.md.

        Raises:
            PartialFailure: Not all, or none, were updated; ``.result`` is the :class:`ReviewUpdate`. So too if a
                request failed and others of the run may have been applied.
            NotFoundError: No review result has this name.
            ConflictError: The review is not active.

        Page: https://pradeepkg.github.io/RSA/docs/review/updateReviewItems

        Example:
            >>> from infosecops import Group, ReviewItemChange
            >>> from infosecops.sandbox import Sandbox
            >>> change = ReviewItemChange("revoke", "achen", Group("Auditors", "CyberArk (REST)"), comments="left")
            >>> with Sandbox() as box, box.governance_lifecycle() as gl:
            ...     gl.update_review_items("UAR-3", [change]).updated
            1
        """
        options: ReviewOptions = {
            "sign_off": sign_off,
            "sign_off_comments": sign_off_comments,
            "comments_only": comments_only,
            "same_state_ok": same_state_ok,
        }
        with shown("update_review_items", on_progress, show=progress) as told:
            if executor is not None and dry_run is not True:
                from infosecops._executors import run_parts
                from infosecops._review_parts import handed_out, planned

                plan = run_here(
                    planned(
                        self,
                        review,
                        changes,
                        chunk_size=chunk_size,
                        on_partial=on_partial,
                        dry_run=dry_run,
                        told=told,
                        options=options,
                    )
                )
                shared, parts = handed_out(
                    self, review, plan, executor=executor, call=self.update_review_items, options=options
                )
                answers = parts.told(run_parts(shared, parts, told))
                return run_here(self._native.merge_review_update(plan, answers, on_partial=on_partial))
            return run_here(
                self._native.update_review_items(
                    review,
                    changes,
                    chunk_size=chunk_size,
                    on_partial=on_partial,
                    dry_run=dry_run,
                    on_progress=told,
                    **options,
                )
            )

    def command(
        self,
        name: str,
        *,
        params: Mapping[str, object] | None = None,
        body: bytes | str | None = None,
        method: Literal["GET", "POST"] = "GET",
        effect: Effect = "unsafe",
    ) -> CommandResult:
        """Run any other web-service command.

        What a good answer holds is not known here, so whatever it holds is given as ``data``. It is an error if it says
        ``status`` = failure, failed or error, or if it is an object with ``error`` instead of an envelope.

        Args:
            name: The command, such as ``findUsers``.
            params: Its parameters; True becomes ``true``, None is left out.
            body: Sent as it is; text in UTF-8.
            method: As the vendor's page of the command says.
            effect: What repeating it would do, which decides whether it is ever sent again by itself.

        Raises:
            ApiError: Refused, also inside an answer of status 200.
            UnexpectedContentError: The answer is no document, or an error and nothing else; its outcome is unknown.

        Example:
            >>> from infosecops.sandbox import Sandbox
            >>> with Sandbox() as box, box.governance_lifecycle() as gl:
            ...     gl.command("about", effect="read").data["type"]
            'about'
        """
        try:
            operation = self._native.command(name, params=params, body=body, method=method, effect=effect)
        finally:
            # They may hold secrets, and tracebacks show the locals of every frame they pass.
            del params, body
        return run_here(operation)


class AsyncGovernanceLifecycle(_Base, AsyncReviewRuns, AsyncSessions):
    """The twin of :class:`GovernanceLifecycle` for asyncio."""

    async def upload_coverage(  # noqa: PLR0913
        self,
        coverage: Coverage | None = None,
        *,
        type: CoverageType,  # noqa: A002
        id: str | int | None = None,  # noqa: A002
        name: str | None = None,
        filename: str | None = None,
        alt_manager_resolves_to: str | None = None,
        check: bool = False,
    ) -> CommandResult:
        """Refresh the coverage of a review; see :meth:`GovernanceLifecycle.upload_coverage`."""
        return await run(
            self._native.upload_coverage(
                coverage,
                type=type,
                id=id,
                name=name,
                filename=filename,
                alt_manager_resolves_to=alt_manager_resolves_to,
                check=check,
            )
        )

    async def update_review_items(  # noqa: PLR0913
        self,
        review: str,
        changes: Changes,
        *,
        sign_off: bool = False,
        sign_off_comments: str | None = None,
        comments_only: bool = False,
        chunk_size: int | None = None,
        same_state_ok: bool = False,
        on_partial: Literal["raise", "return"] = "raise",
        dry_run: bool = False,
        on_progress: Callable[[int, int, int], object] | None = None,
        progress: bool = False,
        executor: Executor | None = None,
    ) -> ReviewUpdate:
        """Change the states of review items; see :meth:`GovernanceLifecycle.update_review_items`."""
        options: ReviewOptions = {
            "sign_off": sign_off,
            "sign_off_comments": sign_off_comments,
            "comments_only": comments_only,
            "same_state_ok": same_state_ok,
        }
        with shown("update_review_items", on_progress, show=progress) as told:
            if executor is not None and dry_run is not True:
                from infosecops._executors import run_parts_async
                from infosecops._review_parts import handed_out, planned

                plan = await run(
                    planned(
                        self,
                        review,
                        changes,
                        chunk_size=chunk_size,
                        on_partial=on_partial,
                        dry_run=dry_run,
                        told=told,
                        options=options,
                    )
                )
                shared, parts = handed_out(
                    self, review, plan, executor=executor, call=self.update_review_items, options=options
                )
                answers = parts.told(await run_parts_async(shared, parts, told))
                return await run(self._native.merge_review_update(plan, answers, on_partial=on_partial))
            return await run(
                self._native.update_review_items(
                    review,
                    changes,
                    chunk_size=chunk_size,
                    on_partial=on_partial,
                    dry_run=dry_run,
                    on_progress=told,
                    **options,
                )
            )

    async def command(
        self,
        name: str,
        *,
        params: Mapping[str, object] | None = None,
        body: bytes | str | None = None,
        method: Literal["GET", "POST"] = "GET",
        effect: Effect = "unsafe",
    ) -> CommandResult:
        """Run any other web-service command; see :meth:`GovernanceLifecycle.command`."""
        try:
            operation = self._native.command(name, params=params, body=body, method=method, effect=effect)
        finally:
            # They may hold secrets, and tracebacks show the locals of every frame they pass.
            del params, body
        return await run(operation)
