"""An account of the vault as the credential of another client."""

from __future__ import annotations

from infosecops._client import run, run_here

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from infosecops import _infosecops
    from infosecops._infosecops import AccountRequest, Operation, Secret, VaultAccount
    from infosecops.sectona import AsyncSectona, Sectona

__all__ = ["AsyncVaultCredential", "VaultCredential"]


class _Base:
    __slots__ = ("_account", "_client", "_field", "_was_asked")
    _client: Any

    def __init__(self, account: AccountRequest, field: Literal["password", "pass_phrase"]) -> None:
        if field not in ("password", "pass_phrase"):
            from infosecops.errors import ConfigError

            raise ConfigError('field: must be "password" or "pass_phrase"', outcome="not_sent")
        self._account = account
        self._field = field
        self._was_asked = False

    def _ask(self) -> Operation[VaultAccount]:
        # A client keeps what it was given until the server refuses it: then what the vault's client keeps is old too.
        fresh, self._was_asked = self._was_asked, True
        account = self._account
        native: _infosecops.Sectona = self._client._native  # noqa: SLF001 - the one operation beneath both methods
        return native.request_password(
            account.asset_type,
            account.asset_host,
            account.account_name,
            instance=account.instance,
            db_instance=account.db_instance,
            fresh=fresh,
        )

    def _read(self, account: VaultAccount) -> Secret:
        secret: Secret = getattr(account, self._field)
        return secret

    def __repr__(self) -> str:
        account = self._account
        names = (account.asset_type, account.asset_host, account.account_name)
        return f"{type(self).__name__}({', '.join(map(repr, names))}, field={self._field!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel with the client, which travels if a callable gives its key."""
        return type(self), (self._client, self._account, self._field)


class VaultCredential(_Base):
    """Gives the secret of one account: a callable for clients that want one. Made by :meth:`Sectona.credential`."""

    __slots__ = ()

    def __init__(self, client: Sectona, account: AccountRequest, field: Literal["password", "pass_phrase"], /) -> None:
        super().__init__(account, field)
        self._client = client

    def __call__(self) -> Secret:
        """Ask the vault."""
        return self._read(run_here(self._ask()))


class AsyncVaultCredential(_Base):
    """The twin of :class:`VaultCredential` for clients of asyncio. Made by :meth:`AsyncSectona.credential`."""

    __slots__ = ()

    def __init__(
        self, client: AsyncSectona, account: AccountRequest, field: Literal["password", "pass_phrase"], /
    ) -> None:
        super().__init__(account, field)
        self._client = client

    async def __call__(self) -> Secret:
        """Ask the vault."""
        return self._read(await run(self._ask()))
