"""A connection without a proxy that is cut or damaged at any byte: what may have been applied, by the server's log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from cuts import ANSWER, EFFECTS, ENDS, HEAD, NO_SERVER, SEEN, TAKEN_UP, Cut, came_of, opener
from test_broken_tls import server_context
from tls_wire import Http2Wire, Stream, TlsWire
from wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers import Authority

DAMAGED = ("TlsError", "not_sent")
DONE = ("nothing", None)
# Signatures differ in length by some bytes, and the last record says that TLS is over.
SLACK = 40
pytestmark = pytest.mark.usefixtures("no_proxies")


@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("how", ENDS)
def test_an_answer_that_is_cut(connect: Callable[..., Any], authority: Authority, effect: str, how: str) -> None:
    with Wire(ANSWER) as wire, Cut(wire.port, how) as cut:
        make = opener(connect, authority, effect)
        call = make(f"http://127.0.0.1:{cut.port}")
        for cut.answer in range(len(ANSWER)):
            with pytest.raises(infosecops.Error) as caught:
                call()
            found = type(caught.value).__name__, caught.value.outcome, caught.value.status
            expected = (*TAKEN_UP, 200 if cut.answer >= HEAD else None)
            assert found == expected or (cut.answer == 0 and found == (*SEEN, None)), cut.answer
        cut.answer = None
        call()
        wire.requests.clear()
        cut.answer = 7
        assert came_of(make(f"http://127.0.0.1:{cut.port}", attempts=2)) == TAKEN_UP
        assert len(wire.requests) == (2 if effect == "read" else 1)


@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("how", ENDS)
def test_a_request_that_is_cut(connect: Callable[..., Any], authority: Authority, effect: str, how: str) -> None:
    with Wire(ANSWER) as wire, Cut(wire.port, how) as cut:
        call = opener(connect, authority, effect)(f"http://127.0.0.1:{cut.port}")
        call()
        length = len(wire.only.raw)
        other = opener(connect, authority, effect)(f"http://127.0.0.1:{cut.port}")
        for cut.request in range(length):
            found = came_of(other)
            assert found == TAKEN_UP or (cut.request == 0 and found == SEEN), cut.request
        assert len([request for request in wire.requests if len(request.raw) == length]) == 1


def http2_answer(stream: Stream) -> None:
    head, _, body = ANSWER.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    stream.head(200, content_type="application/json", content_length=str(len(body)))
    stream.data(body[:20])
    stream.data(body[20:], end=True)


class Calls:
    """Calls with numbers, and what is said of each."""

    def __init__(self, connect: Callable[..., Any], authority: Authority, url: str) -> None:
        self._makes = [opener(connect, authority, effect) for effect in EFFECTS]
        self._url = url
        self.said: dict[str, tuple[str, str | None]] = {}

    def make(self) -> tuple[str, str | None]:
        number = str(len(self.said))
        effect = self._makes[len(self.said) % len(EFFECTS)]
        found = came_of(effect(self._url, headers={"X-Number": number}))
        self.said[number] = found
        return found


@pytest.mark.parametrize("how", [*ENDS, "flip"])
@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_tls_that_is_cut_or_damaged(
    connect: Callable[..., Any], authority: Authority, version: str, protocol: str, how: str
) -> None:
    context = server_context(authority, version)
    with (
        Http2Wire(context, http2_answer) if protocol == "h2" else TlsWire(context, ANSWER) as wire,
        Cut(wire.port, how) as cut,
    ):
        calls = Calls(connect, authority, f"https://localhost:{cut.port}")
        assert calls.make() == DONE
        end = cut.passed - SLACK
        early = {NO_SERVER, SEEN, *([DAMAGED] if how == "flip" else [])}
        # TLS 1.3 ignores the version that a record names.
        late = {TAKEN_UP, *([DONE] if how == "flip" and version == "1.3" else [])}
        told = []
        for cut.answer in [*range(0, end - 500, 41), *range(end - 500, end, 7)]:
            told.append(calls.make())
            assert told[-1] in early | late, cut.answer
        assert told[0] in early
        assert told.count(TAKEN_UP) > 10
        assert told.count(DONE) < 5
        cut.answer = None
        # The first flight, and one byte of each part of what follows.
        for cut.request in range(0, 3000, 37):
            found = calls.make()
            assert found in early | {TAKEN_UP, DONE}, cut.request
            if found == DONE:
                break
        assert found == DONE
        cut.request = None
        assert calls.make() == DONE
    # A proof of the whole: what was not sent never came, what came once is done or unknown.
    came = [request.headers["x-number"] for request in wire.requests]
    assert len(came) == len(set(came))
    assert {number for number, found in calls.said.items() if found == DONE} <= set(came)
    assert [number for number in came if calls.said[number] not in {DONE, TAKEN_UP}] == []
