"""Every operation over HTTP/2, with an answer whose body ends before its time: a part is never taken for the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import infosecops
import matrix_run
import pytest
from http2_front import CUTS, Http2Front
from infosecops.sandbox import Sandbox
from matrix import BAMBOO, GL, PAM, PATIENT, ROWS, SDE
from matrix_expectation import expected
from matrix_faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix import Row
    from servers import Authority

(CUT,) = (fault for fault in FAULTS if fault.name == "cut in mid-body")
# `is_fresh` rows make a client for each call; their requests are those of other rows.
HERE = [row for row in ROWS if not row.is_fresh]


def _gl(box: Sandbox) -> dict[str, Any]:
    place = box.governance_lifecycle
    return {"login": infosecops.UserLogin(place.username, place.password)}


def _bamboo(box: Sandbox) -> dict[str, Any]:
    place = box.bamboo_agents
    return {"username": place.username, "password": place.password, "api": "agent-config"}


OPENED_WITH = {
    GL: ("GovernanceLifecycle", _gl),
    SDE: ("SDElements", lambda box: {"token": box.sd_elements.token}),
    PAM: ("Sectona", lambda box: {"access_key": box.sectona.access_key}),
    BAMBOO: ("BambooAgents", _bamboo),
}


class Lane(matrix_run.Lane):
    """A lane whose clients speak HTTP/2."""

    def __init__(self, row: Row, twin: str, box: Sandbox, front: Http2Front, authority: Authority) -> None:
        self.front = front
        self.authority = authority
        super().__init__(row, twin, box)

    def client(self, timeout: float) -> Any:
        if timeout not in self.clients:
            name, credentials = OPENED_WITH[self.row.system]
            options = {**matrix_run.COMMON, **credentials(self.box), **self.row.options(self.box)}
            make = getattr(infosecops, f"{'Async' if self.loop else ''}{name}")
            self.clients[timeout] = made = make(
                self.front.url, timeout=timeout, ca_file=self.authority.file, proxy="direct", **options
            )
            self.again(lambda: self.good_call(made))
        return self.clients[timeout]

    def struck_by(self, cut: str) -> infosecops.Error | None:
        client = self.client(self.row.limit or PATIENT)
        self.again(lambda: self.ready(client))
        self.box.journal.clear()
        self.front.cut, self.front.struck = cut, self.row.struck
        self.front.skip, self.front.strikes = self.row.skip, self.row.strikes
        try:
            self.finish(self.row.call(client, self.gift))
        except infosecops.Error as error:
            return error.with_traceback(None)
        finally:
            self.front.cut = None
        return None


@pytest.fixture(params=matrix_run.TWINS)
def lane(request: pytest.FixtureRequest, row: Row, authority: Authority) -> Iterator[Lane]:
    with Sandbox() as box, Http2Front(box, authority.issue("localhost")) as front:
        opened = Lane(row, request.param, box, front, authority)
        try:
            yield opened
        finally:
            opened.close()


@pytest.mark.parametrize("row", HERE, ids=str)
def test_a_body_that_ends_before_its_time_is_a_broken_answer(row: Row, lane: Lane) -> None:
    for cut in CUTS:
        expectation = expected(row, CUT)
        error = lane.struck_by(cut)
        requests = [entry.operation for entry in lane.box.journal.entries()].count(row.struck) - row.skip
        assert (error and type(error).__name__, error and error.outcome) == (expectation.error, expectation.outcome), (
            cut
        )
        # What an operation goes on to do after the struck request is its own business.
        assert requests == expectation.requests or (error is None and requests > expectation.requests), cut
