"""Each client for asyncio is the twin of the sync one: the same members and parameters, but awaited."""

from __future__ import annotations

import inspect
import re

import infosecops
import pytest
from test_surface import SURFACE, TWINS, function_of, named, public

TWIN_NAMES = {"close": "aclose", "__enter__": "__aenter__", "__exit__": "__aexit__", "__iter__": "__aiter__"}


@pytest.mark.parametrize("cls", SURFACE, ids=named)
def test_twins_have_the_same_members(cls: type) -> None:
    special = {name for name in TWIN_NAMES if name in dir(cls)}
    twin = TWINS[cls]
    assert {TWIN_NAMES.get(name, name) for name in public(cls) | special} == public(twin) | {
        name for name in TWIN_NAMES.values() if name in dir(twin)
    }


def without_prefix(function: object) -> str:
    """The signature with its types, those of asyncio by the names of their twins."""
    return re.sub(r"\bAsync(?=[A-Z])", "", str(inspect.signature(function)))


@pytest.mark.parametrize(
    ("cls", "name"), [(cls, name) for cls, found in SURFACE.items() for name in ("__init__", *sorted(found))]
)
def test_twins_take_and_give_the_same(cls: type, name: str) -> None:
    ours = inspect.getattr_static(cls, name)
    theirs = inspect.getattr_static(TWINS[cls], TWIN_NAMES.get(name, name))
    assert type(ours) is type(theirs)
    ours, theirs = function_of(ours), function_of(theirs)
    if isinstance(ours, property):
        ours, theirs = ours.fget, theirs.fget
    assert without_prefix(ours) == without_prefix(theirs)


def shared(cls: type, name: str) -> bool:
    """Whether the twins have one method in common, from a class above both."""
    return inspect.getattr_static(cls, name, None) is inspect.getattr_static(TWINS[cls], name)


@pytest.mark.parametrize("cls", SURFACE, ids=named)
def test_twins_are_awaited(cls: type) -> None:
    functions = dict(inspect.getmembers(TWINS[cls], inspect.isfunction))
    names = {name for name in functions if not name.startswith("_") or name in ("__aenter__", "__aexit__")}
    # What gives another class of asyncio gives it at once: its network traffic is awaited later.
    at_once = {
        name for name in names if functions[name].__annotations__["return"].startswith("Async") or shared(cls, name)
    }
    assert {name for name in names if inspect.iscoroutinefunction(functions[name])} == names - at_once
    assert not any(inspect.iscoroutinefunction(each) for _, each in inspect.getmembers(cls, inspect.isfunction))


def test_twins_of_lists_are_iterated() -> None:
    assert inspect.isasyncgenfunction(infosecops.AsyncLazyList.pages)
    assert inspect.isasyncgenfunction(infosecops.AsyncLazyList.__aiter__)
    assert inspect.isgeneratorfunction(infosecops.LazyList.pages)
    assert inspect.isgeneratorfunction(infosecops.LazyList.__iter__)
