"""Text, numbers and times of an answer that Python's types can't hold: read as far as they go, never a bare error."""

from __future__ import annotations

import datetime as dt
import json
import pickle
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import Secret
from test_agents import UUID
from wire import Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable

HALF = r"a\ud800b"
SHOWN = "a\ufffdb"
HALVES = [r"\ud800", r"\udc00", r"\uD83D", r"\udE00\ud83d", r"\ud83d\u0041", r"\ud800\ud800"]
UTC = dt.timezone.utc
BIG = "123456789012345678901234567890"
ENDLESS = "9" * 5000


def job(**fields: str) -> str:
    """A job whose fields are given as they are written."""
    members = {"id": "12", "ready": "true", "succeeded": "false", **fields}
    return "{" + ", ".join(f'"{name}": {value}' for name, value in members.items()) + "}"


def get(connect: Callable[..., Any], text: str) -> Any:
    with Wire(ok(text)) as wire:
        return connect("SDElements", wire.url, token="k").jobs.alm.get(12)


def listed(connect: Callable[..., Any], *texts: str) -> list[Any]:
    with Wire(ok(f'{{"results": [{", ".join(texts)}]}}')) as wire:
        return list(connect("SDElements", wire.url, token="k").jobs.alm.list())


def both(connect: Callable[..., Any], text: str, *, has_secrets: bool = False) -> list[Any]:
    """The same job by both readers: that of one job, and that of lists. Secrets do not travel in pickles."""
    found = [get(connect, text), *listed(connect, text, job(id="13"))[:1]]
    assert found[0] == found[1]
    assert [repr(one) for one in found] == [repr(found[0])] * 2
    assert [one.to_dict() for one in found] == [found[0].to_dict()] * 2
    again = [pickle.loads(pickle.dumps(one)) for one in found]
    assert has_secrets or again == found
    return found


@pytest.mark.parametrize("half", HALVES)
def test_half_a_pair_in_a_text_is_replaced(connect: Callable[..., Any], half: str) -> None:
    expected = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in json.loads(f'"a{half}b"'))
    quoted = f'"a{half}b"'
    connection = (
        f'{{"id": 3, "alias": {quoted}, "system": {quoted}, "params": {{"server": {quoted}}}, "new": {quoted}}}'
    )
    text = job(result_message=quoted, user=quoted, connection=connection, more=f"[{quoted}]")
    for found in both(connect, text):
        assert (found.result_message, found.user) == (expected, expected)
        assert (found.connection.alias, found.connection.system) == (expected, expected)
        assert found.connection.params == {"server": expected}
        assert found.connection.extra == {"new": expected}
        assert found.extra == {"more": [expected]}


def test_a_whole_pair_stays(connect: Callable[..., Any]) -> None:
    for found in both(connect, job(result_message=r'"\ud83d\ude00"', more=r'{"\ud83d\ude00": "\u00e4\ud83d\ude00"}')):
        assert (found.result_message, found.extra) == ("\U0001f600", {"more": {"\U0001f600": "ä\U0001f600"}})


def test_half_a_pair_in_a_key_is_replaced(connect: Callable[..., Any]) -> None:
    connection = f'{{"id": 3, "{HALF}": 1, "params": {{"{HALF}": {{"{HALF}": true}}}}}}'
    text = job(connection=connection, user=f'{{"{HALF}": 1, "email": "{HALF}"}}')[:-1] + f', "{HALF}": 7}}'
    for found in both(connect, text):
        assert found.user == SHOWN
        assert found.extra[SHOWN] == 7
        assert found.connection.extra == {SHOWN: 1}
        assert found.connection.params == {SHOWN: {SHOWN: True}}


def test_the_failed_job_says_why(connect: Callable[..., Any]) -> None:
    with Wire(ok(job(result_message=f'"disk {HALF} full"'))) as wire:
        with pytest.raises(infosecops.JobFailed, match=f"disk {SHOWN} full") as caught:
            connect("SDElements", wire.url, token="k").jobs.alm.wait(12)
        assert caught.value.job.result_message == f"disk {SHOWN} full"


def test_a_secret_is_never_replaced(connect: Callable[..., Any]) -> None:
    connection = f'{{"id": 3, "params": {{"alm_pass": "{HALF}", "n": {{"api_token": ["{HALF}"]}}, "alm_user": "u"}}}}'
    for found in both(connect, job(connection=connection), has_secrets=True):
        params = found.connection.params
        assert params["alm_user"] == "u"
        for secret, name in ((params["alm_pass"], "alm_pass"), (params["n"]["api_token"][0], "api_token")):
            assert isinstance(secret, Secret)
            assert "ud800" not in repr(secret)
            for reveal in (secret.reveal, secret.reveal_bytes):
                with pytest.raises(infosecops.UnexpectedContentError, match=name):
                    reveal()
        assert found.to_dict()["connection"]["params"]["alm_pass"] == "****"
        with pytest.raises(infosecops.UnexpectedContentError, match="alm_pass"):
            found.to_dict(reveal=True)


NUMBERS = {
    "1e999": "1e999",
    "-1e999": "-1e999",
    "1e308": 1e308,
    "1e-999": 0.0,
    "0.1": 0.1,
    "-0": 0,
    "9223372036854775808": 2**63,
    f"-{BIG}": -int(BIG),
    BIG: int(BIG),
    ENDLESS: ENDLESS,
}


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:12])
def test_numbers_are_exact_or_text(connect: Callable[..., Any], number: str) -> None:
    expected = NUMBERS[number]
    connection = f'{{"id": 3, "params": {{"a": {number}, "b": [{{"c": {number}}}]}}, "project": {number}}}'
    for found in both(connect, job(more=number, connection=connection, user=number)):
        for value in (found.extra["more"], found.connection.params["a"], found.connection.params["b"][0]["c"]):
            assert (type(value), value) == (type(expected), expected)
        assert found.id == 12
        if abs(float(number)) > 2**64:
            assert (found.user, found.connection.project) == (None, None)
            assert found.extra["user"] == found.connection.extra["project"] == expected


@pytest.mark.parametrize("number", ["1e999", "1.50", BIG])
def test_a_secret_number_is_as_it_was_written(connect: Callable[..., Any], number: str) -> None:
    text = job(connection=f'{{"id": 3, "params": {{"alm_pass": {number}}}}}')
    for found in both(connect, text, has_secrets=True):
        assert found.connection.params["alm_pass"].reveal() == number


@pytest.mark.parametrize(
    "time",
    [
        "0000-01-01T00:00:00Z",
        "0000-12-31T23:59:59Z",
        "0001-01-01T00:00:00+05:00",
        "-000001-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:00",
        "2024-02-30T00:00:00Z",
        "2024-01-01T24:00:01Z",
        "2024-01-01T00:00:00+99:00",
        "yesterday",
        HALF,
    ],
)
def test_times_out_of_range_are_kept_as_text(connect: Callable[..., Any], time: str) -> None:
    for found in both(connect, job(last_run=f'"{time}"')):
        assert found.last_run is None
        assert found.extra == {"last_run": time.replace(HALF, SHOWN)}


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("0001-01-01T00:00:00Z", dt.datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-30T22:00:00Z", dt.datetime(9999, 12, 30, 22, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", dt.datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2024-01-01T00:00:00.123456789Z", dt.datetime(2024, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)),
        ("2024-01-02T00:00:00+23:59", dt.datetime(2024, 1, 1, 0, 1, tzinfo=UTC)),
    ],
)
def test_times_at_the_edge_are_read(connect: Callable[..., Any], time: str, expected: dt.datetime) -> None:
    for found in both(connect, job(last_run=f'"{time}"')):
        assert (found.last_run, found.last_run.tzinfo) == (expected, UTC)


def test_one_odd_record_never_loses_the_list(connect: Callable[..., Any]) -> None:
    odd = [job(id=ENDLESS), job(id="1e999"), job(id=f'"{HALF}"'), f'{{"{HALF}": 1}}', f'"{HALF}"', "1e999"]
    found = listed(connect, job(id="1"), *odd, job(id="2", result_message=f'"{HALF}"'))
    assert [one.id for one in found] == [1, 2]
    assert found[1].result_message == SHOWN
    with Wire(ok(f'{{"{HALF}": 1, "results": [{{"id": 3, "alias": "{HALF}", "x": 1e999}}]}}')) as wire:
        (connection,) = connect("SDElements", wire.url, token="k").connections.alm.list()
        assert (connection.alias, connection.extra) == (SHOWN, {"x": "1e999"})


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "01", r'"\ud8"', r'"\x"'])
def test_what_is_no_json_is_a_typed_error(connect: Callable[..., Any], value: str) -> None:
    with pytest.raises(infosecops.UnexpectedContentError, match="not valid JSON"):
        get(connect, job(more=value))
    # One record does not cost a list what other readers take.
    if value.strip("-") in {"NaN", "Infinity"}:
        assert [one.extra.get("more") for one in listed(connect, job(), job(more=value))] == [None, None]
    else:
        with pytest.raises(infosecops.UnexpectedContentError, match="not valid JSON"):
            listed(connect, job(), job(more=value))
    tokens = f'[{{"uuid": "u", "name": {value}, "read": true, "change": true}}]'
    with Wire(ok(tokens)) as wire, pytest.raises(infosecops.UnexpectedContentError, match="not valid JSON"):
        connect("BambooAgents", wire.url, token="pat", api="agent-config").tokens.list()


def test_tokens_and_agents(connect: Callable[..., Any]) -> None:
    tokens = f'[{{"uuid": "{UUID}", "name": "{HALF}", "read": true, "change": false, "{HALF}": 1e999}}]'
    with Wire(ok(tokens), ok(tokens.replace(UUID, HALF))) as wire:
        bamboo = connect("BambooAgents", wire.url, token="pat", api="agent-config")
        (token,) = bamboo.tokens.list()
        assert (token.name, token.extra, token.uuid.reveal()) == (SHOWN, {SHOWN: "1e999"}, UUID)
        assert SHOWN in repr(token)
        with pytest.raises(infosecops.UnexpectedContentError, match=r"\[0\].*uuid"):
            bamboo.tokens.list()
    state = f'{{"id": 7, "enabled": true, "name": "{HALF}", "more": {BIG}}}'
    capabilities = f'[{{"key": "{HALF}", "value": "{HALF}"}}]'
    with Wire(ok(state), ok(f"[{state}]"), ok(capabilities)) as wire:
        agents = connect("BambooAgents", wire.url, api="agent-config").agents(UUID)
        for found in (agents.state(7), *agents.list()):
            assert (found.name, found.extra) == (SHOWN, {"more": int(BIG)})
        assert [(one.key, one.value) for one in agents.capabilities(7)] == [(SHOWN, SHOWN)]


def vault(connect: Callable[..., Any], body: str) -> Any:
    with Wire(ok(body)) as wire:
        return connect("Sectona", wire.url, access_key="k").request_password("Unix", "host", "name")


def test_an_account_of_the_vault(connect: Callable[..., Any]) -> None:
    record = f'{{"Password": "p", "Status": "{HALF}", '
    record += f'"{HALF}": [1e999, "{HALF}"], "CreatedOn": "01 Jan 0000 0:0:0 GMT 0:0:0"}}'
    for result in (record, json.dumps(record)):
        account = vault(connect, f'{{"IsSuccess": true, "Version": "{HALF}", "{HALF}": 1, "Result": {result}}}')
        assert (account.password.reveal(), account.status) == ("p", SHOWN)
        assert account.extra == {SHOWN: ["1e999", SHOWN]}
        assert (account.created_on, account.created_on_text) == (None, "01 Jan 0000 0:0:0 GMT 0:0:0")
        assert SHOWN in repr(account)
        assert account.to_dict()["status"] == SHOWN


@pytest.mark.parametrize("name", ["Password", "PassPhrase"])
def test_a_password_is_never_replaced(connect: Callable[..., Any], name: str) -> None:
    record = json.dumps({"Password": "p", "PassPhrase": "q"}).replace(f'"{name}": "', f'"{name}": "{HALF}')
    for result in (record, json.dumps(record)):
        with pytest.raises(infosecops.UnexpectedContentError, match=f"{name} in Result is not a text") as caught:
            vault(connect, f'{{"IsSuccess": true, "Result": {result}}}')
        assert caught.value.outcome == "unknown"


def test_another_operation_of_the_vault(connect: Callable[..., Any]) -> None:
    body = f'{{"IsSuccess": true, "Message": "{HALF}", '
    body += f'"Result": {{"{HALF}": ["{HALF}", 1e999, {BIG}], "Password": "{HALF}"}}}}'
    with Wire(ok(body)) as wire:
        envelope = connect("Sectona", wire.url, access_key="k").call("/API/APP/APP007/GetUsers", {})
        assert envelope.message == SHOWN
        assert envelope.result[SHOWN] == [SHOWN, "1e999", int(BIG)]
        with pytest.raises(infosecops.UnexpectedContentError, match="Password"):
            envelope.result["Password"].reveal()
        assert SHOWN in repr(envelope)


def test_a_refusal_with_odd_text_is_readable(connect: Callable[..., Any]) -> None:
    answer = ok(f'{{"detail": "no {HALF}", "n": 1e999}}', status="400 Bad Request")
    with Wire(answer) as wire, pytest.raises(infosecops.BadRequestError, match=f"no {SHOWN}; n: 1e999"):
        connect("SDElements", wire.url, token="k").jobs.alm.get(12)


def test_the_body_of_a_raw_request(connect: Callable[..., Any]) -> None:
    with Wire(ok(f'{{"a": "{HALF}", "n": [1e999, {BIG}, -0, 1.5]}}'), ok(f'{{"password": "{HALF}"}}')) as wire:
        client = connect("SDElements", wire.url, token="k")
        assert client.request("GET", "/x/").json() == {"a": SHOWN, "n": ["1e999", int(BIG), 0, 1.5]}
        with pytest.raises(infosecops.UnexpectedContentError, match="password"):
            client.request("GET", "/x/").json()
