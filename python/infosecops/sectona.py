"""Sectona PAM, the password vault.

Pages: https://docs.sectona.com/pam-technical-documentation/6.0/api-password-vault
"""

from __future__ import annotations

from infosecops import _infosecops
from infosecops._client import AsyncClient, BaseClient, Client, run, run_here
from infosecops._vault_credential import AsyncVaultCredential, VaultCredential

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Executor
    from typing import Literal

    from typing_extensions import Self, Unpack

    from infosecops._bulk import BulkEntry, BulkResult
    from infosecops._client import AsyncSecretLike, CommonOptions
    from infosecops._infosecops import AccountRequest, Envelope, VaultAccount
    from infosecops.types import AccountRequests, PasswordOptions

    class Overrides(CommonOptions, total=False):
        """Keywords of ``from_env`` and ``from_profile``: those of the constructor."""

        url: str
        access_key: AsyncSecretLike
        accept: Literal["json", "xml"]
        failover: Sequence[str]
        cache_ttl: float | None


__all__ = ["AsyncSectona", "AsyncVaultCredential", "Sectona", "VaultCredential"]


class _Base(BaseClient):
    _system = "sectona"
    _native: _infosecops.Sectona

    def __init__(
        self,
        url: str,
        *,
        access_key: AsyncSecretLike,
        accept: Literal["json", "xml"] = "json",
        failover: Sequence[str] = (),
        cache_ttl: float | None = None,
        **common: Unpack[CommonOptions],
    ) -> None:
        access_key = _infosecops.wrap(access_key)
        try:
            settings = self._configure(url, {**common, "failover": failover})
            self._native = _infosecops.Sectona(settings, access_key=access_key, accept=accept, cache_ttl=cache_ttl)
            self._given = {"access_key": access_key, "accept": accept, "cache_ttl": cache_ttl}
        finally:
            # They may hold secrets, and tracebacks show the locals of every frame they pass.
            del url, common, access_key, failover
        if cache_ttl is not None:
            from infosecops._forks import wipe_after_fork

            wipe_after_fork(self._native)

    if TYPE_CHECKING:

        @classmethod
        def from_env(cls, **overrides: Unpack[Overrides]) -> Self: ...  # type: ignore[override]
        @classmethod
        def from_profile(cls, profile: str, **overrides: Unpack[Overrides]) -> Self: ...  # type: ignore[override]


class Sectona(_Base, Client):
    """A client for the vault.

    Args:
        url: Base URL of Sectona, such as ``https://pam.example.com``; with or without the operation's path.
        access_key: The key that was set when the API was registered. A callable is asked when the key is first needed,
            and again by the next call after the vault refused the one in use.
        accept: The form that is asked for; both are understood whatever comes.
        failover: URLs of further servers of the same vault, with the same access key and TLS settings. The next one is
            tried only where no connection to the one before could be made, never once anything was sent: the vault may
            have recorded it. Later calls begin with the server that answered last, and after 60 seconds one of them
            looks whether the first is back. One unreachable server costs up to ``connect_timeout``, which should
            therefore be well below ``timeout``. Errors name all that were tried.
        cache_ttl: For how many seconds an account that was handed out is kept in memory and given again; None: not at
            all. The vault records none of that, and what changes there is seen only after this time. Accounts are kept
            by all five fields of the request; failures are not kept. Whoever asks for an account that is being asked
            for, in any thread or task, waits for that answer and shares it, and its failure; so a callable that a call
            runs must not ask for that call's own account, or it waits until its time is up. What is kept is wiped when
            it expires, by :meth:`close`, and in a forked child, which begins with nothing. It is neither shown nor
            pickled.
        **common: The keywords that all clients take.

    Raises:
        ConfigError: Arguments can't be used; nothing was sent.

    Example:
        >>> from infosecops.sandbox import Sandbox
        >>> with Sandbox() as box, box.sectona() as pam:
        ...     account = pam.request_password("Unix Based", "web01.example.net", "deploy")
        >>> account.password
        Secret(****)
    """

    def request_password(  # noqa: PLR0913
        self,
        asset_type: str,
        asset_host: str,
        account_name: str,
        *,
        instance: str = "Default",
        db_instance: str | None = None,
        fresh: bool = False,
    ) -> VaultAccount:
        """Get the secret of one account. The vault records every request, so it is never sent twice once it was sent.

        Names are passed on as they are: ``Unix Based`` and ``UnixBased`` are two types.

        Args:
            asset_type: The type of asset, as it is named in Sectona.
            asset_host: Host name or address.
            account_name: The account's name on the asset.
            instance: The Sectona instance.
            db_instance: The database instance, for database assets.
            fresh: Ask the vault even if the account is kept; see ``cache_ttl``.

        Raises:
            AuthenticationError: The access key was refused.
            NotFoundError: Instance, asset or account is not known; ``.code`` is the vault's code.
            PermissionDeniedError: The account is not accessible.
            UnexpectedContentError: The vault reports success, but the account or its password is missing.

        Page: https://docs.sectona.com/pam-technical-documentation/6.0/api-password-vault
        """
        return run_here(
            self._native.request_password(
                asset_type, asset_host, account_name, instance=instance, db_instance=db_instance, fresh=fresh
            )
        )

    def request_passwords(  # noqa: PLR0913
        self,
        requests: AccountRequests,
        *,
        max_concurrency: int = 4,
        on_partial: Literal["raise", "return"] = "raise",
        on_progress: Callable[[int, int, int], object] | None = None,
        on_result: Callable[[BulkEntry[AccountRequest, VaultAccount]], object] | None = None,
        fresh: bool = False,
        executor: Executor | None = None,
    ) -> BulkResult[AccountRequest, VaultAccount]:
        """Get the secrets of many accounts, several at a time. The vault records each request; none is sent twice.

        All requests are checked before the first is sent. Each has the client's ``timeout`` of its own; nothing else
        limits the whole. One that fails ends no other. An access key that the vault refused is not sent again: what was
        still to be sent fails with the outcome ``not_sent``, unless a callable gives another key.

        Args:
            requests: Tuples ``(asset_type, asset_host, account_name)``, dicts with the names of the arguments of
                :meth:`request_password`, or :class:`AccountRequest` objects. Twice the same is asked for twice.
            max_concurrency: How many requests are made at a time.
            on_partial: ``"return"``: give a result that is not whole instead of raising it.
            on_progress: Is told, after every request, how many have ended, how many there are and how many of them
                gave nothing.
            on_result: Is told every entry as soon as it is known. What it has heard of is not lost when Ctrl-C or a
                cancelled task ends the operation, which drops the result and the requests on their way.
            fresh: Ask the vault even for accounts that are kept; see ``cache_ttl``.
            executor: Has its threads, processes or machines make the requests, in parts, with ``max_concurrency`` at a
                time each. Workers tell ``on_result``; secrets do not travel back from other processes. See
                docs/clusters.md.

        What one of these two callables raises ends the operation likewise.

        Raises:
            ConfigError: Requests can't be used, each of them named by its place; nothing was sent.
            TypeError: Requests are of wrong types, likewise.
            PartialFailure: Not all accounts came back; ``.result`` is the :class:`BulkResult`.

        Example:
            >>> from infosecops.sandbox import Sandbox
            >>> wanted = [("Unix Based", "web01.example.net", "deploy"), ("Unix Based", "CENTOS7", "admin152")]
            >>> with Sandbox() as box, box.sectona() as pam:
            ...     result = pam.request_passwords(wanted)
            >>> result
            BulkResult(total=2, succeeded=2, failed=0, unknown=0)
            >>> [(entry.input.account_name, entry.value.password) for entry in result]
            [('deploy', Secret(****)), ('admin152', Secret(****))]

        Page: https://docs.sectona.com/pam-technical-documentation/6.0/api-password-vault
        """
        options: PasswordOptions = {
            "max_concurrency": max_concurrency,
            "on_partial": on_partial,
            "on_progress": on_progress,
            "on_result": on_result,
            "fresh": fresh,
        }
        if executor is None:
            return run_here(self._native.request_passwords(requests, **options))
        from infosecops._executors import run_parts
        from infosecops._password_parts import handed_out

        accounts = _infosecops.account_requests(requests)
        # What can't be used is refused before anything is handed out.
        run_here(self._native.request_passwords([], **options))
        shared, parts = handed_out(self, accounts, executor=executor, call=self.request_passwords, options=options)
        return parts.merged(run_parts(shared, parts, on_progress), on_partial)

    def credential(  # noqa: PLR0913
        self,
        asset_type: str,
        asset_host: str,
        account_name: str,
        *,
        instance: str = "Default",
        db_instance: str | None = None,
        field: Literal["password", "pass_phrase"] = "password",
    ) -> VaultCredential:
        """Make an account of the vault the credential of another client. Asks the vault for nothing yet.

        The vault is asked when the other client first needs the secret, and again only after the server refused it;
        then ``cache_ttl`` does not matter. Its errors come out of the other client's call as they are, with the
        ``.system`` "sectona". It can be pickled if this client can.

        Args:
            asset_type: The type of asset, as it is named in Sectona.
            asset_host: Host name or address.
            account_name: The account's name on the asset.
            instance: The Sectona instance.
            db_instance: The database instance, for database assets.
            field: Which of the account's two secrets.

        Raises:
            ConfigError: A name is empty.

        Example:
            >>> from infosecops.sandbox import Sandbox
            >>> with Sandbox() as box, box.sectona() as pam:
            ...     token = pam.credential("Application", "sde.example.net", "sde-api")
            ...     with box.sd_elements(token=token) as sde:
            ...         found = sde.connections.alm.get(12).id
            >>> found, token
            (12, VaultCredential('Application', 'sde.example.net', 'sde-api', field='password'))
        """
        account = _infosecops.AccountRequest(
            asset_type, asset_host, account_name, instance=instance, db_instance=db_instance
        )
        return VaultCredential(self, account, field)

    def call(self, path: str, fields: Mapping[str, object]) -> Envelope:
        """Run another operation of the vault.

        Args:
            path: Its path, such as ``/API/APP/APP007/GetInstances``.
            fields: Its request fields, spelled as the vendor prints them: texts, numbers, whatever JSON can hold.

        Raises:
            ConfigError: JSON can't hold the fields; nothing was sent.
            ApiError: Refused, also inside an answer of status 200; ``.code`` is the vault's code.

        Example:
            >>> from infosecops.sandbox import Sandbox
            >>> with Sandbox() as box, box.sectona() as pam:
            ...     pam.call("/API/APP/APP007/GetInstances", {}).is_success
            True
        """
        try:
            operation = self._native.call(path, fields)
        finally:
            # They may hold secrets, and tracebacks show the locals of every frame they pass.
            del path, fields
        return run_here(operation)


class AsyncSectona(_Base, AsyncClient):
    """The twin of :class:`Sectona` for asyncio."""

    async def request_password(  # noqa: PLR0913
        self,
        asset_type: str,
        asset_host: str,
        account_name: str,
        *,
        instance: str = "Default",
        db_instance: str | None = None,
        fresh: bool = False,
    ) -> VaultAccount:
        """Get the secret of one account; see :meth:`Sectona.request_password`."""
        return await run(
            self._native.request_password(
                asset_type, asset_host, account_name, instance=instance, db_instance=db_instance, fresh=fresh
            )
        )

    async def request_passwords(  # noqa: PLR0913
        self,
        requests: AccountRequests,
        *,
        max_concurrency: int = 4,
        on_partial: Literal["raise", "return"] = "raise",
        on_progress: Callable[[int, int, int], object] | None = None,
        on_result: Callable[[BulkEntry[AccountRequest, VaultAccount]], object] | None = None,
        fresh: bool = False,
        executor: Executor | None = None,
    ) -> BulkResult[AccountRequest, VaultAccount]:
        """Get the secrets of many accounts; see :meth:`Sectona.request_passwords`. The callables may be async."""
        options: PasswordOptions = {
            "max_concurrency": max_concurrency,
            "on_partial": on_partial,
            "on_progress": on_progress,
            "on_result": on_result,
            "fresh": fresh,
        }
        if executor is None:
            return await run(self._native.request_passwords(requests, **options))
        from infosecops._executors import run_parts_async
        from infosecops._password_parts import handed_out

        accounts = _infosecops.account_requests(requests)
        # What can't be used is refused before anything is handed out.
        await run(self._native.request_passwords([], **options))
        shared, parts = handed_out(self, accounts, executor=executor, call=self.request_passwords, options=options)
        return parts.merged(await run_parts_async(shared, parts, on_progress), on_partial)

    def credential(  # noqa: PLR0913
        self,
        asset_type: str,
        asset_host: str,
        account_name: str,
        *,
        instance: str = "Default",
        db_instance: str | None = None,
        field: Literal["password", "pass_phrase"] = "password",
    ) -> AsyncVaultCredential:
        """Make an account of the vault the credential of another client; see :meth:`Sectona.credential`.

        It is an async callable, for the clients of asyncio.
        """
        account = _infosecops.AccountRequest(
            asset_type, asset_host, account_name, instance=instance, db_instance=db_instance
        )
        return AsyncVaultCredential(self, account, field)

    async def call(self, path: str, fields: Mapping[str, object]) -> Envelope:
        """Run another operation of the vault; see :meth:`Sectona.call`."""
        try:
            operation = self._native.call(path, fields)
        finally:
            # They may hold secrets, and tracebacks show the locals of every frame they pass.
            del path, fields
        return await run(operation)
