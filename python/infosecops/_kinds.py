"""What SD Elements has of every kind of integration: jobs, and the connections that they run."""

from __future__ import annotations

from infosecops._client import Generic, T

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from infosecops import _infosecops
    from infosecops.sd_elements import AsyncSDElements, SDElements

__all__ = ["ByKind", "OfKind"]


class OfKind:
    """Those of one kind."""

    def __init__(self, client: SDElements | AsyncSDElements, kind: str) -> None:
        self._client = client
        self._kind = kind

    @property
    def _native(self) -> _infosecops.SDElements:
        return self._client._native  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]


class ByKind(Generic[T]):
    """Those of every kind."""

    _of_kind: Callable[[SDElements | AsyncSDElements, str], T]

    def __init__(self, client: SDElements | AsyncSDElements) -> None:
        self._client = client

    @property
    def _native(self) -> _infosecops.SDElements:
        return self._client._native  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]

    @property
    def alm(self) -> T:
        """Those of issue trackers."""
        return self._of_kind(self._client, "alm")

    @property
    def analysis(self) -> T:
        """Those of security tools."""
        return self._of_kind(self._client, "analysis")

    @property
    def ldap(self) -> T:
        """Those of directories."""
        return self._of_kind(self._client, "ldap")

    def kind(self, kind: str) -> T:
        """Those of any kind, such as ``issue-tracker``, the name of newer releases for alm (inferred).

        Raises:
            ConfigError: The name can't be part of a path.
        """
        return self._of_kind(self._client, self._native.checked_kind(kind))
