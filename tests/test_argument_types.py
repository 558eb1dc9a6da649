"""Types are exact: what merely looks like one, or can be turned into one, is refused by its name and never sent."""

from __future__ import annotations

import array
import enum
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import ConfigError
from wire import Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAM: tuple[str, dict[str, Any]] = ("Sectona", {"access_key": "k"})
NAN = float("nan")
PARAMS = "params: numbers must be finite, no nan and no inf"


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with Wire(ok("{}")) as server:
        yield server


@pytest.fixture
def gl(connect: Callable[..., Any], wire: Wire) -> Any:
    return connect("GovernanceLifecycle", wire.url, token="t")


@pytest.fixture
def sde(connect: Callable[..., Any], wire: Wire) -> Any:
    return connect("SDElements", wire.url, token="t")


class Grade(enum.IntEnum):
    A = 7


class Word(str, enum.Enum):
    B = "b"


@pytest.mark.parametrize(
    "body",
    [
        [104, 105],
        (104, 105),
        range(3),
        {104: 1},
        {104},
        array.array("B", b"hi"),
        iter([104]),
        5,
        True,
        memoryview(array.array("H", [104])),
    ],
)
def test_only_bytes_are_bytes(gl: Any, sde: Any, wire: Wire, body: Any) -> None:
    for call in (lambda: sde.request("POST", "x", body=body), lambda: gl.command("x", body=body, method="POST")):
        with pytest.raises((TypeError, ConfigError), match=r"^body: must be bytes"):
            call()
    assert wire.requests == []


@pytest.mark.parametrize("body", [b"hi", bytearray(b"hi"), memoryview(b"hi"), memoryview(b"-h-i")[1::2], "hi"])
def test_bytes_and_views_of_them_are_sent(connect: Callable[..., Any], body: Any) -> None:
    with Wire(ok("{}")) as wire:
        connect("SDElements", wire.url, token="t").request("POST", "x", body=body)
        assert wire.only.body == b"hi"


@pytest.mark.parametrize(
    "things", [b"ab", bytearray(b"ab"), memoryview(b"ab"), "12", {1: 2}, MappingProxyType({1: 2}), 5]
)
def test_what_can_be_iterated_need_not_be_a_list(connect: Callable[..., Any], gl: Any, wire: Wire, things: Any) -> None:
    sde, pam = (connect(name, wire.url, **own) for name, own in (("SDElements", {"token": "t"}), PAM))
    calls: dict[str, Callable[[], object]] = {
        "jobs": lambda: sde.jobs.alm.wait_all(things),
        "requests": lambda: pam.request_passwords(things),
        "changes": lambda: gl.update_review_items("R", things),
        "applications": lambda: gl.refresh_review(1, applications=things),
        "failover": lambda: connect(PAM[0], wire.url, failover=things, **PAM[1]),
    }
    for name, call in calls.items():
        with pytest.raises(TypeError, match=f"^{name}: must be an iterable"):
            call()
    assert wire.requests == []


@pytest.mark.parametrize("rules", [{}, {1: 2}, MappingProxyType({}), [b"x"], memoryview(array.array("H", [1]))])
def test_coverage_is_bytes_or_rules(gl: Any, wire: Wire, rules: Any) -> None:
    for call in (
        lambda: gl.upload_coverage(rules, type="reviewer", id=1),
        lambda: infosecops.check_coverage(rules, type="reviewer"),
    ):
        with pytest.raises((TypeError, ConfigError), match=r"^coverage: must be"):
            call()
    assert wire.requests == []


@pytest.mark.parametrize("wrong", [1, 0, "false", None, 1.0])
def test_only_truth_values_are_truth_values(connect: Callable[..., Any], sde: Any, wire: Wire, wrong: Any) -> None:
    bamboo = connect("BambooAgents", wire.url, token="t", api="agent")
    for name, call in {
        "automatic": lambda: sde.jobs.alm.start(1, automatic=wrong),
        "succeeded": lambda: sde.jobs.alm.report(1, succeeded=wrong, result_message="x"),
        "read": lambda: bamboo.tokens.create("n", read=wrong),
        "allow_http": lambda: connect("SDElements", wire.url, token="t", allow_http=wrong),
    }.items():
        with pytest.raises(TypeError, match=f"^{name}: must be a bool"):
            call()
    assert wire.requests == []


@pytest.mark.parametrize("wrong", [1.0, True, "1", Decimal(1), None, b"1"])
def test_only_whole_numbers_are_ids(connect: Callable[..., Any], sde: Any, wire: Wire, wrong: Any) -> None:
    agents = connect("BambooAgents", wire.url, api="agent").agents("u-u-i-d")
    for name, call in {
        "job_id": lambda: sde.jobs.alm.get(wrong),
        "connection": lambda: sde.jobs.alm.start(wrong),
        r"jobs\[0\]": lambda: sde.jobs.alm.wait_all([wrong]),
        "id": lambda: agents.state(wrong),
    }.items():
        with pytest.raises(TypeError, match=f"^{name}: must be"):
            call()
    assert wire.requests == []


@pytest.mark.parametrize("wrong", [True, "5", Decimal(5), Fraction(5), None, NAN, -1.0])
def test_only_numbers_are_times(connect: Callable[..., Any], sde: Any, wire: Wire, wrong: Any) -> None:
    for name, call in {
        "timeout": lambda: connect("SDElements", wire.url, token="t", timeout=wrong),
        "connect_timeout": lambda: connect("SDElements", wire.url, token="t", connect_timeout=wrong),
        "poll_interval": lambda: sde.jobs.alm.wait(1, poll_interval=wrong),
    }.items():
        with pytest.raises((TypeError, ConfigError), match=f"^{name}: must be a"):
            call()
    assert wire.requests == []


def test_parameters_are_written_by_value(connect: Callable[..., Any]) -> None:
    with Wire(ok("{}")) as wire:
        sde = connect("SDElements", wire.url, token="t")
        sde.request("GET", "x", params={"a": Grade.A, "b": Word.B, "c": True, "d": None, "e": 1.5}, effect="read")
        assert wire.only.target == "/x?a=7&b=b&c=true&e=1.5"


@pytest.mark.parametrize("number", [NAN, float("inf"), float("-inf")])
def test_parameters_are_finite(gl: Any, sde: Any, wire: Wire, number: float) -> None:
    for call in (
        lambda: sde.request("GET", "x", params={"a": number}),
        lambda: gl.command("x", params={"a": number}),
    ):
        with pytest.raises(ConfigError, match=PARAMS):
            call()
    assert wire.requests == []
