"""What a client is set to, and who said so: for people who look for the one setting that is not as they think."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

__all__ = ["ConfigEntry", "ConfigReport"]

_WIDEST_VALUE = 48


class ConfigEntry:
    """One setting. Secrets are masked."""

    name: str = ""
    """As profiles name it."""
    value: Any = None
    """The value in use; ``****`` for a secret, or where it is to be had."""
    source: str = "default"
    """``keyword``, ``environment NAME``, ``profile FILE [TABLE]`` or ``default``."""
    shadowed: tuple[tuple[str, Any], ...] = ()
    """What does not count because of it: (source, value), best first."""

    def __init__(self, name: str, value: object, source: str, shadowed: Iterable[Sequence[Any]] = ()) -> None:
        self.name = name
        self.value = value
        self.source = source
        self.shadowed = tuple((other, hidden) for other, hidden in shadowed)

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data."""
        shadowed = [{"source": source, "value": value} for source, value in self.shadowed]
        return {"name": self.name, "value": self.value, "source": self.source, "shadowed": shadowed}

    def __repr__(self) -> str:
        return f"ConfigEntry({self.name!r}, {self.value!r}, {self.source!r})"


class ConfigReport:
    """All settings of a client, in the order of its constructor; ``report["timeout"]`` is one of them.

    Example:
        >>> import infosecops
        >>> report = infosecops.Sectona("https://pam.example.com", access_key="k").config_report()
        >>> [entry.name for entry in report if entry.source == "keyword"]
        ['url', 'access_key']
    """

    __slots__ = ("_entries",)

    def __init__(self, rows: Iterable[tuple[str, Any, str, Iterable[Sequence[Any]]]]) -> None:
        self._entries = {row[0]: ConfigEntry(*row) for row in rows}

    def __iter__(self) -> Iterator[ConfigEntry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, name: str) -> ConfigEntry:
        return self._entries[name]

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Give it as plain data, by name; it holds no secret."""
        return {entry.name: entry.to_dict() for entry in self}

    def __repr__(self) -> str:
        rows = [("setting", "value", "source")]
        for entry in self:
            rows.append((entry.name, _shown(entry.value), entry.source))
            rows += [("", _shown(value), f"(not used: {source})") for source, value in entry.shadowed]
        widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
        return "\n".join(f"{name:<{widths[0]}}  {value:<{widths[1]}}  {source}" for name, value, source in rows)


def _shown(value: object) -> str:
    if value is None:
        return "-"
    text = value if isinstance(value, str) else repr(value)
    text = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return text if len(text) <= _WIDEST_VALUE else f"{text[: _WIDEST_VALUE - 1]}\N{HORIZONTAL ELLIPSIS}"
