"""Access tokens by name: finding one, and making it what it should be with the fewest requests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from test_bamboo_agents import BAMBOO, PAGE_LIST, PAGE_UPDATE, READ_ONLY, fields, sent
from wire import Received, Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable


def test_find(connect: Callable[..., Any]) -> None:
    twice = json.dumps([*json.loads(PAGE_LIST), {**json.loads(PAGE_UPDATE), "name": "readOnly"}])
    with Wire(ok(PAGE_LIST)) as wire:
        tokens = connect(BAMBOO, wire.url, token="pat").tokens
        assert fields(tokens.find("readOnly"))[0] == READ_ONLY
        assert tokens.find("readonly") is None
        wire.answers = [ok(twice)]
        with pytest.raises(infosecops.AmbiguousMatch) as caught:
            tokens.find("readOnly")
        assert READ_ONLY not in f"{caught.value} {caught.value.__dict__}"


@pytest.mark.parametrize(
    ("name", "rights", "methods", "changed"),
    [
        ("readOnly", {}, ["GET"], False),
        ("read and write", {"change": True}, ["GET"], False),
        ("readOnly", {"change": True}, ["GET", "PUT"], True),
        ("read and write", {"read": False, "change": False}, ["GET", "PUT"], True),
        ("chef nodes", {"change": True}, ["GET", "POST"], True),
    ],
)
def test_ensure_does_the_least(
    connect: Callable[..., Any], name: str, rights: dict[str, bool], methods: list[str], *, changed: bool
) -> None:
    def answer(request: Received) -> bytes:
        return ok(PAGE_LIST) if request.method == "GET" else ok(json.dumps({"uuid": "u", **json.loads(request.body)}))

    with Wire(answer) as wire:
        result = connect(BAMBOO, wire.url, token="pat").tokens.ensure(name, **rights)
        assert ([method for method, _ in sent(wire)], result.changed) == (methods, changed)
        wanted = {"read": True, "change": False, **rights}
        assert (result.token.name, result.token.read, result.token.change) == (name, wanted["read"], wanted["change"])


def test_ensure_changes_nothing_when_names_repeat(connect: Callable[..., Any]) -> None:
    twice = json.dumps([{**one, "name": "same"} for one in json.loads(PAGE_LIST)])
    with Wire(ok(twice)) as wire:
        with pytest.raises(infosecops.AmbiguousMatch):
            connect(BAMBOO, wire.url, token="pat").tokens.ensure("same", change=True)
        assert [method for method, _ in sent(wire)] == ["GET"]
