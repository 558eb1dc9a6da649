"""Balancers that keep a session at its server by a cookie: a login's cookies go with its session, and end with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import Retry, TrustedApp, UserLogin
from test_broken_tls import server_context
from tls_wire import TlsWire
from wire import Received, Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers import Authority

NODES = 3
DEAD = "The token is invalid or expired."
LOGINS: dict[str, Any] = {"user": UserLogin("jdoe", "s3same"), "app": TrustedApp("app", "s3same")}


class Balancer:
    """Goes by its cookie to one of three servers, each of which knows the sessions that it opened; else to the next."""

    def __init__(self, *, set_by: str = "ROUTE=n{}-canary; Path=/; HttpOnly") -> None:
        self.set_by = set_by
        self.sessions: list[set[str]] = [set() for _ in range(NODES)]
        self.requests: list[tuple[str, int, dict[str, str]]] = []
        self.logins = 0
        self.turn = 0

    def __call__(self, request: Received) -> bytes:
        cookies = dict(
            pair.strip().split("=", 1) for pair in request.headers.get("cookie", "").split(";") if "=" in pair
        )
        if "ROUTE" in cookies:
            node = int(cookies["ROUTE"][1])
        else:
            self.turn += 1
            node = self.turn % NODES
        command = request.target.split("cmd=")[1].split("&")[0]
        self.requests.append((command, node, cookies))
        if command.startswith("login"):
            self.logins += 1
            token = f"token-{self.logins}-canary"
            self.sessions[node].add(token)
            body = {"data": {"token": token, "type": command}}
            return self.answer(body, Set_Cookie=self.set_by.format(node))
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.sessions[node]:
            return ok(json.dumps({"message": DEAD}), status="401 Unauthorized")
        if command == "logoutUser":
            self.sessions[node].discard(token)
        return self.answer({"data": {"type": command, "status": "success"}})

    @staticmethod
    def answer(body: dict[str, Any], **headers: str) -> bytes:
        return ok(json.dumps(body), **headers)

    def nodes(self, command: str) -> set[int]:
        return {node for asked, node, _ in self.requests if asked == command}


def look(gl: Any) -> Any:
    return gl.command("getThings", effect="read")


@pytest.mark.parametrize("login", LOGINS)
def test_all_requests_of_a_session_reach_its_server(connect: Callable[..., Any], login: str) -> None:
    balancer = Balancer()
    with Wire(balancer) as wire:
        gl = connect("GovernanceLifecycle", wire.url, login=LOGINS[login], retry=Retry(attempts=1))
        for _ in range(30):
            look(gl)
        assert balancer.logins == 1
        gl.logout()
        assert len(balancer.nodes("getThings") | balancer.nodes("logoutUser")) == 1
        assert balancer.sessions == [set()] * NODES
        # The next session begins without the cookies of the one before.
        gl.login()
        assert [cookies for asked, _, cookies in balancer.requests if asked.startswith("login")] == [{}, {}]


def test_a_session_that_is_left_open_is_ended_at_its_own_server() -> None:
    balancer = Balancer()
    with Wire(balancer) as wire:
        with infosecops.GovernanceLifecycle(wire.url, login=LOGINS["user"], proxy="direct") as gl:
            for _ in range(4):
                gl.login()
        assert balancer.logins == 4
        assert balancer.sessions == [set()] * NODES


def test_later_answers_replace_a_cookie(connect: Callable[..., Any]) -> None:
    seen = []

    def answer(request: Received) -> bytes:
        seen.append(request.headers.get("cookie"))
        if "loginUser" in request.target:
            return ok('{"token": "t"}', Set_Cookie="A=first; Path=/aveksa")
        set_here = {2: "A=second; Path=/aveksa", 4: "A=; Max-Age=0; Path=/aveksa"}.get(len(seen))
        return ok('{"data": {"type": "getThings"}}', **({"Set_Cookie": set_here} if set_here else {}))

    with Wire(answer) as wire:
        gl = connect("GovernanceLifecycle", wire.url, login=LOGINS["user"])
        for _ in range(5):
            look(gl)
        assert seen == [None, "A=first", "A=second", "A=second", None, None]


@pytest.mark.parametrize("cookie", ["ROUTE=n1; Domain=other.test", "ROUTE=n1; Path=/other", "ROUTE=n1; Secure"])
def test_what_belongs_elsewhere_is_not_sent(connect: Callable[..., Any], cookie: str) -> None:
    with Wire(ok('{"token": "t"}', Set_Cookie=cookie), ok('{"data": {}}')) as wire:
        look(connect("GovernanceLifecycle", wire.url, login=LOGINS["user"]))
        assert [request.headers.get("cookie") for request in wire.requests] == [None, None]


def test_secure_cookies_go_over_tls(connect: Callable[..., Any], authority: Authority) -> None:
    with TlsWire(
        server_context(authority), ok('{"token": "t"}', Set_Cookie="ROUTE=n1; Secure; Path=/"), ok('{"data": {}}')
    ) as wire:
        look(connect("GovernanceLifecycle", wire.url, login=LOGINS["user"], ca_file=authority.file))
        assert [request.headers.get("cookie") for request in wire.requests] == [None, "ROUTE=n1"]


def test_the_callers_own_cookies_stay(connect: Callable[..., Any]) -> None:
    for own, wanted in (("mine=1", "mine=1; ROUTE=n1"), ("ROUTE=mine", "ROUTE=mine")):
        with Wire(ok('{"token": "t"}', Set_Cookie="ROUTE=n1; Path=/"), ok('{"data": {}}')) as wire:
            look(connect("GovernanceLifecycle", wire.url, login=LOGINS["user"], headers={"Cookie": own}))
            assert [request.headers["cookie"] for request in wire.requests] == [own, wanted]


def test_cookies_are_masked(connect: Callable[..., Any]) -> None:
    def echo(request: Received) -> bytes:
        return ok(f"<html>{request.headers}</html>", "text/html", "500 Oops")

    heard = []
    login = ok('{"token": "t"}', Set_Cookie="ROUTE=n1-canary-canary; Path=/")
    with Wire(login, echo) as wire:
        options = {"login": LOGINS["user"], "on_event": heard.append, "retry": Retry(attempts=1)}
        gl = connect("GovernanceLifecycle", wire.url, **options)
        with pytest.raises(infosecops.ServerError) as caught:
            look(gl)
        assert "n1-canary-canary" in wire.requests[1].headers["cookie"]
        assert "canary" not in f"{caught.value} {caught.value!r} {heard}"


def test_a_given_token_and_the_other_systems_keep_none(connect: Callable[..., Any]) -> None:
    for system, call, given in (
        ("GovernanceLifecycle", look, {"token": "t"}),
        ("SDElements", lambda api: api.request("GET", "/x", effect="read"), {"token": "t"}),
        ("BambooAgents", lambda api: api.request("GET", "/x", effect="read"), {"token": "t"}),
    ):
        with Wire(ok('{"data": {}}', Set_Cookie="ROUTE=n1; Path=/")) as wire:
            api = connect(system, wire.url, **given)
            for _ in range(2):
                call(api)
            assert [request.headers.get("cookie") for request in wire.requests] == [None, None]
