"""Access tokens of Agent APIs for Bamboo: the page's exchanges in both families of paths, slash by slash."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import AccessToken
from wire import Drop, Received, Wire, html, ok

if TYPE_CHECKING:
    from collections.abc import Callable

BAMBOO = "BambooAgents"
PAGE_LIST = """[
  {
    "uuid": "d0ea6653-05e2-4d51-9d89-665cdfe86be6",
    "name": "readOnly",
    "read": true,
    "change": false
  },
  {
    "uuid": "7ba167aa-631c-4771-b197-fcb459cc7fd7",
    "name": "read and write",
    "read": true,
    "change": true
  }
]"""
PAGE_CREATE = """  {
    "name": "informational name",
    "read": true,
    "change": false
  }"""
PAGE_CREATED = """ {
    "uuid": "7ba167aa-631c-4771-b197-fcb459cc7fd7",
    "name": "informational name",
    "read": true,
    "change": false
  }"""
PAGE_UPDATE = """  {
    "uuid": "7ba167aa-631c-4771-b197-fcb459cc7fd7",
    "name": "give me more power",
    "read": true,
    "change": true
  }"""
READ_ONLY = "d0ea6653-05e2-4d51-9d89-665cdfe86be6"
WRITING = "7ba167aa-631c-4771-b197-fcb459cc7fd7"
PATHS = {
    "agent-config": {
        "list": "/rest/agent-config/1.0/tokens/",
        "create": "/rest/agent-config/1.0/tokens/",
        "update": f"/rest/agent-config/1.0/tokens/{WRITING}",
    },
    "agent": {
        "list": "/rest/agent/1.0/tokens/",
        "create": "/rest/agent/1.0/tokens",
        "update": f"/rest/agent/1.0/tokens/{WRITING}",
    },
}
GONE = html("<html><head><title>404</title></head><body>Page not found</body></html>", "404 Not Found")


def token(**fields: Any) -> bytes:
    return ok(json.dumps({**json.loads(PAGE_UPDATE), **fields}))


def sent(wire: Wire) -> list[tuple[str, str]]:
    return [(request.method, request.target) for request in wire.requests]


def fields(token: AccessToken) -> tuple[str, str, bool, bool]:
    return (token.uuid.reveal(), token.name, token.read, token.change)


@pytest.mark.parametrize("api", PATHS)
@pytest.mark.parametrize("way", ["basic", "bearer"])
def test_the_exchanges_of_the_page(connect: Callable[..., Any], api: str, way: str) -> None:
    login = {"username": "adm", "password": "p:ä"} if way == "basic" else {"token": "pat"}
    query = "?os_authType=basic" if way == "basic" else ""
    with Wire(ok(PAGE_LIST), ok(PAGE_CREATED), ok(PAGE_UPDATE)) as wire:
        tokens = connect(BAMBOO, wire.url, api=api, **login).tokens
        listed = tokens.list()
        assert [fields(one) for one in listed] == [
            (READ_ONLY, "readOnly", True, False),
            (WRITING, "read and write", True, True),
        ]
        assert fields(tokens.create("informational name")) == (WRITING, "informational name", True, False)
        updated = tokens.update(listed[1], name="give me more power", read=True, change=True)
        assert fields(updated) == (WRITING, "give me more power", True, True)
        paths = PATHS[api]
        assert sent(wire) == [
            ("GET", paths["list"] + query),
            ("POST", paths["create"] + query),
            ("PUT", paths["update"] + query),
        ]
        assert [json.loads(request.body) for request in wire.requests[1:]] == [
            json.loads(PAGE_CREATE),
            json.loads(PAGE_UPDATE),
        ]
        expected = "Basic " + base64.b64encode("adm:p:ä".encode()).decode() if way == "basic" else "Bearer pat"
        for request in wire.requests:
            assert request.headers["authorization"] == expected
            assert request.headers["accept"] == "application/json"
            assert "cookie" not in request.headers
            assert "origin" not in request.headers
            assert "referer" not in request.headers
        for request in wire.requests[1:]:
            assert request.headers["x-atlassian-token"] == "no-check"
            assert request.headers["content-type"] == "application/json"


# Which family of paths.


def family(known: str) -> Callable[[Received], bytes]:
    def answer(request: Received) -> bytes:
        if not request.target.startswith(f"/rest/{known}/1.0/"):
            return GONE
        if request.method == "GET":
            return ok(PAGE_LIST)
        return ok(json.dumps({"uuid": "new-uuid", **json.loads(request.body)}))

    return answer


@pytest.mark.parametrize("api", PATHS)
@pytest.mark.parametrize("call", ["list", "create", "update", "find", "ensure", "revoke"])
def test_a_list_finds_out_which_paths_there_are(connect: Callable[..., Any], api: str, call: str) -> None:
    arguments = {"list": (), "update": (WRITING,), "revoke": (WRITING,)}.get(call, ("chef nodes",))
    keywords = {"name": "n", "read": True, "change": False} if call == "update" else {}
    with Wire(family(api)) as wire:
        tokens = connect(BAMBOO, wire.url, token="pat").tokens
        getattr(tokens, call)(*arguments, **keywords)
        probes = [("GET", PATHS["agent-config"]["list"])]
        if api == "agent":
            probes.append(("GET", PATHS["agent"]["list"]))
        assert sent(wire)[: len(probes)] == probes
        for method, target in sent(wire)[len(probes) :]:
            assert target.startswith(f"/rest/{api}/1.0/tokens"), (method, target)
        already = len(wire.requests)
        tokens.list()
        assert sent(wire)[already:] == [("GET", PATHS[api]["list"])], "it is remembered"


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "500 Oops"])
def test_only_404_makes_it_try_the_older_paths(connect: Callable[..., Any], status: str) -> None:
    with Wire(html("<html></html>", status)) as wire:
        with pytest.raises(infosecops.ApiError):
            connect(BAMBOO, wire.url, token="pat").tokens.create("x")
        assert sent(wire) == [("GET", PATHS["agent-config"]["list"])]


def test_neither_family_means_no_plugin(connect: Callable[..., Any]) -> None:
    with Wire(GONE) as wire:
        with pytest.raises(infosecops.NotFoundError) as caught:
            connect(BAMBOO, wire.url, token="pat").tokens.ensure("x")
        assert {method for method, _ in sent(wire)} == {"GET"}
        assert len(wire.requests) == 2
        assert "plugin" in caught.value.hint


def test_a_chosen_family_is_not_questioned(connect: Callable[..., Any]) -> None:
    with Wire(GONE) as wire:
        with pytest.raises(infosecops.NotFoundError):
            connect(BAMBOO, wire.url, token="pat", api="agent").tokens.create("x")
        assert sent(wire) == [("POST", "/rest/agent/1.0/tokens")]


@pytest.mark.parametrize("base", ["/bamboo", "/bamboo/", "/builds/x"])
def test_a_context_path_is_kept(connect: Callable[..., Any], base: str) -> None:
    with Wire(ok(PAGE_LIST)) as wire:
        connect(BAMBOO, wire.url + base, username="a", password="b").tokens.list()
        assert wire.only.target == base.rstrip("/") + "/rest/agent-config/1.0/tokens/?os_authType=basic"


# What is sent and what is believed.


def test_an_update_by_uuid_lists_first_and_sends_all_fields(connect: Callable[..., Any]) -> None:
    with Wire(ok(PAGE_LIST), token()) as wire:
        connect(BAMBOO, wire.url, token="pat").tokens.update(WRITING.upper(), change=True)
        assert [method for method, _ in sent(wire)] == ["GET", "PUT"]
        body = json.loads(wire.requests[1].body)
        assert set(body) == {"uuid", "name", "read", "change"}
        assert (body["uuid"].lower(), body["name"], body["read"]) == (WRITING, "read and write", True)


def test_an_update_of_nobody_sends_nothing_more(connect: Callable[..., Any]) -> None:
    with Wire(ok(PAGE_LIST)) as wire:
        with pytest.raises(infosecops.NotFoundError) as caught:
            connect(BAMBOO, wire.url, token="pat").tokens.revoke("0000-canary")
        assert [method for method, _ in sent(wire)] == ["GET"]
        assert "canary" not in str(caught.value)


@pytest.mark.parametrize("uuid", ["", " ", "..", ".", "a/b", "a?b#c", "ä b"])
@pytest.mark.parametrize("call", ["update", "revoke"])
def test_a_uuid_that_would_hit_the_collection_is_refused(connect: Callable[..., Any], uuid: str, call: str) -> None:
    keywords = {"name": "n", "read": True, "change": False} if call == "update" else {}
    with Wire(ok(PAGE_LIST)) as wire:
        with pytest.raises(infosecops.ConfigError):
            getattr(connect(BAMBOO, wire.url, token="pat", api="agent").tokens, call)(uuid, **keywords)
        assert wire.connections == 0


def test_revoke_takes_both_rights(connect: Callable[..., Any]) -> None:
    with Wire(token(read=False, change=False)) as wire:
        tokens = connect(BAMBOO, wire.url, token="pat", api="agent-config").tokens
        wire.answers = [ok(PAGE_LIST), token(read=False, change=False)]
        known = tokens.list()[1]
        assert fields(tokens.revoke(known)) == (WRITING, "give me more power", False, False)
        assert json.loads(wire.requests[-1].body) == {
            "uuid": WRITING,
            "name": "read and write",
            "read": False,
            "change": False,
        }


@pytest.mark.parametrize("effect", ["Drop", "503 Busy"])
def test_an_update_may_be_sent_again_a_create_never(connect: Callable[..., Any], effect: str) -> None:
    trouble = Drop() if effect == "Drop" else html("", effect)
    with Wire(trouble, token()) as wire:
        tokens = connect(BAMBOO, wire.url, token="pat", api="agent").tokens
        tokens.update(WRITING, name="give me more power", read=True, change=True)
        assert [method for method, _ in sent(wire)] == ["PUT", "PUT"]
    with Wire(trouble) as wire:
        with pytest.raises(infosecops.Error) as caught:
            connect(BAMBOO, wire.url, token="pat", api="agent").tokens.create("x")
        assert ([method for method, _ in sent(wire)], caught.value.outcome) == (["POST"], "unknown")
        assert "ensure" in caught.value.hint


def test_an_answer_about_another_token_is_an_error(connect: Callable[..., Any]) -> None:
    with Wire(token(uuid=READ_ONLY)) as wire:
        with pytest.raises(infosecops.UnexpectedContentError, match="another token") as caught:
            connect(BAMBOO, wire.url, token="pat", api="agent").tokens.update(WRITING, name="n", read=True, change=True)
        assert caught.value.outcome == "unknown"
        wire.answers = [token(uuid=WRITING.upper())]
        connect(BAMBOO, wire.url, token="pat", api="agent").tokens.update(WRITING, name="n", read=True, change=True)


ODD = [{"uuid": None}, {"uuid": ""}, {"read": None}, {"change": None}, {"read": "maybe"}, {"name": None}]


@pytest.mark.parametrize("odd", ODD, ids=str)
@pytest.mark.parametrize("call", ["list", "create", "update"])
def test_no_right_is_ever_assumed(connect: Callable[..., Any], odd: dict[str, Any], call: str) -> None:
    for drop in (False, True):
        answer = {**json.loads(PAGE_UPDATE), **odd}
        if drop:
            answer = {key: value for key, value in answer.items() if key not in odd}
        with Wire(ok(json.dumps([answer] if call == "list" else answer))) as wire:
            tokens = connect(BAMBOO, wire.url, token="pat", api="agent").tokens
            arguments = {"list": (), "create": ("x",), "update": (WRITING,)}[call]
            keywords = {"name": "n", "read": True, "change": True} if call == "update" else {}
            with pytest.raises(infosecops.UnexpectedContentError) as caught:
                getattr(tokens, call)(*arguments, **keywords)
            assert caught.value.body_excerpt is None
            assert WRITING not in f"{caught.value} {caught.value.__dict__}"


def test_texts_for_booleans_and_extra_fields_are_fine(connect: Callable[..., Any]) -> None:
    with Wire(ok(json.dumps([{**json.loads(PAGE_UPDATE), "read": "true", "change": "false", "new": [1]}]))) as wire:
        (one,) = connect(BAMBOO, wire.url, token="pat").tokens.list()
        assert (one.read, one.change, one.extra) == (True, False, {"new": [1]})


@pytest.mark.parametrize(
    "answer",
    [
        html("<html><body><form action='/userlogin.action'></form></body></html>", "200 OK"),
        ok("<html>login</html>"),
        ok("{}"),
        ok('{"tokens":[]}'),
        ok("null"),
        ok(""),
        ok("[5]"),
        ok('<?xml version="1.0"?><tokens/>', "application/xml"),
        ok("", status="302 Found", Location="/userlogin!doDefault.action"),
    ],
)
def test_a_login_page_is_no_list(connect: Callable[..., Any], answer: bytes) -> None:
    login = html("<html>log in</html>", "200 OK")
    with Wire(answer, login) as wire, pytest.raises(infosecops.UnexpectedContentError):
        connect(BAMBOO, wire.url, token="pat").tokens.list()


def test_any_success_status_is_fine(connect: Callable[..., Any]) -> None:
    with Wire(ok(PAGE_CREATED, status="201 Created")) as wire:
        assert connect(BAMBOO, wire.url, token="pat", api="agent").tokens.create("informational name").read


@pytest.mark.parametrize(
    ("answer", "kind", "hint"),
    [
        (ok("XSRF check failed", "text/plain", "403 Forbidden"), infosecops.PermissionDeniedError, "XSRF"),
        (html("<html>Forbidden</html>", "403 Forbidden"), infosecops.PermissionDeniedError, "administrator"),
        (
            html("<html>Basic Authentication Failure - Reason : CAPTCHA_CHALLENGE</html>", "401 No"),
            infosecops.AuthenticationError,
            "captcha",
        ),
    ],
)
def test_refusals_say_what_to_do_and_are_not_repeated(
    connect: Callable[..., Any], answer: bytes, kind: type[infosecops.Error], hint: str
) -> None:
    asked = []
    with Wire(answer) as wire:
        tokens = connect(BAMBOO, wire.url, username="a", password=lambda: asked.append(1) or "p", api="agent").tokens
        with pytest.raises(kind) as caught:
            tokens.create("x")
        assert hint in caught.value.hint
        assert (len(wire.requests), len(asked)) == (1, 1)


@pytest.mark.parametrize("call", ["create", "ensure"])
def test_empty_names_are_refused(connect: Callable[..., Any], call: str) -> None:
    with Wire(ok(PAGE_LIST)) as wire:
        with pytest.raises(infosecops.ConfigError):
            getattr(connect(BAMBOO, wire.url, token="pat").tokens, call)(" ")
        assert wire.connections == 0


@pytest.mark.parametrize(
    "credentials",
    [
        {"username": "a"},
        {"password": "b"},
        {"username": "a", "password": "b", "token": "c"},
        {"username": "a:b", "password": "c"},
    ],
)
def test_credentials_that_do_not_fit_together(connect: Callable[..., Any], credentials: dict[str, str]) -> None:
    with pytest.raises(infosecops.ConfigError):
        connect(BAMBOO, "https://ci.example.com", **credentials)


def test_uuids_are_masked_wherever_they_show(connect: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    events = []
    with Wire(ok(PAGE_LIST), ok(json.dumps({"message": f"no {WRITING}"}), status="400 Bad Request")) as wire:
        tokens = connect(BAMBOO, wire.url, token="pat-canary", on_event=events.append).tokens
        listed = tokens.list()
        with pytest.raises(infosecops.BadRequestError) as caught:
            tokens.update(listed[1], name="x")
        assert WRITING in wire.requests[1].target
        everything = f"{listed} {[one.to_dict() for one in listed]} {caught.value} {caught.value.__dict__} {events}"
        everything += caplog.text + repr([record.__dict__ for record in caplog.records])
        assert caught.value.url.endswith("/rest/agent-config/1.0/tokens/****")
        for secret in (WRITING, READ_ONLY, "pat-canary"):
            assert secret not in everything
        assert "tokens.update" in caplog.text
