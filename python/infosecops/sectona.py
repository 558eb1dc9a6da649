"""Sectona PAM, the password vault.

Pages: https://docs.sectona.com/pam-technical-documentation/6.0/api-password-vault
"""

from __future__ import annotations

from infosecops import _infosecops
from infosecops._client import AsyncClient, BaseClient, Client, run, run_here

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from typing_extensions import Self, Unpack

    from infosecops._client import AsyncSecretLike, CommonOptions
    from infosecops._infosecops import Envelope, VaultAccount

    class Overrides(CommonOptions, total=False):
        """Keywords of ``from_env`` and ``from_profile``: those of the constructor."""

        url: str
        access_key: AsyncSecretLike
        accept: Literal["json", "xml"]


__all__ = ["AsyncSectona", "Sectona"]


class _Base(BaseClient):
    _system = "sectona"
    _native: _infosecops.Sectona

    def __init__(
        self,
        url: str,
        *,
        access_key: AsyncSecretLike,
        accept: Literal["json", "xml"] = "json",
        **common: Unpack[CommonOptions],
    ) -> None:
        access_key = _infosecops.wrap(access_key)
        self._given = {"access_key": access_key, "accept": accept}
        try:
            self._native = _infosecops.Sectona(self._configure(url, common), access_key=access_key, accept=accept)
        finally:
            # They may hold secrets, and tracebacks show the locals of every frame they pass.
            del url, common, access_key

    @classmethod
    def from_env(cls, **overrides: Unpack[Overrides]) -> Self:
        """Make a client of environment variables, such as ``INFOSECOPS_SECTONA_URL``.

        Args:
            **overrides: Keywords of the constructor; they come before the environment.

        Raises:
            ConfigError: Something is missing or can't be used; the variables are named.

        Example:
            >>> import os, infosecops
            >>> os.environ["INFOSECOPS_SECTONA_URL"] = "https://pam.example.com"
            >>> infosecops.Sectona.from_env(access_key="from elsewhere")
            Sectona('https://pam.example.com')
            >>> del os.environ["INFOSECOPS_SECTONA_URL"]
        """
        try:
            return cls._find(None, overrides)  # type: ignore[arg-type]
        finally:
            # They may hold secrets, and tracebacks show the locals of every frame they pass.
            del overrides

    @classmethod
    def from_profile(cls, profile: str, **overrides: Unpack[Overrides]) -> Self:
        """Make a client of a profile, a table of a file in the user's configuration folder.

        Args:
            profile: Its name: of ``prod``, the table ``[prod.sectona]`` is read.
            **overrides: Keywords of the constructor; they come before the environment, and that before the profile.

        Raises:
            ConfigError: Something is missing or can't be used; file, table and line are named.

        Example:
            >>> import infosecops
            >>> try:
            ...     infosecops.Sectona.from_profile("no such profile")
            ... except infosecops.ConfigError as error:
            ...     print(error.outcome)
            not_sent
        """
        try:
            return cls._find(profile, overrides)  # type: ignore[arg-type]
        finally:
            # They may hold secrets, and tracebacks show the locals of every frame they pass.
            del overrides


class Sectona(_Base, Client):
    """A client for the vault.

    Args:
        url: Base URL of Sectona, such as ``https://pam.example.com``; with or without the operation's path.
        access_key: The key that was set when the API was registered. A callable is asked when the key is first needed,
            and again by the next call after the vault refused the one in use.
        accept: The form that is asked for; both are understood whatever comes.
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

    def request_password(
        self,
        asset_type: str,
        asset_host: str,
        account_name: str,
        *,
        instance: str = "Default",
        db_instance: str | None = None,
    ) -> VaultAccount:
        """Get the secret of one account. The vault records every request, so it is never sent twice once it was sent.

        Names are passed on as they are: ``Unix Based`` and ``UnixBased`` are two types.

        Args:
            asset_type: The type of asset, as it is named in Sectona.
            asset_host: Host name or address.
            account_name: The account's name on the asset.
            instance: The Sectona instance.
            db_instance: The database instance, for database assets.

        Raises:
            AuthenticationError: The access key was refused.
            NotFoundError: Instance, asset or account is not known; ``.code`` is the vault's code.
            PermissionDeniedError: The account is not accessible.
            UnexpectedContentError: The vault reports success, but the account or its password is missing.

        Page: https://docs.sectona.com/pam-technical-documentation/6.0/api-password-vault
        """
        return run_here(
            self._native.request_password(
                asset_type, asset_host, account_name, instance=instance, db_instance=db_instance
            )
        )

    def call(self, path: str, fields: Mapping[str, object]) -> Envelope:
        """Run another operation of the vault.

        Args:
            path: Its path, such as ``/API/APP/APP007/GetInstances``.
            fields: Its request fields, spelled as the vendor prints them.

        Raises:
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
            del fields
        return run_here(operation)


class AsyncSectona(_Base, AsyncClient):
    """The twin of :class:`Sectona` for asyncio."""

    async def request_password(
        self,
        asset_type: str,
        asset_host: str,
        account_name: str,
        *,
        instance: str = "Default",
        db_instance: str | None = None,
    ) -> VaultAccount:
        """Get the secret of one account; see :meth:`Sectona.request_password`."""
        return await run(
            self._native.request_password(
                asset_type, asset_host, account_name, instance=instance, db_instance=db_instance
            )
        )

    async def call(self, path: str, fields: Mapping[str, object]) -> Envelope:
        """Run another operation of the vault; see :meth:`Sectona.call`."""
        try:
            operation = self._native.call(path, fields)
        finally:
            # They may hold secrets, and tracebacks show the locals of every frame they pass.
            del fields
        return await run(operation)
