"""How a call runs: once, when it is made; what it asks callables for; what it tells listeners."""

from __future__ import annotations

import asyncio
import threading

import pytest
from infosecops import AsyncBambooAgents, BambooAgents
from wire import Wire, ok

EMPTY = ok("[]")


def client(url: str, **common: object) -> BambooAgents:
    return BambooAgents(url, **{"token": "t0ken", "proxy": "direct", "timeout": 20.0, **common})


def async_client(url: str, **common: object) -> AsyncBambooAgents:
    return AsyncBambooAgents(url, **{"token": "t0ken", "proxy": "direct", "timeout": 20.0, **common})


def test_an_operation_is_made_once() -> None:
    with Wire(EMPTY) as wire, client(wire.url) as api:
        operation = api._native.tokens_list()
        assert list(operation.wait()) == []
        with pytest.raises(RuntimeError, match="once"):
            operation.wait()


def test_nothing_is_sent_by_constructing_or_printing() -> None:
    with Wire(EMPTY) as wire:
        api = client(wire.url)
        assert wire.url in repr(api)
        api.close()
        assert wire.connections == 0


# Credentials from callables.


def test_a_callable_is_asked_when_first_needed_and_kept() -> None:
    asked = []

    def token() -> str:
        asked.append(threading.get_ident())
        return "from-callable"

    with Wire(EMPTY) as wire:
        api = client(wire.url, token=token)
        assert asked == []
        api.tokens.list()
        api.tokens.list()
        assert asked == [threading.get_ident()]
        assert wire.requests[1].headers["authorization"] == "Bearer from-callable"


def test_a_plain_callable_works_for_the_async_twin() -> None:
    async def main(url: str) -> None:
        async with async_client(url, token=lambda: "plain") as api:
            await api.tokens.list()

    with Wire(EMPTY) as wire:
        asyncio.run(main(wire.url))
        assert wire.only.headers["authorization"] == "Bearer plain"


def test_an_async_callable_needs_the_async_twin() -> None:
    async def token() -> str:
        return "x"

    with Wire(EMPTY) as wire, client(wire.url, token=token) as api:
        with pytest.raises(TypeError, match="Async twin"):
            api.tokens.list()
        assert wire.connections == 0


@pytest.mark.parametrize("value", [None, 5, b"bytes"])
def test_a_callable_must_give_a_text(value: object) -> None:
    refused = pytest.raises(TypeError, match="token: the callable must give")
    with Wire(EMPTY) as wire, client(wire.url, token=lambda: value) as api, refused:
        api.tokens.list()


def test_what_a_callable_raises_comes_up_as_it_is() -> None:
    def broken() -> str:
        raise LookupError("vault is sealed")

    async def main(url: str) -> None:
        with pytest.raises(LookupError, match="sealed"):
            await async_client(url, token=broken).tokens.list()

    with Wire(EMPTY) as wire:
        with client(wire.url, token=broken) as api, pytest.raises(LookupError, match="sealed"):
            api.tokens.list()
        asyncio.run(main(wire.url))
        assert wire.connections == 0


def test_a_callable_may_use_a_client_itself() -> None:
    with Wire(EMPTY) as vault, Wire(EMPTY) as wire:
        inner = client(vault.url)

        def token() -> str:
            inner.tokens.list()
            return "nested"

        with client(wire.url, token=token) as api:
            api.tokens.list()
        assert len(vault.requests) == len(wire.requests) == 1


# Events.


def test_events_tell_the_steps_without_secrets() -> None:
    events = []
    with Wire(EMPTY) as wire, client(wire.url, on_event=events.append) as api:
        api.request("GET", "/x", params={"token": "canary"}, effect="read")
        assert [(event.kind, event.status, event.attempt) for event in events] == [
            ("request", None, 1),
            ("response", 200, 1),
        ]
        assert "canary" not in repr(events)
        assert "token=****" in events[0].url


def test_a_broken_listener_breaks_no_call(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: object) -> None:
        raise ValueError("metrics are down")

    with Wire(EMPTY) as wire, client(wire.url, on_event=broken) as api:
        assert api.tokens.list() == []
    assert "on_event raised" in caplog.text


def test_debug_lines_go_to_the_products_logger(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "infosecops.bamboo_agents")
    with Wire(EMPTY) as wire, client(wire.url) as api:
        api.tokens.list()
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0].startswith("request tokens.list GET http://127.0.0.1:")
    assert "status=200" in lines[1]
    assert "t0ken" not in caplog.text
