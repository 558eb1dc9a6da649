"""The uuid that opens agents is a credential: where it comes from, and that nobody sees it."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import pickle
import weakref
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import AccessToken, Secret
from test_agents import BAMBOO, ID, STATE, UUID, opened, sent
from wire import Drop, Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable


def token_of(connect: Callable[..., Any]) -> AccessToken:
    with Wire(ok(json.dumps([{"uuid": UUID, "name": "n", "read": True, "change": True}]))) as wire:
        (token,) = connect(BAMBOO, wire.url, token="t").tokens.list()
        return token


@pytest.mark.parametrize("way", ["text", "secret", "token", "callable"])
def test_a_uuid_is_taken_in_every_form(connect: Callable[..., Any], way: str) -> None:
    given = {"text": UUID, "secret": Secret(UUID), "token": token_of(connect), "callable": lambda: UUID}[way]
    with Wire(ok(STATE)) as wire:
        assert opened(connect, wire, given).state(ID).id == ID
        assert wire.only.target.endswith(f"?uuid={UUID}")


def test_the_twin_awaits_a_callable() -> None:
    async def fetch() -> Secret:
        await asyncio.sleep(0)
        return Secret(UUID)

    async def look(url: str) -> int:
        async with infosecops.AsyncBambooAgents(url, proxy="direct") as bamboo:
            return (await bamboo.agents(fetch).state(ID)).id

    with Wire(ok(STATE)) as wire:
        assert asyncio.run(look(wire.url)) == ID
        assert wire.only.target.endswith(f"?uuid={UUID}")


def test_a_callable_is_asked_when_needed_and_again_after_a_refusal(connect: Callable[..., Any]) -> None:
    asked: list[int] = []

    def fetch() -> str:
        asked.append(1)
        return f"uuid-{len(asked)}"

    with Wire(ok(STATE), ok(STATE), ok("{}", status="401 No"), ok(STATE)) as wire:
        agents = opened(connect, wire, fetch)
        assert asked == []
        agents.state(ID)
        agents.state(ID)
        with pytest.raises(infosecops.AuthenticationError):
            agents.state(ID)
        agents.state(ID)
        assert [target.partition("uuid=")[2] for _, target in sent(wire)] == ["uuid-1", "uuid-1", "uuid-1", "uuid-2"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_asks_for_itself() -> None:
    asked: list[int] = []

    def fetch() -> str:
        asked.append(os.getpid())
        return UUID

    with Wire(ok(STATE)) as wire, infosecops.BambooAgents(wire.url, proxy="direct") as bamboo:
        agents = bamboo.agents(fetch)
        agents.state(ID)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = 0 if agents.state(ID).id == ID and asked[-1] == os.getpid() else 1
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        agents.state(ID)
        assert (len(wire.requests), len(asked)) == (3, 1)


@pytest.mark.parametrize("uuid", ["", Secret(""), 5, None, b"x", lambda: "", lambda: 5])
def test_a_uuid_that_cannot_be_one(connect: Callable[..., Any], uuid: Any) -> None:
    with Wire(ok(STATE)) as wire:
        with pytest.raises((infosecops.ConfigError, TypeError), match="uuid"):
            opened(connect, wire, uuid).state(ID)
        assert wire.connections == 0


def test_a_token_whose_secret_was_left_behind_opens_nothing(connect: Callable[..., Any]) -> None:
    token = pickle.loads(pickle.dumps(token_of(connect)))
    with Wire(ok(STATE)) as wire, pytest.raises(infosecops.ConfigError, match="left behind"):
        opened(connect, wire, token)


def test_uuids_are_masked_wherever_they_show(connect: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    events: list[Any] = []
    echo = ok(json.dumps({"message": f"no token {UUID}, {UUID}"}), status="400 Bad Request")
    with Wire(ok(STATE), echo, Drop()) as wire:
        agents = opened(connect, wire, on_event=events.append)
        shown = [repr(agents), repr(agents.state(ID))]
        for _ in range(2):
            with pytest.raises(infosecops.Error) as caught:
                agents.disable(ID)
            shown += [str(caught.value), repr(caught.value.__dict__)]
            assert caught.value.url.endswith("/state/disable?uuid=****")
        shown += [repr(events), caplog.text, repr([record.__dict__ for record in caplog.records])]
        assert [target for _, target in sent(wire) if UUID not in target] == []
        assert [text for text in shown if UUID in text] == []
        assert "agents.disable" in caplog.text


def test_a_callable_that_leads_back_to_its_agents_is_collected() -> None:
    class Owner:
        def __init__(self, client: Any) -> None:
            self.agents = client.agents(self.fetch)

        def fetch(self) -> str:
            return UUID

    with Wire(ok(STATE)) as wire, infosecops.BambooAgents(wire.url, proxy="direct") as bamboo:
        owner = Owner(bamboo)
        assert owner.agents.state(ID).id == ID
        gone = weakref.ref(owner)
        del owner
        gc.collect()
        assert gone() is None
