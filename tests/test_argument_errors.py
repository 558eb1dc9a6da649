"""What errors about arguments say: the argument's name, what it must be, and nothing of its value."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import ConfigError, Group, Retry, ReviewItemChange, Secret, TrustedApp, UserLogin
from wire import Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HALF = "CANARY\ud800"
NAN = float("nan")
NO_TEXT = "must be text that UTF-8 can write: it holds a lone surrogate"
ITEM = {"kind": "group", "name": "g", "business_source": "b"}
CHANGE = {"state": "revoke", "reviewee": "a", "item": ITEM}


def looped() -> list[Any]:
    loop: list[Any] = []
    loop.append(loop)
    return loop


def deep() -> list[Any]:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    return value


class Odd(Mapping[str, Any]):
    """Its items are no pairs."""

    def __getitem__(self, key: str) -> Any:
        return 1

    def __iter__(self) -> Iterator[str]:
        return iter("a")

    def __len__(self) -> int:
        return 1

    def items(self) -> Any:
        return [1, (2, 3, 4)]


def change(**other: Any) -> list[dict[str, Any]]:
    return [CHANGE, {**CHANGE, **other}]


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


@pytest.fixture
def pam(connect: Callable[..., Any], wire: Wire) -> Any:
    return connect("Sectona", wire.url, access_key="k")


def refused(call: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text
    whole = "".join(traceback.TracebackException.from_exception(caught.value).format())
    assert "CANARY" not in whole.replace(__file__, "")
    assert "CANARY" not in repr(vars(caught.value))
    assert not isinstance(caught.value, UnicodeError)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: Retry(attempts=-1), "attempts: must be from 0 to 4294967295"),
        (lambda: Retry(attempts=10**40), "attempts: must be from 0 to 4294967295"),
        (lambda: Retry(attempts=0), "attempts: must be at least 1"),
        (lambda: Retry(base=NAN), "base: must be a number of seconds, zero or more"),
        (lambda: Retry(base=-0.1), "base: must be a number of seconds, zero or more"),
        (lambda: Retry(base=float("inf")), "base: must be a number of seconds, zero or more"),
        (lambda: Retry(cap=NAN), "cap: must be a number of seconds, zero or more"),
        (lambda: Retry(cap=float("-inf")), "cap: must be a number of seconds, zero or more"),
        (lambda: Retry(cap=float("inf")), "cap: must be a number of seconds, zero or more"),
        (lambda: Retry(cap=-1), "cap: must be a number of seconds, zero or more"),
        (lambda: Retry(base=10**400), "base: must be a number that a float can hold"),
        (lambda: Secret(HALF), f"text: {NO_TEXT}"),
        (lambda: UserLogin("u", HALF), f"password: {NO_TEXT}"),
        (lambda: UserLogin("u", "p", HALF), f"auth_source: {NO_TEXT}"),
        (lambda: TrustedApp("c", HALF), f"client_secret: {NO_TEXT}"),
        (lambda: infosecops.equals("c", HALF), f"value: {NO_TEXT}"),
        (lambda: Group(HALF, "b"), f"name: {NO_TEXT}"),
        (lambda: ReviewItemChange("revoke", "a", {"kind": HALF}), f"item.kind: {NO_TEXT}"),
        (lambda: ReviewItemChange("revoke", "a", {"name": "g"}), "item.kind: is missing"),
        (
            lambda: ReviewItemChange("revoke", "a", {"kind": "x"}),
            'item.kind: must be "entitlement", "application_role", "group" or "global_role"',
        ),
        (lambda: ReviewItemChange("revoke", "a", ITEM, account={"name": "n"}), "account.business_source: is missing"),
        (
            lambda: ReviewItemChange("revoke", "a", {**ITEM, "group": 1}),
            "item.group: is no such key; known are kind, name, business_source",
        ),
    ],
)
def test_values_that_no_object_can_have(call: Callable[[], object], text: str) -> None:
    refused(call, ConfigError, text)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: Retry(attempts="3"), "attempts: must be an int, not str"),
        (lambda: Retry(attempts=True), "attempts: must be an int, not bool"),
        (lambda: Retry(cap="1"), "cap: must be a number, not str"),
        (lambda: Retry(attempts=1.0), "attempts: must be an int, not float"),
        (lambda: Retry(base=True), "base: must be a number, not bool"),
        (lambda: Retry(base=Decimal(1)), "base: must be a number, not Decimal"),
        (lambda: Retry(base=Fraction(1, 2)), "base: must be a number, not Fraction"),
        (lambda: Secret(b"x"), "text: must be a str, not bytes"),
        (lambda: UserLogin(1, "p"), "username: must be a str, not int"),
        (lambda: ReviewItemChange("revoke", "a", ITEM, expires_on="x"), "expires_on: must be a date, not str"),
        (
            lambda: ReviewItemChange("revoke", "a", 5),
            "item: must be an Entitlement, ApplicationRole, Group, GlobalRole or a dict with its kind, not int",
        ),
        (lambda: ReviewItemChange("revoke", "a", {**ITEM, 5: 1}), "item: must be a dict whose keys are str"),
        (lambda: ReviewItemChange("revoke", "a", {**ITEM, "name": None}), "item.name: must be a str, not NoneType"),
        (
            lambda: ReviewItemChange("revoke", "a", ITEM, account=5),
            "account: must be a RevieweeAccount, a dict or None, not int",
        ),
        (lambda: Group("g", "b").to_dict(reveal=1), "reveal: must be a bool, not int"),
    ],
)
def test_types_that_no_object_takes(call: Callable[[], object], text: str) -> None:
    refused(call, TypeError, text)


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        ("SDElements", {"token": HALF}, f"token: {NO_TEXT}"),
        ("Sectona", {"access_key": HALF}, f"access_key: {NO_TEXT}"),
        ("BambooAgents", {"username": HALF, "password": "p"}, f"username: {NO_TEXT}"),
        ("BambooAgents", {"username": "u", "password": HALF}, f"password: {NO_TEXT}"),
        ("GovernanceLifecycle", {"token": HALF}, f"token: {NO_TEXT}"),
        ("SDElements", {"token": "t", "headers": {"X-A": HALF}}, f"headers: {NO_TEXT}"),
        ("SDElements", {"token": "t", "proxy": HALF}, f"proxy: {NO_TEXT}"),
        ("SDElements", {"token": "t", "CANARY\ud800": 1}, f"keywords: {NO_TEXT}"),
        ("SDElements", {"token": "t", "max_response_bytes": -1}, "max_response_bytes: must be from "),
        ("SDElements", {"token": "t", "max_connections": -1}, "max_connections: must be from "),
    ],
)
def test_clients(connect: Callable[..., Any], name: str, arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        connect(name, "http://127.0.0.1:9", **arguments)
    assert str(caught.value).startswith(text)
    assert "CANARY" not in repr(caught.value)


def test_numbers_out_of_range(gl: Any, sde: Any, wire: Wire) -> None:
    whole = "must be from -9223372036854775808 to 9223372036854775807"
    refused(lambda: sde.jobs.alm.get(2**63), ConfigError, f"job_id: {whole}")
    refused(lambda: sde.jobs.alm.wait(10**40), ConfigError, f"job: {whole}")
    refused(lambda: sde.jobs.alm.start(-(2**63) - 1), ConfigError, f"connection: {whole}")
    refused(lambda: sde.connections.alm.list(limit=-1), ConfigError, "limit: must be from 0 to 18446744073709551615")
    refused(
        lambda: gl.update_review_items("R", [CHANGE], chunk_size=-1),
        ConfigError,
        "chunk_size: must be from 0 to 18446744073709551615",
    )
    refused(lambda: sde.jobs.alm.get(True), TypeError, "job_id: must be an int, not bool")
    named = "an int, the id of a connection (the connections' list() has them with their names)"
    refused(lambda: sde.jobs.alm.start("Nightly"), TypeError, f"connection: must be {named}, not str")
    refused(lambda: sde.connections.alm.get("Nightly"), TypeError, f"connection_id: must be {named}, not str")
    refused(lambda: gl.get_review_status(True), TypeError, "id: must be a str or an int, not bool")
    assert wire.requests == []


def test_texts_and_bodies(gl: Any, sde: Any, wire: Wire) -> None:
    refused(lambda: gl.upload_coverage(HALF, type="reviewer", id=1), ConfigError, f"coverage: {NO_TEXT}")
    refused(lambda: gl.command("x", body=HALF), ConfigError, f"body: {NO_TEXT}")
    refused(lambda: gl.command("x", params={"a": HALF}), ConfigError, f"params: {NO_TEXT}")
    refused(lambda: gl.command("x", params={HALF: 1}), ConfigError, f"params: {NO_TEXT}")
    refused(lambda: sde.request("POST", "x", body=HALF), ConfigError, f"body: {NO_TEXT}")
    refused(lambda: sde.request("POST", "x", headers={"X-A": HALF}), ConfigError, f"headers: {NO_TEXT}")
    refused(lambda: sde.request("GET", 5), TypeError, "path: must be a str, not int")
    refused(
        lambda: gl.command("x", params={5: 1}),
        TypeError,
        "params: must be a dict of str to str, int, float or bool",
    )
    refused(
        lambda: gl.command("x", params=Odd()),
        TypeError,
        "params: must be a dict of str to str, int, float or bool",
    )
    refused(lambda: sde.request("GET", "x", headers=Odd()), TypeError, "headers: must be a dict of str to str")
    assert wire.requests == []


@pytest.mark.parametrize("number", [NAN, float("inf"), float("-inf")])
def test_what_is_no_json_is_not_sent_as_json(sde: Any, pam: Any, wire: Wire, number: float) -> None:
    for call in (lambda: sde.request("POST", "x", json={"a": [number]}), lambda: pam.call("/x", {"a": [number]})):
        with pytest.raises(ConfigError, match=r"^(json|fields): Out of range float values are not JSON compliant"):
            call()
    assert wire.requests == []


def test_objects_that_json_cannot_hold(sde: Any, pam: Any, wire: Wire) -> None:
    unknown = "Object of type object is not JSON serializable"
    refused(lambda: sde.request("POST", "x", json=object()), TypeError, f"json: {unknown}")
    refused(lambda: sde.request("POST", "x", json={"a": HALF}), ConfigError, f"json: {NO_TEXT}")
    refused(lambda: sde.request("POST", "x", json=looped()), ConfigError, "json: Circular reference detected")
    refused(lambda: sde.request("POST", "x", json=deep()), ConfigError, "json: is nested too deeply")
    refused(lambda: pam.call("/x", {"a": object()}), TypeError, f"fields: {unknown}")
    refused(lambda: pam.call("/x", {HALF: 1}), ConfigError, f"fields: {NO_TEXT}")
    mapping = "fields: must be a mapping of str to values that JSON can hold"
    refused(lambda: pam.call("/x", [("a", 1)]), TypeError, mapping)
    refused(lambda: pam.call("/x", None), TypeError, mapping)
    refused(lambda: pam.call("/x", {1: 2}), TypeError, mapping)
    refused(lambda: pam.call("/x", Odd()), TypeError, mapping)
    assert wire.requests == []


def test_json_goes_in_utf_8(connect: Callable[..., Any]) -> None:
    with Wire(ok("{}")) as wire:
        connect("SDElements", wire.url, token="t").request("POST", "x", json={"name": "Zoë 🐘", "n": [1.5, None]})
        assert wire.only.body == '{"name": "Zoë 🐘", "n": [1.5, null]}'.encode()


def test_applications(gl: Any, wire: Wire) -> None:
    # Each of its letters would be one.
    refused(
        lambda: gl.refresh_review(1, applications="SAP"),
        TypeError,
        "applications: must be an iterable of str, not str",
    )
    refused(
        lambda: gl.refresh_review(1, applications=None),
        TypeError,
        "applications: must be an iterable of str, not NoneType",
    )
    refused(
        lambda: gl.refresh_review(1, applications={"SAP": True}),
        TypeError,
        "applications: must be an iterable of str, not dict",
    )
    refused(lambda: gl.refresh_review(1, applications=["SAP", 5]), TypeError, "applications[1]: must be a str, not int")
    refused(lambda: gl.refresh_review(1, applications=[HALF]), ConfigError, f"applications[0]: {NO_TEXT}")
    refused(lambda: gl.refresh_review(1, users="yes"), TypeError, "users: must be a bool, not str")
    assert wire.requests == []


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        (5, TypeError, "changes: must be an iterable of ReviewItemChange or dict, not int"),
        ([CHANGE, 5], TypeError, "changes[1]: must be a ReviewItemChange or a dict, not int"),
        (change(item=5), TypeError, "changes[1].item: must be an Entitlement, ApplicationRole, Group, GlobalRole or"),
        (change(item={"kind": "group", "name": 5}), TypeError, "changes[1].item.name: must be a str, not int"),
        (change(account=5), TypeError, "changes[1].account: must be a RevieweeAccount, a dict or None, not int"),
        (change(account={"name": HALF, "business_source": ""}), ConfigError, f"changes[1].account.name: {NO_TEXT}"),
        (change(expires_on="x"), TypeError, "changes[1].expires_on: must be a date, not str"),
        (change(comments=5), TypeError, "changes[1].comments: must be a str, not int"),
        (change(comment="x"), ConfigError, "changes[1].comment: is no such key; known are state, reviewee, item"),
        ([{"state": "revoke"}], ConfigError, "changes[0].reviewee: is missing"),
    ],
)
def test_changes_name_the_place(gl: Any, wire: Wire, changes: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        gl.update_review_items("R", changes)
    # Errors found once the call has begun name it before the place.
    assert str(caught.value).removeprefix("Governance & Lifecycle update_review_items: ").startswith(text)
    assert wire.requests == []


def test_a_credential_that_a_callable_gives(connect: Callable[..., Any], wire: Wire) -> None:
    api = connect("SDElements", wire.url, token=lambda: HALF)
    refused(lambda: api.jobs.alm.get(1), ConfigError, f"token: {NO_TEXT}")
    assert wire.requests == []
