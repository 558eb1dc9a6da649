"""Whatever is passed, a call is made, or refused by a clear error before anything is sent."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from accepted import accepted
from callables import CLIENTS, CONSTRUCTORS, METHODS, Case, cases, parameters
from examples import EXAMPLES
from hostile import NUMBERS, VALUES, OwnError
from hypothesis import given, settings
from hypothesis import strategies as st
from wire import Received, Wire, ok

if TYPE_CHECKING:
    from collections.abc import Iterator

JOB = '{"id": 1, "ready": true, "succeeded": true}'
COMMAND = '{"data": {"run-id": "1", "id": "1", "overall-status": "Completed", "Status": "Updated all 1"}}'
# What is not modelled is read by the same code for all clients.
CASES = [case for case in cases() if case.path != "request" or case.client == "SDElements"]

# What need not be refused before anything is sent, by argument and value.
OPEN = {
    # It can be called, so it is, and what it raises comes up as it is.
    ("on_progress", "class"),
    ("on_result", "class"),
    # The environment is asked.
    ("proxy", "None"),
}


def answered(request: Received) -> bytes:
    path = request.target.split("?")[0].rstrip("/")
    if "/api/v2/" in path:
        return ok(JOB if path.rsplit("/", 1)[-1].isdigit() else "[]")
    return ok("[]" if "/tokens" in path else COMMAND)


@pytest.fixture(scope="module", autouse=True)
def _profiles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A profile for every system, so that what is refused is the argument."""
    file = tmp_path_factory.mktemp("settings") / "config.toml"
    systems = ("governance_lifecycle", "sd_elements", "sectona", "bamboo_agents")
    file.write_text("".join(f"[prod.{system}]\ntimeout = 5\n" for system in systems), encoding="utf-8")
    file.chmod(0o600)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INFOSECOPS_CONFIG", str(file))
        yield


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
    yield {**made, "Agents": made["BambooAgents"].agents("u-u-i-d")}
    for client in made.values():
        client.close()


def is_taken(case: Case, clients: dict[str, Any], wire: Wire, arguments: dict[str, Any], suspects: list[str]) -> bool:
    """Whether a call is made. If not, the argument is named, and nothing was sent."""
    before = len(wire.requests)
    # PanicException is no Exception: it goes up and fails the test, as it should.
    try:
        case.run(clients, arguments)
    except infosecops.ConfigError as error:
        refusal: Exception = error
    except infosecops.Error:
        return True
    except (OwnError, RecursionError):
        return False
    except (TypeError, ValueError) as error:
        refusal = error
    else:
        return True
    assert len(wire.requests) == before, f"refused, but sent: {refusal!r}"
    assert any(name in str(refusal) for name in suspects), f"{suspects} not named: {refusal!r}"
    # It holds what it was given.
    assert not isinstance(refusal, UnicodeError)
    return False


@pytest.mark.parametrize("case", [case for case in CASES if case.good], ids=lambda case: case.label)
def test_what_is_taken_is_in_the_table_and_all_else_is_refused(case: Case, clients: dict[str, Any], wire: Wire) -> None:
    for name in case.good:
        taken = {
            value
            for value, make in VALUES.items()
            if (name, value) not in OPEN and is_taken(case, clients, wire, {**case.good, name: make()}, [name])
        }
        expected = accepted(case.label, name)
        assert taken - expected == set(), f"{name}: taken, but not in the table of tests/accepted.py"
        assert expected - taken == set(), f"{name}: in the table of tests/accepted.py, but refused"


def values() -> st.SearchStrategy[Any]:
    texts = st.text(st.characters(), max_size=20)
    numbers = st.integers() | st.integers(-(2**70), 2**70) | st.floats()
    leaves = st.none() | st.booleans() | numbers | texts | st.binary(max_size=20) | st.dates()
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))


@pytest.mark.parametrize("case", [case for case in CASES if case.good], ids=lambda case: case.label)
def test_several_wrong_arguments_are_refused_too(case: Case, clients: dict[str, Any], wire: Wire) -> None:
    @settings(EXAMPLES, max_examples=5)
    @given(st.fixed_dictionaries({}, optional={name: values() for name in case.good}))
    def run(wrong: dict[str, Any]) -> None:
        is_taken(case, clients, wire, {**case.good, **wrong}, list(case.good))

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


@pytest.mark.skipif(sys.version_info < (3, 10), reason="CPython 3.9 does not tell the signatures of native classes")
def test_the_tables_have_every_public_callable_and_every_parameter() -> None:
    errors = {name for name in infosecops.__all__ if isinstance(getattr(infosecops, name), type)}
    errors = {name for name in errors if issubclass(getattr(infosecops, name), BaseException)}
    twins = {f"Async{name}" for name in CLIENTS}
    # Made by the package alone.
    made_here = {
        "AccessToken",
        "Agent",
        "AgentState",
        "Capability",
        "BulkEntry",
        "BulkResult",
        "ChangeResult",
        "CommandResult",
        "ConfigEntry",
        "ConfigReport",
        "Connection",
        "CoverageProblem",
        "CoverageReport",
        "EnsureResult",
        "Envelope",
        "Event",
        "Job",
        "MaintenanceTask",
        "Response",
        "ReviewItemResult",
        "ReviewStatus",
        "ReviewUpdate",
        "RunStatus",
        "SecuritySettings",
        "Table",
        "VaultAccount",
    }
    others = {"LazyList", "AsyncLazyList", "__version__"}
    assert set(infosecops.__all__) - errors - twins - made_here - others == {*CONSTRUCTORS, *CLIENTS}
    for name in made_here:
        with pytest.raises(TypeError):
            getattr(infosecops, name)()
    for name, good in CONSTRUCTORS.items():
        assert parameters(getattr(infosecops, name), of_method=False) == set(good), name


@pytest.mark.parametrize("name", METHODS)
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
