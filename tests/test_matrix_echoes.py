"""Every operation against a server that repeats what it was sent, in every spelling, all over its answer."""

from __future__ import annotations

import base64
import html
import http.client
import logging
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import infosecops
import matrix_run
import pytest
from infosecops.sandbox import Sandbox
from test_echoes import PIECES, PLACES, SPELLINGS, answer
from test_matrix_http2 import HERE, OPENED_WITH
from wire import Received, Wire, ok

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix import Row

# A raw answer of status 200 is the caller's own, and a client may go on after a redirect or what it can't read.
SETTLED = ("text", "page", "json", "reason", "headers")
# Those that wait make the requests of others, and wait on where an answer tells nothing.
ROWS = [row for row in HERE if not row.is_wait and row.limit is None]
NOTHING = ok("", "text/plain", status="400 Bad Request")


def secrets_of(request: Received) -> set[str]:
    """What must not be seen of a request."""
    found = set()
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if scheme == "Basic":
        found.add(base64.b64decode(credential).decode().partition(":")[2])
    elif credential:
        found.add(credential)
    target = urlsplit(request.target)
    found |= {value for name, value in parse_qsl(target.query) if name == "uuid"}
    below = target.path.split("/tokens/")[1:]
    found |= {below[0].strip("/")} if below and below[0].strip("/") else set()
    found |= {
        html.unescape(value) for value in re.findall("<password>(.*?)</password>", request.body.decode("latin-1"))
    }
    found |= {value for name, value in request.headers.items() if name == "clientsecret"}
    return found


class Echo:
    """Hands requests on to the sandbox. Once it is to strike, it repeats what each of them held."""

    def __init__(self, box: Sandbox) -> None:
        self._host = box.url.removeprefix("http://")
        self.place: str | None = None
        self.start = 0
        self.said: set[str] = set()
        self.secrets: set[str] = set()

    def __call__(self, request: Received) -> bytes:
        if self.place is not None:
            secrets = secrets_of(request)
            self.secrets |= secrets
            spelled = [write(secret) for secret in sorted(secrets) for write in SPELLINGS.values()]
            pieces = spelled[self.start : self.start + PIECES]
            self.said |= set(pieces)
            return answer(self.place, *pieces) if pieces else NOTHING
        connection = http.client.HTTPConnection(self._host)
        try:
            headers = {name: value for name, value in request.headers.items() if name != "host"}
            connection.request(request.method, request.target, request.body, headers)
            told = connection.getresponse()
            body = told.read()
        finally:
            connection.close()
        return ok(body, told.headers.get("content-type", ""), f"{told.status} {told.reason}")


class Lane(matrix_run.Lane):
    """A lane whose clients reach the sandbox through the echo."""

    def __init__(self, row: Row, twin: str, box: Sandbox, url: str) -> None:
        self.url = url
        self.events: list[object] = []
        super().__init__(row, twin, box)

    def client(self, timeout: float) -> Any:
        if timeout not in self.clients:
            name, credentials = OPENED_WITH[self.row.system]
            options = {**matrix_run.COMMON, **credentials(self.box), **self.row.options(self.box)}
            make = getattr(infosecops, f"{'Async' if self.loop else ''}{name}")
            more = {"timeout": timeout, "proxy": "direct", "on_event": self.events.append}
            self.clients[timeout] = made = make(self.url, **{**options, "retry": infosecops.Retry(attempts=1)}, **more)
            self.again(lambda: self.good_call(made))
        return self.clients[timeout]


@pytest.fixture(params=matrix_run.TWINS)
def lane_and_echo(request: pytest.FixtureRequest, row: Row) -> Iterator[tuple[Lane, Echo]]:
    with Sandbox() as box:
        echo = Echo(box)
        with Wire(echo) as wire:
            lane = Lane(row, request.param, box, wire.url)
            try:
                yield lane, echo
            finally:
                echo.place = None
                lane.close()


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_nothing_of_an_echo_is_shown(
    row: Row, lane_and_echo: tuple[Lane, Echo], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    lane, echo = lane_and_echo
    client = lane.client(20.0)
    for place in PLACES:
        for start in range(0, len(SPELLINGS), PIECES):
            echo.place = None
            lane.again(lambda: lane.ready(client))
            lane.events.clear()
            caplog.clear()
            echo.said.clear()
            echo.place, echo.start = place, start
            told: object = None
            try:
                told = lane.finish(row.call(client, lane.gift))
            except infosecops.Error as error:
                told = f"{error} {error!r} {error.args!r} {vars(error)!r}"
            assert place not in SETTLED or isinstance(told, str), told
            records = "".join(record.getMessage() for record in caplog.records)
            text = f"{told!r} {lane.events!r} {records}".lower()
            for piece in echo.said:
                assert piece.lower() not in text, (place, piece)
    assert echo.secrets
