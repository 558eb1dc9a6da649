"""Bulk calls over a dask cluster: right answers, one limit, and no second start, whatever dies."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import threading
from concurrent.futures import CancelledError
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bulk_calls
import pytest
from bulk_calls import ACCOUNTS, CHANGES, COUNT, answer, clients, everything
from infosecops import ConfigError, PartialFailure
from infosecops._dask_tasks import LEDGER, SPENT, guarded_task
from infosecops.dask import DaskExecutor, TaskLost
from test_executors import Relay, needs_kill, sandboxed
from wire import Received, Wire

distributed = pytest.importorskip("distributed")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infosecops.sandbox import Sandbox

PATIENCE = 60.0
# With None it takes a port that somebody else may have.
NO_DASHBOARD = "127.0.0.1:0"


def two_workers() -> Any:
    return distributed.LocalCluster(
        n_workers=2, threads_per_worker=4, dashboard_address=NO_DASHBOARD, host="127.0.0.1", processes=True
    )


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with two_workers() as cluster:
        yield cluster


@pytest.fixture
def client(cluster: Any) -> Iterator[Any]:
    with distributed.Client(cluster) as client:
        client.wait_for_workers(2, timeout=PATIENCE)
        yield client


@pytest.fixture
def mortal_cluster() -> Iterator[Any]:
    """A cluster for one test that kills a worker: dask does not always start one in its place."""
    with two_workers() as cluster:
        yield cluster


@pytest.fixture
def mortal(mortal_cluster: Any) -> Iterator[Any]:
    with distributed.Client(mortal_cluster) as client:
        client.wait_for_workers(2, timeout=PATIENCE)
        yield client


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire(answer) as wire:
        yield wire


def limits(cluster: Any) -> dict[str, int]:
    return dict(cluster.scheduler.extensions["semaphores"].max_leases)


def test_the_same_results_as_without(client: Any, cluster: Any, wire: Wire) -> None:
    expected = everything(wire.url, None)
    with DaskExecutor(client, max_in_flight=4) as pool:
        passwords, jobs, update = everything(wire.url, pool)
    assert [passwords, jobs] == expected
    assert update["unknown"] == [*range(50, 60), *range(150, 160)]
    assert update["updated"] == 162
    targets = [request.target for request in wire.requests]
    assert sum("RequestPassword" in target for target in targets) == 2 * COUNT
    assert sum("updateReviewItems" in target for target in targets) == COUNT // bulk_calls.CHUNK
    # Nothing is left on the scheduler.
    assert f"infosecops {wire.url}" not in limits(cluster)


def test_200_calls_are_right_and_progress_is_told_here(client: Any, wire: Wire) -> None:
    pam, *_ = clients(wire.url)
    wanted = [("Unix Based", "host", f"a{number}") for number in range(250) if number % 10 != 3][:200]
    told: list[tuple[int, int, int]] = []
    threads = set()

    def on_progress(*counts: int) -> None:
        told.append(counts)
        threads.add(threading.get_ident())

    with DaskExecutor(client) as pool:
        result = pam.request_passwords(wanted, executor=pool, on_progress=on_progress)
    assert result.ok
    assert [entry.value.account_name for entry in result] == [name for _, _, name in wanted]
    assert len(wire.requests) == 200
    assert told[-1] == (200, 200, 0)
    assert len(told) > 10
    assert threads == {threading.get_ident()}


def test_functions_of_the_main_program_hear_of_results_in_the_workers(client: Any, wire: Wire, tmp_path: Path) -> None:
    pam, *_ = clients(wire.url)

    def keep(entry: Any) -> None:
        (tmp_path / f"{entry.index}").write_text(entry.value.password.reveal())

    with DaskExecutor(client) as pool:
        result = pam.request_passwords(ACCOUNTS[:3], on_result=keep, executor=pool)
    assert [(tmp_path / f"{entry.index}").read_text() for entry in result] == [f"secret of a{n}" for n in range(3)]
    assert {repr(account.password) for account in result.values()} == {"Secret(withheld)"}


def test_twins_await_it(client: Any, wire: Wire) -> None:
    pam, *_ = clients(wire.url, "Async")
    with DaskExecutor(client) as pool:
        result = asyncio.run(pam.request_passwords(ACCOUNTS[:3], on_result=bulk_calls.check, executor=pool))
    assert result.ok


class Held:
    """Holds every answer until it is let go, and counts how many it holds."""

    def __init__(self, answer: Callable[[Received], Any]) -> None:
        self._answer = answer
        self._lock = threading.Lock()
        self._now = 0
        self.most = 0
        self.come = threading.Semaphore(0)
        self.go = threading.Semaphore(0)

    def __call__(self, request: Received) -> Any:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        self.come.release()
        assert self.go.acquire(timeout=PATIENCE)
        with self._lock:
            self._now -= 1
        return self._answer(request)


def test_one_limit_for_all_workers_and_all_callers(client: Any, cluster: Any) -> None:
    limit, names = 3, [account for account in ACCOUNTS if not account[2].endswith("3")][:24]
    results: list[Any] = []
    held = Held(answer)
    with Wire(held) as wire, distributed.Client(cluster) as other:
        pam, *_ = clients(wire.url)

        def call(client: Any) -> None:
            with DaskExecutor(client, max_in_flight=limit) as pool:
                results.append(pam.request_passwords(names, max_concurrency=4, executor=pool))

        callers = [threading.Thread(target=call, args=(each,)) for each in (client, other)]
        for caller in callers:
            caller.start()
        for _ in range(limit):
            assert held.come.acquire(timeout=PATIENCE)
        with pytest.raises(ConfigError, match="max_in_flight: must be 3 for"):
            pam.request_passwords(names, executor=DaskExecutor(client, max_in_flight=4))
        assert held.most == limit
        for _ in range(2 * len(names)):
            held.go.release()
        for caller in callers:
            caller.join(PATIENCE)
        assert len(wire.requests) == 2 * len(names)
    assert [result.ok for result in results] == [True, True]
    assert held.most == limit


def test_a_client_that_is_closed_in_mid_call_ends_it(cluster: Any) -> None:
    held = Held(answer)
    results: list[Any] = []
    with Wire(held) as wire:
        pam, *_ = clients(wire.url)
        client = distributed.Client(cluster)
        pool = DaskExecutor(client, max_in_flight=1)

        def call() -> None:
            results.append(pam.request_passwords(ACCOUNTS[:8], on_partial="return", executor=pool))

        caller = threading.Thread(target=call)
        caller.start()
        assert held.come.acquire(timeout=PATIENCE)
        client.close()
        caller.join(PATIENCE)
        (result,) = results
        # The part that was under way, and the one behind it if nobody can tell of it any more.
        assert [entry.index for entry in result.unknown] in ([0, 1], [0, 1, 2, 3])
        assert (len(result.succeeded), {entry.error.outcome for entry in result.failed}) == (0, {"not_sent"})
        held.go.release(8)
        pool.shutdown()


def kill_who_works(client: Any, cluster: Any) -> Callable[[Received], None]:
    """Ends the worker that is in the first call."""
    pids = client.run(os.getpid)
    left = [True]

    def kill(_: Received) -> None:
        if left:
            left.clear()
            busy = [state.address for state in cluster.scheduler.workers.values() if state.processing]
            (address,) = busy
            os.kill(pids[address], signal.SIGKILL)

    return kill


@needs_kill
@pytest.mark.parametrize("make", [DaskExecutor, lambda client: client.get_executor()], ids=["ours", "dask's"])
def test_a_worker_killed_in_an_unsafe_call(
    make: Callable[..., Any], mortal: Any, mortal_cluster: Any, box: Sandbox, tmp_path: Path
) -> None:
    with Wire(Relay(box, kill_who_works(mortal, mortal_cluster))) as wire:
        gl = sandboxed(box, wire.url, tmp_path)
        with make(mortal) as pool, pytest.raises(PartialFailure) as raised:
            gl.update_review_items("UAR-3", [bulk_calls.KNOWN], executor=pool)
    # It was done, once, and nobody claims to know.
    assert box.journal.count(operation="updateReviewItems") == 1
    update = raised.value.result
    assert (raised.value.outcome, update.counts) == ("unknown", {"succeeded": 0, "failed": 0, "unknown": 1})
    assert "TaskLost" in update.unknown[0].reason
    assert "same_state_ok=True" in update.unknown[0].reason


@needs_kill
def test_dask_by_itself_begins_such_a_task_again(mortal: Any, mortal_cluster: Any) -> None:
    """What the ledger is for; if dask changes, it may go."""
    with Wire(answer) as wire:
        kill = kill_who_works(mortal, mortal_cluster)
        wire.answers = [lambda request: kill(request) or answer(request)]
        future = mortal.submit(_ask, wire.url, pure=False, retries=0)
        assert future.result(timeout=PATIENCE)
        assert len(wire.requests) == 2


def _ask(url: str) -> bool:
    return clients(url)[0].request_passwords(ACCOUNTS[:1]).ok


@needs_kill
def test_a_result_that_died_with_its_worker_is_not_made_again(mortal: Any, tmp_path: Path) -> None:
    file = tmp_path / "begun"
    pids = mortal.run(os.getpid)
    with DaskExecutor(mortal) as pool:
        made = mortal.submit(
            guarded_task, _note, (str(file),), {}, ticket=(pool._batch, 99), gate=None, pure=False, retries=0
        )
        distributed.wait(made, timeout=PATIENCE)
        (holder,) = mortal.who_has([made])[made.key]
        os.kill(pids[holder], signal.SIGKILL)
        # Asking for it is what has the scheduler begin it anew.
        assert made.result(timeout=PATIENCE) == SPENT
    assert file.read_text() == "x"


def test_a_task_that_was_begun_elsewhere_is_lost(client: Any, tmp_path: Path) -> None:
    file = tmp_path / "begun"
    with DaskExecutor(client) as pool:
        assert pool.submit(_note, str(file)).result(timeout=PATIENCE) == 1
        assert not pool._spend(0)
        assert pool._spend(1)
        lost = pool.submit(_note, str(file))
        with pytest.raises(TaskLost):
            lost.result(timeout=PATIENCE)
    assert file.read_text() == "x"


def _note(path: str) -> int:
    with open(path, "a") as file:  # noqa: PTH123
        return file.write("x")


def test_a_task_that_has_not_begun_can_be_cancelled_and_no_other(client: Any, tmp_path: Path) -> None:
    event = distributed.Event("go", client=client)
    begun = distributed.Queue("begun", client=client)
    with DaskExecutor(client) as pool:
        blockers = [pool.submit(_block) for _ in range(8)]
        for _ in blockers:
            begun.get(timeout=PATIENCE)
        late = pool.submit(_note, str(tmp_path / "late"))
        assert late.cancel()
        assert not blockers[0].cancel()
        event.set()
        assert [blocker.result(timeout=PATIENCE) for blocker in blockers] == [True] * 8
        with pytest.raises(CancelledError):
            late.result(timeout=PATIENCE)
    assert not (tmp_path / "late").exists()
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(_block)


def _block() -> bool:
    distributed.Queue("begun").put(1)
    return bool(distributed.Event("go").wait(timeout=PATIENCE))


def test_credentials_of_the_main_program_are_refused(client: Any, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    import __main__

    monkeypatch.setattr(__main__, "key_of_main", _key_of_main, raising=False)
    pam = clients(wire.url)[0]
    pam._given["access_key"] = _key_of_main
    monkeypatch.setattr(_key_of_main, "__module__", "__main__")
    monkeypatch.setattr(_key_of_main, "__qualname__", "key_of_main")
    with DaskExecutor(client) as pool, pytest.raises(TypeError, match="a function of the main program"):
        pam.request_passwords(ACCOUNTS[:3], executor=pool)
    assert not wire.requests


def _key_of_main() -> str:
    return "k"


def test_what_a_worker_lacks_was_not_sent(client: Any, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFOSECOPS_SECTONA_ACCESS_KEY", "k")
    pam = bulk_calls.infosecops.Sectona.from_env(url=wire.url, proxy="direct")
    with DaskExecutor(client) as pool, pytest.raises(ConfigError, match="INFOSECOPS_SECTONA_ACCESS_KEY: not set"):
        pam.request_passwords(ACCOUNTS[:3], executor=pool)
    assert not wire.requests


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [(TypeError, {"client": 1}), (TypeError, {"max_in_flight": "8"}), (ConfigError, {"max_in_flight": 0})],
)
def test_arguments_that_cannot_be_used(kind: type[Exception], arguments: dict[str, Any], client: Any) -> None:
    with pytest.raises(kind, match=f"^{next(iter(arguments))}: "):
        DaskExecutor(**{"client": client, **arguments})


def test_with_tls_between_the_workers(wire: Wire) -> None:
    pytest.importorskip("cryptography")
    _, _, gl = clients(wire.url)
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=NO_DASHBOARD,
            host="127.0.0.1",
            processes=True,
            security=distributed.Security.temporary(),
        ) as cluster,
        distributed.Client(cluster) as client,
        DaskExecutor(client) as pool,
    ):
        assert cluster.scheduler_address.startswith("tls://")
        assert LEDGER in cluster.scheduler.handlers
        update = gl.update_review_items("R", CHANGES[1:10], chunk_size=3, executor=pool)
    assert update.counts == {"succeeded": 9, "failed": 0, "unknown": 0}
    assert len(wire.requests) == 3


def test_the_example_of_the_page_on_clusters(box: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    page = (Path(__file__).parent.parent / "docs" / "clusters.md").read_text(encoding="utf-8")
    example = next(
        block for block in re.findall(r"^```py\n(.*?)^```$", page, re.MULTILINE | re.DOTALL) if "DaskExecutor" in block
    )
    gl = box.governance_lifecycle
    for name, value in {"URL": gl.url, "USERNAME": gl.username, "PASSWORD": gl.password.reveal()}.items():
        monkeypatch.setenv(f"INFOSECOPS_GOVERNANCE_LIFECYCLE_{name}", value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=NO_DASHBOARD, host="127.0.0.1", processes=True
    ) as cluster:
        monkeypatch.setenv("DASK_SCHEDULER", cluster.scheduler_address)
        exec(compile(example, "clusters.md", "exec", dont_inherit=True), {"__name__": "__main__"})  # noqa: S102
    assert "succeeded=1, failed=0, unknown=0" in capsys.readouterr().out
    assert box.journal.count(operation="updateReviewItems") == 1
