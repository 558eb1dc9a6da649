"""Types of arguments, for type checkers: import them under ``TYPE_CHECKING``."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date
    from os import PathLike
    from typing import Any, Literal, Protocol, TypeAlias, TypedDict

    from typing_extensions import NotRequired

    from infosecops._bulk import BulkEntry
    from infosecops._infosecops import AccountRequest, CoverageRule, ReviewItemChange, VaultAccount

    class Frame(Protocol):
        """A data frame: anything that gives its rows as a stream of Arrow."""

        def __arrow_c_stream__(self, requested_schema: None = None) -> object: ...

    Coverage: TypeAlias = bytes | str | PathLike[str] | Iterable[CoverageRule] | Frame
    CoverageType: TypeAlias = Literal["reviewer", "monitor", "altmanager"]

    class AccountDict(TypedDict):
        """A :class:`RevieweeAccount` as plain data."""

        name: str
        business_source: str

    class ItemDict(TypedDict):
        """An item as plain data; which keys beside ``kind`` are needed depends on it."""

        kind: Literal["entitlement", "application_role", "group", "global_role"]
        name: NotRequired[str]
        business_source: NotRequired[str]
        resource: NotRequired[str]
        action: NotRequired[str]
        role_set: NotRequired[str]

    class ChangeDict(TypedDict):
        """A :class:`ReviewItemChange` as plain data."""

        state: str
        reviewee: str
        item: ItemDict
        account: NotRequired[AccountDict | None]
        comments: NotRequired[str | None]
        expires_on: NotRequired[date | None]

    class RefreshOptions(TypedDict, total=False):
        """What ``refresh_review`` renews; what is not given is left to the server."""

        coverage: bool
        clear_reassignments: bool
        users: bool
        groups: bool
        roles: bool
        entitlements: bool
        accounts: bool
        review_analysis: bool
        resources: bool
        descriptions: bool
        applications: Iterable[str]

    class ReviewOptions(TypedDict):
        """What every request of a review update is sent with."""

        sign_off: bool
        sign_off_comments: str | None
        comments_only: bool
        same_state_ok: bool

    class WaitOptions(TypedDict):
        """How ``wait_all`` waits."""

        timeout: float
        poll_interval: float
        max_concurrency: int
        on_progress: Callable[[int, int, int], object] | None
        on_failure: str

    class PasswordOptions(TypedDict):
        """How ``request_passwords`` asks."""

        max_concurrency: int
        on_partial: str
        on_progress: Callable[[int, int, int], object] | None
        on_result: Callable[[BulkEntry[AccountRequest, VaultAccount]], object] | None
        fresh: bool

    class AccountRequestDict(TypedDict):
        """An :class:`AccountRequest` as plain data."""

        asset_type: str
        asset_host: str
        account_name: str
        instance: NotRequired[str]
        db_instance: NotRequired[str | None]

    AccountRequests: TypeAlias = Iterable[AccountRequest | AccountRequestDict | tuple[str, str, str] | list[str]]
    # The last are rows, as data frames give them: their keys may be of any type.
    Changes: TypeAlias = Iterable[ReviewItemChange | ChangeDict | Mapping[Any, Any]] | Frame
