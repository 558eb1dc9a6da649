"""The matrix through proxies: a sample of its operations with all faults, by a plain forward proxy and by CONNECT."""

from __future__ import annotations

import socket
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

import matrix_run
import pytest
from infosecops.sandbox import Sandbox
from matrix import ROWS
from matrix_expectation import applies, expected
from matrix_faults import available
from test_matrix import GRACE, wire_of
from test_tls import ConnectProxy
from wire import LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix import Row
    from matrix_run import Cell
    from servers import Authority

pytestmark = pytest.mark.usefixtures("no_proxies")


def sample() -> list[Row]:
    """Of each system one operation of each effect, and one that makes several requests."""
    chosen: dict[tuple[object, ...], Row] = {}
    for row in ROWS:
        if not row.is_fresh:
            chosen.setdefault((row.system, row.effect, bool(row.lead)), row)
    return list(chosen.values())


class ForwardProxy(ConnectProxy):
    """Hands on requests that name the whole URL, which servers take as well."""

    def __init__(self, port: int) -> None:
        self._server_port = port
        super().__init__()

    def _serve(self, connection: socket.socket, peer_port: int) -> None:  # noqa: ARG002
        connection.settimeout(LIMIT)
        to_server = ("127.0.0.1", self._server_port)
        with suppress(OSError), connection, socket.create_connection(to_server, timeout=LIMIT) as server:
            for end in (server, connection):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.pump_both(connection, server)


@pytest.fixture(params=["forward", "connect"])
def way(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def cells(way: str, row: Row, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> list[Cell]:
    chain = authority.issue("127.0.0.1")
    # For clients that rows get ready with.
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))

    @contextmanager
    def lane(row: Row, twin: str) -> Iterator[matrix_run.Lane]:
        with ExitStack() as stack:
            tls = (chain.certificate, chain.key) if way == "connect" else None
            box = stack.enter_context(Sandbox(tls=tls))
            proxy = stack.enter_context(ConnectProxy() if tls else ForwardProxy(box.port))
            opened = matrix_run.Lane(row, twin, box)
            stack.callback(opened.close)
            opened.way = {"proxy": proxy.url, "allow_http": True, "ca_file": authority.file}
            yield opened

    faults = [fault for fault in available() if applies(row, fault)]
    wanted = [(row, fault, twin) for fault in faults for twin in matrix_run.TWINS]
    return matrix_run.run(wanted, lane=lane)


@pytest.mark.parametrize("row", sample(), ids=str)
def test_a_fault_does_through_a_proxy_what_it_does_without(row: Row, way: str, cells: list[Cell]) -> None:
    wrong = []
    for cell in cells:
        if cell.broken:
            raise cell.broken
        expectation = expected(row, cell.fault)
        error = cell.error
        told = (error and type(error).__name__, error and error.outcome)
        if cell.fault.symptom == "gone":
            # Who hears of it first is the proxy. The plain one hangs up, on a request that it may have taken.
            classes = {expectation.error, "ProxyError"}
            if way == "forward":
                classes |= {"TransportError", "PartialFailure"}
            outcomes = {expectation.outcome} if way == "connect" else {"not_sent", "unknown"}
            wanted = {(name, outcome) for name in classes for outcome in outcomes}
        else:
            wanted = {(expectation.error, expectation.outcome)}
            if cell.wire != wire_of(row, expectation, cell):
                wrong.append((str(cell), cell.wire, wire_of(row, expectation, cell)))
        if told not in wanted:
            wrong.append((str(cell), told, wanted, str(error)))
        if cell.elapsed > cell.limit + GRACE or cell.afterwards is not None:
            wrong.append((str(cell), cell.elapsed, cell.afterwards))
        if row.effect in ("unsafe", "audited") and cell.struck_applied > 1:
            wrong.append((str(cell), cell.struck_applied))
        if error is not None and error.outcome in ("rejected", "not_sent") and cell.applied:
            wrong.append((str(cell), error.outcome, cell.applied))
    assert wrong == []
    assert len(cells) > len(matrix_run.TWINS) * 20
