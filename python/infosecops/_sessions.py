"""Sessions of RSA / SecurID Governance & Lifecycle: their beginning, their limits, and their end with the client's."""

from __future__ import annotations

from infosecops._client import AsyncClient, Client, run, run_here

TYPE_CHECKING = False
if TYPE_CHECKING:
    from infosecops import _infosecops
    from infosecops._infosecops import SecuritySettings

__all__ = ["AsyncSessions", "Sessions"]


class Sessions(Client):
    """The part of :class:`GovernanceLifecycle` that is about its session."""

    _native: _infosecops.GovernanceLifecycle

    def close(self) -> None:
        """Log out the session that ``login`` opened in this process, and close the idle connections.

        The logout takes two seconds at most and never fails: a session that is left ends by itself when its time is up.
        A later call logs in again. ``logout_on_close=False`` keeps the session.
        """
        try:
            ending = self._native.end_sessions()
            if ending is not None:
                run_here(ending)
        except Exception:  # noqa: BLE001, S110 - whoever closes is done, whatever became of the session
            pass
        finally:
            super().close()

    def login(self) -> None:
        """Log in now, with ``login``; by itself that happens when a token is first needed."""
        run_here(self._native.login())

    def logout(self) -> None:
        """End the session on the server and forget its token. One that has ended already is fine."""
        run_here(self._native.logout())

    def keep_alive(self) -> None:
        """Keep the session from being idle too long. Not for tokens of trusted applications."""
        run_here(self._native.keep_alive())

    def get_security_settings(self) -> SecuritySettings:
        """Get the limits of tokens, in minutes."""
        return run_here(self._native.get_security_settings())


class AsyncSessions(AsyncClient):
    """The twin of :class:`Sessions` for asyncio."""

    _native: _infosecops.GovernanceLifecycle

    async def aclose(self) -> None:
        """Log out the session that ``login`` opened in this process, and close the idle connections.

        See :meth:`GovernanceLifecycle.close`.
        """
        try:
            ending = self._native.end_sessions()
            if ending is not None:
                await run(ending)
        except Exception:  # noqa: BLE001, S110 - whoever closes is done, whatever became of the session
            pass
        finally:
            await super().aclose()

    async def login(self) -> None:
        """Log in now; see :meth:`GovernanceLifecycle.login`."""
        await run(self._native.login())

    async def logout(self) -> None:
        """End the session on the server; see :meth:`GovernanceLifecycle.logout`."""
        await run(self._native.logout())

    async def keep_alive(self) -> None:
        """Keep the session from being idle too long; see :meth:`GovernanceLifecycle.keep_alive`."""
        await run(self._native.keep_alive())

    async def get_security_settings(self) -> SecuritySettings:
        """Get the limits of tokens, in minutes."""
        return await run(self._native.get_security_settings())
