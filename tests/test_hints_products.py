"""Each hint is right for the case it is shown in: the exact words, case by case."""

# ruff: noqa: E501 - a page or a hint stands on one line, as it comes and as it is shown

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from test_agents import ID, UUID
from test_bamboo_agents import PAGE_LIST
from wire import Wire, html, ok

if TYPE_CHECKING:
    from collections.abc import Callable

NGINX = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
APACHE = (
    '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>403 Forbidden</title>\n</head><body>\n<h1>Forbidden</h1>\n'
    "<p>You don't have permission to access this resource.</p>\n<hr>\n<address>Apache/2.4.57 (Debian) Server at x Port 443</address>\n</body></html>\n"
)
F5 = "<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. Please consult with your administrator.<br><br>Your support ID is: 1234</body></html>"
TOMCAT = '<!doctype html><html lang="en"><head><title>HTTP Status 403 - Forbidden</title></head><body><h1>HTTP Status 403 - Forbidden</h1><h3>Apache Tomcat/9.0.78</h3></body></html>'
UNNAMED = "<html><body><h1>Access denied</h1></body></html>"
BASIC = {"WWW_Authenticate": 'Basic realm="Restricted"'}

SDE_KEY = "pass the bare key of the API settings as token=, without quotes; making a new key there ends the old one"
SDE_RIGHT = "the token's user lacks a permission: jobs need 'Edit ALM connections' (Issue Tracker) or 'Edit security tool connections' (verification, LDAP)"
PAM_KEY = "check access_key: it is the one set when the API was registered in Sectona, and belongs to that instance"
ADMINS = "tokens are managed by Bamboo administrators only, and this user is none"
LOG_NAMES = "have its method and path allowed there; the gateway's log names the rule"
LET_THROUGH = "have the path of the API let through there, or use an address behind it in url"
CAPTCHA = "after failed logins Bamboo wants a captcha: log in once in a browser at {} and solve it; until then even the right password is refused"
START = "before starting it again, look whether it runs: jobs.alm.list(connection=3) shows what was added since"

CALLS: dict[str, tuple[str, dict[str, Any], Callable[[Any], Any]]] = {
    "sde get": ("SDElements", {"token": "k"}, lambda sde: sde.jobs.alm.get(12)),
    "sde start": ("SDElements", {"token": "k"}, lambda sde: sde.jobs.alm.start(3)),
    "sde start in project": ("SDElements", {"token": "k"}, lambda sde: sde.jobs.alm.start(3, project=1)),
    "sde request": ("SDElements", {"token": "k"}, lambda sde: sde.request("POST", "/api/v2/x/")),
    "pam": ("Sectona", {"access_key": "k"}, lambda pam: pam.request_password("a", "b", "c")),
    "tokens": (
        "BambooAgents",
        {"username": "adm", "password": "pw", "api": "agent-config"},
        lambda bamboo: bamboo.tokens.create("x"),
    ),
    "tokens by pat": (
        "BambooAgents",
        {"token": "pat", "api": "agent-config"},
        lambda bamboo: bamboo.tokens.create("x"),
    ),
    "bamboo request": ("BambooAgents", {"token": "pat"}, lambda bamboo: bamboo.request("GET", "/rest/api/latest/x")),
    "bamboo request without login": ("BambooAgents", {}, lambda bamboo: bamboo.request("GET", "/rest/api/latest/x")),
    "agent": ("BambooAgents", {"api": "agent-config"}, lambda bamboo: bamboo.agents(UUID).disable(ID)),
}
CASES: dict[str, tuple[str, bytes, str]] = {
    # SD Elements' own word
    "sde 401 wrong key": ("sde get", ok('{"detail": "Invalid token."}', status="401 Unauthorized", **BASIC), SDE_KEY),
    "sde 401 lost header": (
        "sde get",
        ok('{"detail": "Authentication credentials were not provided."}', status="401 Unauthorized"),
        "the token did not arrive: a proxy or gateway on the way may remove the header Authorization (Apache httpd: WSGIPassAuthorization, CGIPassAuth)",
    ),
    "sde 401 inactive": (
        "sde get",
        ok('{"detail": "User inactive or deleted."}', status="401 Unauthorized"),
        "the token is right, but its user is inactive or deleted: have the user activated, or use another one's key",
    ),
    "sde 403": ("sde start", ok('{"detail": "You do not have permission."}', status="403 Forbidden"), SDE_RIGHT),
    "sde 403 of any path": (
        "sde request",
        ok('{"detail": "You do not have permission."}', status="403 Forbidden"),
        "the token's user lacks the permission that this path needs",
    ),
    "sde 404 of any path": (
        "sde request",
        ok('{"detail": "Not found."}', status="404 Not Found"),
        "check the path, what the token's user may see, and url",
    ),
    "sde 405": (
        "sde start",
        ok('{"detail": "Method \\"POST\\" not allowed."}', status="405 Method Not Allowed"),
        "this release does not offer the operation at this path: older ones take jobs at the project's path, see project=",
    ),
    "sde 405 in project": (
        "sde start in project",
        ok('{"detail": "Method \\"POST\\" not allowed."}', status="405 Method Not Allowed"),
        "this release does not offer the operation at the project's path: leave out project=",
    ),
    "sde 405 of any path": (
        "sde request",
        ok('{"detail": "Method \\"POST\\" not allowed."}', status="405 Method Not Allowed"),
        "this release does not offer this method at this path",
    ),
    "sde 400 connection": (
        "sde start",
        ok('{"connection": ["Invalid pk \\"3\\" - object does not exist."]}', status="400 Bad Request"),
        "connection must be the id of a connection of this kind: connections.alm.list() and its siblings have them with their names",
    ),
    # a gateway in front of it
    "sde 401 gateway": (
        "sde get",
        ok(NGINX.format("401 Authorization Required"), "text/html", "401 Unauthorized", **BASIC),
        f"a gateway (nginx) in front of SD Elements asks for a login of its own (Basic): {LET_THROUGH}",
    ),
    "sde 401 single sign-on": (
        "sde get",
        ok("", "text/plain", "401 Unauthorized", WWW_Authenticate="Negotiate, NTLM"),
        f"a gateway in front of SD Elements asks for a login of its own (Negotiate, NTLM): {LET_THROUGH}",
    ),
    "sde 403 nginx": (
        "sde start",
        html(NGINX.format("403 Forbidden"), "403 Forbidden"),
        f"a gateway (nginx) in front of SD Elements refused the request: {LOG_NAMES}",
    ),
    "sde 403 Apache": (
        "sde start",
        html(APACHE, "403 Forbidden"),
        f"a gateway (Apache httpd) in front of SD Elements refused the request: {LOG_NAMES}",
    ),
    "sde 403 firewall": (
        "sde request",
        html(F5, "403 Forbidden"),
        f"a gateway (F5 BIG-IP) in front of SD Elements refused the request: {LOG_NAMES}",
    ),
    "sde 403 unnamed": (
        "sde start",
        html(UNNAMED, "403 Forbidden"),
        f"a gateway in front of SD Elements refused the request: {LOG_NAMES}",
    ),
    "sde 405 nginx": (
        "sde start",
        html(NGINX.format("405 Not Allowed"), "405 Not Allowed"),
        "a gateway (nginx) in front of SD Elements lets no POST through: have it allowed there for the path of the API",
    ),
    "sde 413": (
        "sde start",
        html(NGINX.format("413 Request Entity Too Large"), "413 Request Entity Too Large"),
        "the server or a gateway takes no body of this size: raise its limit (nginx: client_max_body_size), or send less at once",
    ),
    "sde 429 nginx": (
        "sde start",
        html(NGINX.format("429 Too Many Requests"), "429 Too Many Requests"),
        "a gateway (nginx) in front of SD Elements limits the rate of requests: wait before the next one, or have the limit raised there",
    ),
    "sde 429": ("sde start", ok("{}", status="429 Too Many Requests"), "too many requests: wait before the next one"),
    "sde 502": (
        "sde start",
        html(NGINX.format("502 Bad Gateway"), "502 Bad Gateway"),
        f"a gateway (nginx) in front of SD Elements could not reach it or wait for it: look whether SD Elements runs; {START}",
    ),
    "sde 503": ("sde start", ok('{"detail": "Maintenance."}', status="503 Service Unavailable"), START),
    "sde 504 unnamed": (
        "sde start",
        ok("", "text/plain", "504 Gateway Timeout"),
        f"a gateway answered for a server that it could not reach or wait for; {START}",
    ),
    "407 without a proxy": (
        "sde start",
        ok("", status="407 Proxy Authentication Required"),
        "the server, or a gateway in front of it, asks for credentials as only a proxy does, and none stands in between: check url, and what answers there",
    ),
    # Sectona
    "pam 401": ("pam", ok("", "text/plain", "401 Unauthorized", **BASIC), PAM_KEY),
    "pam 401 Windows": (
        "pam",
        ok("", "text/plain", "401 Unauthorized", WWW_Authenticate="Negotiate, NTLM"),
        f"a gateway in front of Sectona asks for a login of its own (Negotiate, NTLM): {LET_THROUGH}",
    ),
    "pam 401 gateway": (
        "pam",
        ok(NGINX.format("401 Authorization Required"), "text/html", "401 Unauthorized", **BASIC),
        f"a gateway (nginx) in front of Sectona asks for a login of its own (Basic): {LET_THROUGH}",
    ),
    "pam 403": (
        "pam",
        ok("{}", status="403 Forbidden"),
        "check the names, and that the access key's API registration may use this asset and account",
    ),
    "pam 403 firewall": (
        "pam",
        html(F5, "403 Forbidden"),
        f"a gateway (F5 BIG-IP) in front of Sectona refused the request: {LOG_NAMES}",
    ),
    "pam 429": ("pam", ok("{}", status="429 Too Many Requests"), "too many requests: wait before the next one"),
    # Bamboo
    "tokens 401": (
        "tokens",
        ok("", status="401 Unauthorized"),
        "user name or password refused; after some failures Bamboo wants a captcha solved in a browser first",
    ),
    "tokens 401 by token": (
        "tokens by pat",
        ok("", status="401 Unauthorized"),
        "the personal access token was refused: it may be expired, revoked or cut short; it is no access token of the plugin",
    ),
    "tokens 403": ("tokens", html(TOMCAT, "403 Forbidden"), ADMINS),
    "tokens 403 page": ("tokens", html("<html>Forbidden</html>", "403 Forbidden"), ADMINS),
    "tokens 403 by token": (
        "tokens by pat",
        ok("{}", status="403 Forbidden"),
        "tokens are managed by Bamboo administrators only: the personal access token must be an administrator's, and have been given those rights",
    ),
    "tokens 403 Apache": (
        "tokens",
        html(APACHE, "403 Forbidden"),
        f"a gateway (Apache httpd) in front of Bamboo refused the request: {LOG_NAMES}",
    ),
    "tokens 403 Apache that echoes the path": (
        "tokens",
        html(
            "<html><body><h1>Forbidden</h1><p>You don't have permission to access /bamboo/rest/ on this server.</p></body></html>",
            "403 Forbidden",
        ),
        f"a gateway (Apache httpd) in front of Bamboo refused the request: {LOG_NAMES}",
    ),
    "tokens 401 gateway": (
        "tokens",
        ok(NGINX.format("401 Authorization Required"), "text/html", "401 Unauthorized", **BASIC),
        f"a gateway (nginx) in front of Bamboo asks for a login of its own (Basic): {LET_THROUGH}",
    ),
    "nginx passes Bamboo's own page on": (
        "tokens",
        ok(NGINX.format("403 Forbidden"), "text/html", "403 Forbidden", X_AREQUESTID="1x2x3"),
        ADMINS,
    ),
    "tokens 403 XSRF": (
        "tokens",
        ok("XSRF check failed", "text/plain", "403 Forbidden"),
        "Bamboo's XSRF check refused the write: a gateway may have removed X-Atlassian-Token or added Origin",
    ),
    "bamboo request 401 without login": (
        "bamboo request without login",
        ok("", status="401 Unauthorized"),
        "this client was given no login: pass username= and password=, or token=, if the path needs one",
    ),
    "bamboo request 403": (
        "bamboo request",
        ok("{}", status="403 Forbidden"),
        "the user, or the personal access token, lacks the right to do this",
    ),
    "bamboo request 404": (
        "bamboo request",
        ok("{}", status="404 Not Found"),
        "check the path, and url with its context path",
    ),
    "agent 401": (
        "agent",
        ok("{}", status="401 Unauthorized"),
        "the uuid opens nothing; it is the uuid of a token, not its name: tokens.list() shows an administrator which tokens there are",
    ),
    "agent 403": (
        "agent",
        ok("{}", status="403 Forbidden"),
        "the access token lacks the right: read is needed to look at agents, change beside it to change them",
    ),
    "agent 403 nginx": (
        "agent",
        html(NGINX.format("403 Forbidden"), "403 Forbidden"),
        f"a gateway (nginx) in front of Bamboo refused the request: {LOG_NAMES}",
    ),
}


def hint_of(connect: Callable[..., Any], name: str, answer: bytes) -> str:
    client, options, call = CALLS[name]
    with Wire(answer) as wire:
        with pytest.raises(infosecops.Error) as caught:
            call(connect(client, wire.url, retry=infosecops.Retry(attempts=1), **options))
        assert len(wire.requests) == 1
    error = caught.value
    assert f"Hint: {error.hint}" in str(error)
    return error.hint


@pytest.mark.parametrize("case", CASES)
def test_the_hint_of_a_case(connect: Callable[..., Any], case: str) -> None:
    name, answer, hint = CASES[case]
    assert hint_of(connect, name, answer) == hint


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
@pytest.mark.parametrize("name", [name for name in CALLS if name.startswith(("tokens", "agent", "bamboo"))])
@pytest.mark.parametrize(
    ("headers", "hint"),
    [
        (
            {"X_Authentication_Denied_Reason": "CAPTCHA_CHALLENGE; login-url=https://ci.example.com/userlogin.action"},
            CAPTCHA.format("https://ci.example.com/userlogin.action"),
        ),
        ({"X_Authentication_Denied_Reason": "CAPTCHA_CHALLENGE"}, CAPTCHA.format("Bamboo's login page")),
        (
            {"X_Authentication_Denied_Reason": "CAPTCHA_CHALLENGE; login-url=https://jdoe:pw@evil.example.com/"},
            CAPTCHA.format("Bamboo's login page"),
        ),
        ({"X_Seraph_LoginReason": "AUTHENTICATION_DENIED"}, CAPTCHA.format("Bamboo's login page")),
        (
            {"X_Seraph_LoginReason": "AUTHENTICATED_FAILED"},
            "user name, password or token refused: check them before the next call, after some failures Bamboo wants a captcha solved in a browser",
        ),
    ],
)
def test_a_refused_login_is_told_by_bamboos_headers(
    connect: Callable[..., Any], name: str, status: str, headers: dict[str, str], hint: str
) -> None:
    client, options, call = CALLS[name]
    with Wire(ok("<html>Forbidden</html>", "text/html", status, **headers)) as wire:
        with pytest.raises(infosecops.AuthenticationError) as caught:
            call(connect(client, wire.url, **options))
        assert (caught.value.hint, caught.value.outcome, len(wire.requests)) == (hint, "rejected", 1)


@pytest.mark.parametrize("reason", ["OK", "AUTHORISATION_FAILED"])
def test_a_missing_right_is_no_refused_login(connect: Callable[..., Any], reason: str) -> None:
    client, options, call = CALLS["tokens"]
    with Wire(ok("", status="403 Forbidden", X_Seraph_LoginReason=reason)) as wire:
        with pytest.raises(infosecops.PermissionDeniedError) as caught:
            call(connect(client, wire.url, **options))
        assert caught.value.hint == ADMINS


@pytest.mark.parametrize("api", ["auto", "agent-config", "agent"])
@pytest.mark.parametrize("call", ["list", "find", "create", "update", "replace", "revoke", "ensure"])
def test_tokens_need_a_login(connect: Callable[..., Any], api: str, call: str) -> None:
    calls: dict[str, Callable[[Any], Any]] = {
        "list": lambda tokens: tokens.list(),
        "find": lambda tokens: tokens.find("x"),
        "create": lambda tokens: tokens.create("x"),
        "update": lambda tokens: tokens.update(UUID, name="x"),
        "replace": lambda tokens: tokens.update(UUID, name="x", read=True, change=False),
        "revoke": lambda tokens: tokens.revoke(UUID),
        "ensure": lambda tokens: tokens.ensure("x"),
    }
    with Wire(ok(PAGE_LIST)) as wire:
        with pytest.raises(infosecops.ConfigError, match="no login was given") as caught:
            calls[call](connect("BambooAgents", wire.url, api=api).tokens)
        assert (caught.value.outcome, wire.connections) == ("not_sent", 0)
        assert "username= and password=, or token=" in caught.value.hint


def test_a_name_where_a_uuid_is_due(connect: Callable[..., Any]) -> None:
    for call in ("update", "revoke"):
        with Wire(ok(PAGE_LIST)) as wire:
            tokens = connect("BambooAgents", wire.url, token="pat", api="agent-config").tokens
            with pytest.raises(infosecops.NotFoundError) as caught:
                tokens.update("readOnly", read=False) if call == "update" else tokens.revoke("readOnly")
            assert caught.value.hint == "this is the name of a token, not its uuid: pass what tokens.find(name) gives"
            assert caught.value.outcome == "not_sent"


def test_our_own_words_are_not_masked(connect: Callable[..., Any]) -> None:
    with Wire(ok("good morning", "text/plain")) as wire:
        with pytest.raises(infosecops.UnexpectedContentError) as caught:
            connect("BambooAgents", wire.url, api="agent-config").agents(UUID).state(ID)
        assert "not in the text form: no line is a name, an equals sign and a value" in str(caught.value)
        assert "no line is ****" not in str(caught.value)


LOGIN = "the proxy wants credentials"
PROXY: dict[str, tuple[str, dict[str, str], str]] = {
    "nothing offered": ("", {}, f"{LOGIN}: write them into proxy= as scheme://user:password@host:port"),
    "Basic offered": (
        "",
        {"Proxy_Authenticate": 'Basic realm="a, b"'},
        f"{LOGIN} (it offers Basic): write them into proxy= as scheme://user:password@host:port",
    ),
    "Basic among others": (
        "",
        {"Proxy_Authenticate": 'Negotiate, NTLM, basic realm="x"'},
        f"{LOGIN} (it offers Negotiate, NTLM, basic): write them into proxy= as scheme://user:password@host:port",
    ),
    "refused": (
        "jdoe:pw@",
        {"Proxy_Authenticate": "Basic"},
        f"{LOGIN}, and other ones than those in proxy= or the environment's variable (it offers Basic): check user and password there",
    ),
    **{
        f"{offers}{' with a login' if login else ''}": (
            login,
            {"Proxy_Authenticate": offers},
            f"{LOGIN} by {offers} alone, and this client knows Basic: have Basic allowed there, go through a local proxy that logs in by {offers} (such as Px or Cntlm), or name the host in NO_PROXY if it can be reached directly",
        )
        for offers in ("NTLM", "Negotiate", "Digest", "Negotiate, NTLM", "Kerberos, Digest")
        for login in ("", "jdoe:pw@")
    },
}


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("case", PROXY)
def test_the_hint_names_what_a_proxy_offers(connect: Callable[..., Any], case: str, scheme: str) -> None:
    login, headers, hint = PROXY[case]
    with Wire(ok("", status="407 Proxy Authentication Required", **headers)) as proxy:
        bamboo = connect(
            "BambooAgents",
            f"{scheme}://bamboo.test",
            proxy=f"http://{login}127.0.0.1:{proxy.port}",
            token="pat",
            api="agent-config",
            allow_http=True,
        )
        with pytest.raises(infosecops.ProxyError) as caught:
            bamboo.tokens.list()
        assert (caught.value.hint, caught.value.status) == (hint, 407)
        with_login = ["proxy-authorization" in request.headers for request in proxy.requests]
        assert with_login == [bool(login)], "a login is tried once"
