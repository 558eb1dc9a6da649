"""Whatever is passed, a call is made, or refused by a clear error before anything is sent."""

from __future__ import annotations

import inspect
import os
import sys
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from callables import CLIENTS, CONSTRUCTORS, METHODS, Case, cases, parameters
from hostile import NUMBERS, VALUES, OwnError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wire import Received, Wire, ok

if TYPE_CHECKING:
    from collections.abc import Iterator

JOB = '{"id": 1, "ready": true, "succeeded": true}'
COMMAND = '{"data": {"run-id": "1", "id": "1", "overall-status": "Completed", "Status": "Updated all 1"}}'
# What is not modelled is read by the same code for all clients.
CASES = [case for case in cases() if case.path != "request" or case.client == "SDElements"]
# CPython 3.10 has no notes, which is where the name of an argument of the wrong type stands.
NAMES_ARE_KNOWN = sys.version_info >= (3, 11)
EXAMPLES = settings(
    max_examples=5,
    deadline=None,
    derandomize="CI" in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)

BIG = {"minus one", "2**31", "2**63", "-2**63-1", "10**40"}
ALL = set(VALUES)
MAPPINGS = {"dict", "dict of int", "dict of surrogates", "nested", "nested deeply"}
# Refused, but not by the right error, or without the argument's name: callable, parameters, values.
# What is not refused as it should be, or need not be.
OPEN: list[tuple[str, set[str], set[str]]] = [
    ("Retry", {"attempts"}, BIG),
    ("GovernanceLifecycle.update_review_items", {"chunk_size"}, BIG),
    ("GovernanceLifecycle.refresh_review", {"applications"}, ALL),
    ("SDElements", {"connection", "connection_id", "job", "project", "job_id", "page_size", "limit"}, BIG),
    ("Sectona.call", {"fields"}, ALL),
    ("ReviewItemChange", {"item", "account"}, MAPPINGS),
    ("", {"json"}, ALL),
    # It can be called, so it is, and what it raises comes up as it is.
    ("", {"on_progress"}, {"class"}),
    ("", {"token", "password", "access_key", "client_secret", "text"}, {"surrogate", "loud"}),
    ("", {"body", "coverage"}, {"surrogate"}),
]


def is_open(case: Case, name: str, value: str) -> bool:
    """Whether this is known to go wrong."""
    return any(case.label.startswith(label) and name in names and value in values for label, names, values in OPEN)


def answered(request: Received) -> bytes:
    path = request.target.split("?")[0].rstrip("/")
    if "/api/v2/" in path:
        return ok(JOB if path.rsplit("/", 1)[-1].isdigit() else "[]")
    return ok("[]" if "/tokens" in path else COMMAND)


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with Wire(answered) as server:
        yield server


@pytest.fixture(scope="module")
def clients(wire: Wire) -> Iterator[dict[str, Any]]:
    made = {
        name: getattr(infosecops, name)(wire.url, **{**own, "proxy": "direct", "timeout": 10.0})
        for name, own in CLIENTS.items()
    }
    yield made
    for client in made.values():
        client.close()


def check(case: Case, clients: dict[str, Any], wire: Wire, arguments: dict[str, Any], suspects: list[str]) -> None:
    before = len(wire.requests)
    # PanicException is no Exception: it goes up and fails the test, as it should.
    try:
        case.run(clients, arguments)
    except infosecops.ConfigError as error:
        refusal: Exception = error
    except (OwnError, infosecops.Error, RecursionError):
        return
    except (TypeError, ValueError) as error:
        refusal = error
    else:
        return
    assert len(wire.requests) == before, f"refused, but sent: {refusal!r}"
    if not NAMES_ARE_KNOWN and not isinstance(refusal, infosecops.ConfigError):
        return
    told = " ".join([str(refusal), *getattr(refusal, "__notes__", [])])
    assert any(name in told for name in suspects), f"{suspects} not named: {refusal!r}"


@pytest.mark.parametrize("case", [case for case in CASES if case.good], ids=lambda case: case.label)
def test_one_wrong_argument_is_refused_by_name_and_nothing_is_sent(
    case: Case, clients: dict[str, Any], wire: Wire
) -> None:
    for name in case.good:
        for value, make in VALUES.items():
            if is_open(case, name, value) or (name == "proxy" and value == "None"):
                continue
            check(case, clients, wire, {**case.good, name: make()}, [name])


def values() -> st.SearchStrategy[Any]:
    texts = st.text(st.characters(), max_size=20)
    numbers = st.integers(-(2**31), 2**31 - 1) | st.floats()
    leaves = st.none() | st.booleans() | numbers | texts | st.binary(max_size=20) | st.dates()
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))


@pytest.mark.parametrize("case", [case for case in CASES if case.good], ids=lambda case: case.label)
def test_several_wrong_arguments_are_refused_too(case: Case, clients: dict[str, Any], wire: Wire) -> None:
    fixed = {"proxy", "json", "fields", "on_progress", "applications", "job", "token", "password", "access_key"}
    fixed |= {"client_secret", "text", "item", "account"}
    numbers = {"attempts", "chunk_size", "connection", "connection_id", "project", "job_id", "page_size", "limit"}

    @EXAMPLES
    @given(st.fixed_dictionaries({}, optional={name: values() for name in set(case.good) - fixed - numbers}))
    def run(wrong: dict[str, Any]) -> None:
        check(case, clients, wire, {**case.good, **wrong}, list(case.good))

    run()


@pytest.mark.parametrize("name", CLIENTS)
def test_positional_and_unknown_arguments_are_refused(name: str) -> None:
    client = getattr(infosecops, name)
    for number in NUMBERS.values():
        with pytest.raises((TypeError, ValueError)):
            client(number(), **CLIENTS[name])
    with pytest.raises(TypeError, match="nonsense"):
        client("http://127.0.0.1:9", **CLIENTS[name], nonsense=1)
    with pytest.raises(TypeError):
        client("http://127.0.0.1:9", "token")


def test_the_tables_have_every_public_callable_and_every_parameter() -> None:
    errors = {name for name in infosecops.__all__ if isinstance(getattr(infosecops, name), type)}
    errors = {name for name in errors if issubclass(getattr(infosecops, name), BaseException)}
    twins = {f"Async{name}" for name in CLIENTS}
    # Made by the package alone.
    made_here = {
        "AccessToken",
        "ChangeResult",
        "CommandResult",
        "Connection",
        "CoverageProblem",
        "CoverageReport",
        "EnsureResult",
        "Envelope",
        "Event",
        "Job",
        "Response",
        "ReviewItemResult",
        "ReviewStatus",
        "ReviewUpdate",
        "RunStatus",
        "SecuritySettings",
        "VaultAccount",
    }
    others = {"LazyList", "AsyncLazyList", "__version__"}
    assert set(infosecops.__all__) - errors - twins - made_here - others == {*CONSTRUCTORS, *CLIENTS}
    for name in made_here:
        with pytest.raises(TypeError):
            getattr(infosecops, name)()
    for name, good in CONSTRUCTORS.items():
        assert parameters(getattr(infosecops, name), of_method=False) == set(good), name


@pytest.mark.parametrize("name", CLIENTS)
def test_the_tables_have_every_method(name: str, clients: dict[str, Any]) -> None:
    found: dict[str, set[str]] = {}

    def walk(target: Any, prefix: str) -> None:
        for member in dir(type(target)):
            if member.startswith("_") or member == "url":
                continue
            value = getattr(target, member)
            if inspect.ismethod(value):
                found[prefix + member] = parameters(value, of_method=True)
            else:
                walk(value, f"{prefix}{member}.")

    walk(clients[name], "")
    # The kinds are alike.
    found = {path: names for path, names in found.items() if ".analysis." not in path and ".ldap." not in path}
    assert set(found) == set(METHODS[name])
    for path, names in found.items():
        assert names <= set(METHODS[name][path]), path
