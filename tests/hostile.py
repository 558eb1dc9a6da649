"""Values that no argument expects: wrong types, extremes, and objects that fail or lie when they are looked at."""

from __future__ import annotations

import datetime as dt
import decimal
import pathlib
from typing import TYPE_CHECKING, Any

from infosecops import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class OwnError(Exception):
    """What the objects here raise. Who passes one may get it back."""


def raising(*names: str) -> type:
    """A class whose special methods fail."""

    def fail(*_: object, **__: object) -> None:
        raise OwnError(names[0])

    return type(f"Raises{names[0].strip('_').title()}", (), dict.fromkeys(names, fail))


class Liar:
    """Empty, whatever its length says."""

    def __init__(self, length: int) -> None:
        self.length = length

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[object]:
        return iter(())


class LoudText(str):
    """A text that can't be turned into one."""

    __slots__ = ()

    def __str__(self) -> str:
        raise OwnError("__str__")


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


def failing_items() -> Iterator[object]:
    yield from ()
    raise OwnError("items")


NUMBERS: dict[str, Callable[[], Any]] = {
    "zero": lambda: 0,
    "minus one": lambda: -1,
    "2**31": lambda: 2**31,
    "2**63": lambda: 2**63,
    "-2**63-1": lambda: -(2**63) - 1,
    "10**40": lambda: 10**40,
    "10**5000": lambda: 10**5000,
    "0.0": lambda: 0.0,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "-inf": lambda: float("-inf"),
    "1e308": lambda: 1e308,
    "1j": lambda: 1j,
    "Decimal": lambda: decimal.Decimal("NaN"),
    "True": lambda: True,
}
TEXTS: dict[str, Callable[[], Any]] = {
    "empty": lambda: "",
    "blank": lambda: " ",
    "surrogate": lambda: "\ud800",
    "nul": lambda: "a\0b",
    "line break": lambda: "a\r\nb",
    "1 MB": lambda: "x" * 1_000_000,
    "loud": lambda: LoudText("x"),
    "bytes": lambda: b"\xff\x00",
    "bytearray": lambda: bytearray(b"x"),
}
CONTAINERS: dict[str, Callable[[], Any]] = {
    "list": list,
    "list of None": lambda: [None],
    "tuple": tuple,
    "pair of None": lambda: (None, None),
    "dict": dict,
    "dict of int": lambda: {1: 2},
    "dict of surrogates": lambda: {"\ud800": "\ud800"},
    "nested": lambda: nested(60),
    "nested deeply": lambda: nested(5000),
    "failing items": failing_items,
    "length 2**62": lambda: Liar(2**62),
    "length 10**11": lambda: Liar(10**11),
    "length -1": lambda: Liar(-1),
}
OBJECTS: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "object": object,
    "class": lambda: int,
    "date": lambda: dt.date.min,
    "datetime": lambda: dt.datetime.max.replace(tzinfo=dt.timezone.utc),
    "path": lambda: pathlib.Path("/nonexistent/\0x"),
    "folder": lambda: pathlib.Path("/"),
    "Secret": lambda: Secret("x"),
    **{
        name: raising(name)
        for name in ("__str__", "__fspath__", "__iter__", "__float__", "__index__", "__bool__", "__getattr__")
    },
    "__eq__": raising("__eq__", "__hash__"),
    "__len__": raising("__len__", "__iter__"),
}
VALUES = {**NUMBERS, **TEXTS, **CONTAINERS, **OBJECTS}
