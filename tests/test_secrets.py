"""Secrets stay secret: in the type itself, in errors and their tracebacks, in logs, events and plain data."""

from __future__ import annotations

import asyncio
import copy
import html as markup
import json
import logging
import pickle
import re
import traceback
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import infosecops
import pytest
from infosecops import Retry, Secret, TrustedApp, UserLogin, errors
from wire import Received, Wire, html, ok

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY = "canary-4711"
# Of the kind that looks different once it is escaped.
ODD_CANARY = 'ca"n&a<r>y\\47/11 ä'
PLAIN = {"proxy": "direct", "retry": Retry(attempts=2, base=0.0), "timeout": 10.0}
NOBODY = "http://127.0.0.1:9"
ERRORS = [getattr(errors, name) for name in errors.__all__]


# The type.


@pytest.mark.parametrize(
    "show",
    [str, repr, format, "{:>40}".format, "{!r}".format, "{!s:.3}".format, "%s".__mod__, "%r".__mod__, ascii],
)
def test_a_secret_never_prints_itself(show: Callable[[object], str]) -> None:
    assert CANARY[:3] not in show(Secret(CANARY))
    assert "****" in show(Secret(CANARY)) or show(Secret(CANARY)) == "Sec"


def test_a_secret_is_masked_and_revealed() -> None:
    secret = Secret("pä€😀 \x00")
    assert str(secret) == repr(secret) == f"{secret}" == "Secret(****)"
    assert secret.reveal() == "pä€😀 \x00"
    assert secret.reveal_bytes() == "pä€😀 \x00".encode()
    assert type(secret.reveal()) is str


def test_secrets_compare_with_secrets_only() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != Secret("ab")
    assert (Secret("a") == "a") is False
    assert (Secret("a") == b"a") is False
    assert Secret("a") is not None


@pytest.mark.parametrize(
    "use",
    [
        len,
        iter,
        hash,
        list,
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        json.dumps,
        bytes,
        int,
        lambda secret: {secret},
        lambda secret: {secret: 1},
        lambda secret: secret[0],
        lambda secret: "c" in secret,
        lambda secret: secret + "",
        lambda secret: "" + secret,
        lambda secret: secret < Secret("b"),
        lambda secret: ", ".join((secret, *"ab")),
        lambda secret: setattr(secret, "x", 1),
        vars,
        memoryview,
    ],
)
def test_a_secret_does_nothing_else(use: Callable[[object], object]) -> None:
    with pytest.raises((TypeError, AttributeError)) as caught:
        use(Secret(CANARY))
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("wrong", [None, b"bytes", 5, ["x"]])
def test_a_secret_is_made_of_a_text(wrong: object) -> None:
    with pytest.raises(TypeError):
        Secret(wrong)


def test_logins_hold_their_secrets_back() -> None:
    for login in (UserLogin("jdoe", CANARY, "AD"), TrustedApp("app", CANARY), UserLogin("jdoe", Secret(CANARY))):
        assert CANARY not in f"{login} {login!r}"
        for use in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps):
            with pytest.raises(TypeError):
                use(login)


# Errors.


def everything(error: BaseException) -> str:
    """What a log, a crash report with locals, or a debugger would show of an error."""
    shown = [str(error), repr(error), repr(error.args), repr(error.__dict__)]
    one: BaseException | None = error
    while one is not None:
        for frame, _ in traceback.walk_tb(one.__traceback__):
            if frame.f_code.co_filename != __file__:
                shown += [f"{name}={safe_repr(value)}" for name, value in frame.f_locals.items()]
        one = one.__cause__ or one.__context__
    return "\n".join(shown)


def safe_repr(value: object) -> str:
    try:
        return repr(value)
    except AttributeError:
        return f"<half-made {type(value).__name__}>"


def failure(call: Callable[[], object]) -> str:
    try:
        value = call()
        if asyncio.iscoroutine(value):
            asyncio.run(value)
    except (infosecops.Error, TypeError) as error:
        return everything(error)
    raise AssertionError("nothing was raised")


def client(twin: str, name: str, url: str, **options: Any) -> Any:
    return getattr(infosecops, twin + name)(url, **{**PLAIN, **options})


CONSTRUCTORS = {
    "gl token": lambda twin: client(twin, "GovernanceLifecycle", "http://gl.example.com", token=CANARY),
    "gl both": lambda twin: client(twin, "GovernanceLifecycle", NOBODY, token=CANARY, login=UserLogin("a", CANARY)),
    "gl password": lambda twin: client(twin, "GovernanceLifecycle", "gl", login=UserLogin("a", CANARY)),
    "sde token": lambda twin: client(twin, "SDElements", "http://sde.example.com", token=CANARY),
    "sde option": lambda twin: client(twin, "SDElements", NOBODY, token=CANARY, nothing=1),
    "sde url": lambda twin: client(twin, "SDElements", f"https://a:{CANARY}@sde.example.com", token="t"),
    "sde query": lambda twin: client(twin, "SDElements", f"https://sde.example.com/?token={CANARY}", token="t"),
    "sde proxy": lambda twin: client(twin, "SDElements", NOBODY, token="t", proxy=f"a:{CANARY}@proxy"),
    "sde proxy port": lambda twin: client(twin, "SDElements", NOBODY, token="t", proxy=f"http://a:{CANARY}@p:99999"),
    "sde headers": lambda twin: client(twin, "SDElements", NOBODY, token="t", headers={"X": f"{CANARY}\n"}),
    "sde authorization": lambda twin: client(twin, "SDElements", NOBODY, token="t", headers={"Authorization": CANARY}),
    "sectona key": lambda twin: client(twin, "Sectona", NOBODY, access_key=CANARY, accept="yaml"),
    "sectona ca": lambda twin: client(twin, "Sectona", NOBODY, access_key=CANARY, ca_file="/nowhere"),
    "bamboo both": lambda twin: client(twin, "BambooAgents", NOBODY, username="a", password=CANARY, token=CANARY),
    "bamboo user": lambda twin: client(twin, "BambooAgents", NOBODY, password=CANARY),
    "bamboo api": lambda twin: client(twin, "BambooAgents", NOBODY, token=CANARY, api="x"),
}


@pytest.mark.parametrize("twin", ["", "Async"])
@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_constructors_that_refuse_show_no_credential(name: str, twin: str) -> None:
    assert CANARY not in failure(lambda: CONSTRUCTORS[name](twin))


CALLS: dict[str, Callable[..., object]] = {
    "gl token": lambda make, key: make("GovernanceLifecycle", token=key()).run_review("x"),
    "gl user": lambda make, key: make("GovernanceLifecycle", login=UserLogin("u", key())).run_review("x"),
    "gl callable": lambda make, key: make("GovernanceLifecycle", login=UserLogin("u", key)).login(),
    "gl app": lambda make, key: make("GovernanceLifecycle", login=TrustedApp("u", key())).login(),
    "sde token": lambda make, key: make("SDElements", token=key()).jobs.alm.start(12),
    "sde callable": lambda make, key: make("SDElements", token=key).connections.ldap.get(1),
    "sectona key": lambda make, key: make("Sectona", access_key=key()).request_password("a", "b", "c"),
    "sectona call": lambda make, key: make("Sectona", access_key=Secret(key())).call("/API/APP/APP007/GetUsers", {}),
    "bamboo password": lambda make, key: make("BambooAgents", username="u", password=key()).tokens.list(),
    "bamboo token": lambda make, key: make("BambooAgents", token=key).tokens.ensure("x"),
    "bamboo uuid": lambda make, key: make("BambooAgents", token="pat", api="agent").tokens.update(
        Secret(key()), name="x", read=True, change=True
    ),
    "raw request": lambda make, key: make("SDElements", token=key()).request("POST", "/x", json={"a": 1}),
}


def spellings(secret: str) -> list[str]:
    return [secret, markup.escape(secret), json.dumps(secret)[1:-1], quote(secret, safe="")]


def echo(status: str, form: str) -> Callable[[Received], bytes]:
    """A server that repeats in its error what it was sent, as many do."""

    def answer(request: Received) -> bytes:
        raw = request.raw.decode()
        if form == "json":
            return ok(json.dumps({"detail": raw, "Message": raw, "IsSuccess": False, "LogCode": "1"}), status=status)
        if form == "html":
            return html(f"<html><title>Error</title><body>{markup.escape(raw)}</body></html>", status)
        return ok(raw, "text/plain", status)

    return answer


@pytest.mark.parametrize("twin", ["", "Async"])
@pytest.mark.parametrize("form", ["json", "html", "text"])
@pytest.mark.parametrize(
    ("name", "status"),
    [
        (name, status)
        for name in CALLS
        for status in ("200 OK", "400 Bad Request", "401 Unauthorized", "500 Oops")
        if (name, status) != ("raw request", "200 OK")
    ],
)
def test_calls_that_fail_show_no_credential(
    name: str, status: str, form: str, twin: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    events: list[object] = []
    with Wire(echo(status, form)) as wire:

        def make(system: str, **options: Any) -> Any:
            return client(twin, system, wire.url, on_event=events.append, **options)

        shown = failure(lambda: CALLS[name](make, lambda: CANARY))
        assert wire.requests
        shown += repr(events) + caplog.text + repr([record.__dict__ for record in caplog.records])
        for spelling in spellings(CANARY):
            assert spelling not in shown
        assert events
        assert caplog.records


@pytest.mark.parametrize("form", ["json", "html", "text"])
@pytest.mark.parametrize("name", ["gl user", "sectona key", "bamboo password", "bamboo uuid"])
def test_escaped_credentials_are_masked_too(name: str, form: str) -> None:
    with Wire(echo("400 Bad Request", form)) as wire:

        def make(system: str, **options: Any) -> Any:
            return client("", system, wire.url, **options)

        # A uuid has no such characters.
        secret = CANARY if name == "bamboo uuid" else ODD_CANARY
        shown = failure(lambda: CALLS[name](make, lambda: secret))
        assert wire.requests
        for spelling in spellings(secret):
            assert spelling not in shown


@pytest.mark.parametrize("name", CALLS)
def test_calls_that_are_never_sent_show_no_credential(name: str) -> None:
    def make(system: str, **options: Any) -> Any:
        return client("", system, "http://127.0.0.1:1", **options)

    shown = failure(lambda: CALLS[name](make, lambda: CANARY))
    for spelling in spellings(CANARY):
        assert spelling not in shown
    assert CANARY not in failure(lambda: CALLS[name](make, lambda: f"{CANARY}\r\nHost: evil"))


def test_clients_print_their_address_only() -> None:
    for made in (
        client("", "GovernanceLifecycle", NOBODY, token=CANARY),
        client(
            "",
            "SDElements",
            NOBODY,
            token=CANARY,
            headers={"X-Key": CANARY},
            proxy=f"http://a:{CANARY}@127.0.0.1:1",
            allow_http=True,
        ),
        client("Async", "Sectona", NOBODY, access_key=CANARY),
        client("Async", "BambooAgents", NOBODY, username="a", password=CANARY),
    ):
        assert CANARY not in f"{made} {made!r} {vars(made)}"
        with pytest.raises(TypeError):
            pickle.dumps(made)
        assert copy.copy(made) is copy.deepcopy(made) is made


# Errors travel: to other processes, to queues.


FIELDS = {
    "system": "sectona",
    "operation": "request_password",
    "method": "POST",
    "url": "https://pam.example.com/API",
    "status": 401,
    "code": "011688",
    "request_id": "r-1",
    "body_excerpt": "no",
    "attempts": 2,
    "elapsed": 0.5,
    "outcome": "rejected",
    "hint": "check access_key",
}
OWN = {"PartialFailure": "result", "JobFailed": "job", "WaitTimeout": "last", "TaskLeftOpen": "task"}


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_error_pickles_whole(kind: type[infosecops.Error], protocol: int) -> None:
    fields = dict(FIELDS)
    if own := OWN.get(kind.__name__):
        fields[own] = {"updated": 1}
    error = kind("what came back", **fields)
    for again in (pickle.loads(pickle.dumps(error, protocol)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is kind
        assert (str(again), again.args) == (str(error), error.args)
        assert {name: getattr(again, name) for name in fields} == fields
        assert again.__dict__ == error.__dict__
    empty = pickle.loads(pickle.dumps(kind(), protocol))
    assert (empty.status, empty.outcome, empty.attempts) == (None, kind.outcome, 0)


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_the_family_of_an_error(kind: type[infosecops.Error]) -> None:
    assert issubclass(kind, infosecops.Error)
    assert getattr(infosecops, kind.__name__) is kind
    assert issubclass(kind, TimeoutError) == (kind.__name__ in ("DeadlineExceeded", "WaitTimeout"))
    assert issubclass(kind, ValueError) == (kind.__name__ == "ConfigError")


def test_errors_of_real_calls_pickle(connect: Callable[..., Any]) -> None:
    answers = {
        infosecops.AuthenticationError: ok(
            '{"detail":"Invalid token."}', status="401 Unauthorized", X_Request_Id="r-77"
        ),
        infosecops.ServerError: html("<html>Oh no</html>", "500 Oops"),
        infosecops.UnexpectedContentError: ok("<html>"),
    }
    for kind, answer in answers.items():
        with Wire(answer) as wire:
            with pytest.raises(kind) as caught:
                connect("SDElements", wire.url, token=CANARY).jobs.alm.start(1)
            again = pickle.loads(pickle.dumps(caught.value))
            assert (type(again), str(again), again.__dict__) == (kind, str(caught.value), caught.value.__dict__)
            assert again.request_id == ("r-77" if kind is infosecops.AuthenticationError else None)


# Results.


def test_results_with_secrets_print_and_dump_masked(connect: Callable[..., Any]) -> None:
    connection = {"id": 1, "params": {"alm_pass": CANARY, "bind_password": CANARY, "x_token": CANARY}}
    with Wire(ok(json.dumps({"id": 1, "connection": connection}))) as wire:
        job = connect("SDElements", wire.url, token="t").jobs.alm.get(1)
    with Wire(ok(json.dumps([{"uuid": CANARY, "name": "n", "read": True, "change": True}]))) as wire:
        tokens = connect("BambooAgents", wire.url, token="t").tokens
        token, ensured = tokens.list()[0], tokens.ensure("n", change=True)
    with Wire(ok(json.dumps({"IsSuccess": True, "Result": {"Password": CANARY, "PassPhrase": CANARY}}))) as wire:
        pam = connect("Sectona", wire.url, access_key="k")
        account = pam.request_password("a", "b", "c")
    for result in (job, job.connection, token, ensured, account):
        assert CANARY not in f"{result} {result!r} {result.to_dict()}"
        assert CANARY in repr(result.to_dict(reveal=True)), type(result)
        json.dumps(result.to_dict(), default=str)
        pickled = pickle.dumps(result)
        assert CANARY.encode() not in pickled
        left_behind = pickle.loads(pickled)
        assert type(left_behind) is type(result)
        assert "Secret(withheld)" in f"{left_behind!r}"
        with pytest.raises(infosecops.ConfigError, match="left behind"):
            left_behind.to_dict(reveal=True)
        assert copy.copy(result) is result
        assert copy.deepcopy(result) is result
        with pytest.raises(TypeError):
            hash(result)


def test_a_secret_that_was_left_behind_says_so_wherever_it_is_used(connect: Callable[..., Any]) -> None:
    with Wire(ok(json.dumps([{"uuid": CANARY, "name": "n", "read": True, "change": True}]))) as wire:
        tokens = connect("BambooAgents", wire.url, token="t", api="agent-config").tokens
        token = pickle.loads(pickle.dumps(tokens.list()[0]))
        sent = len(wire.requests)
        with pytest.raises(infosecops.ConfigError, match="left behind"):
            token.uuid.reveal()
        with pytest.raises(infosecops.ConfigError):
            tokens.update(token, name="new")
        with pytest.raises(infosecops.ConfigError, match="left behind"):
            infosecops.BambooAgents(wire.url, token=token.uuid)
        assert len(wire.requests) == sent
        assert token.uuid != infosecops.Secret("")


def test_raw_answers_print_their_size_only(connect: Callable[..., Any]) -> None:
    with Wire(ok(json.dumps({"Password": CANARY}))) as wire:
        response = connect("SDElements", wire.url, token="t").request("GET", "/x")
        assert CANARY not in f"{response} {response!r}"
        assert re.fullmatch(r"Response\(status=200, \d+ bytes\)", repr(response))
