"""Apache httpd as a forward proxy, and in front of the four systems: its own answers, gzip, HTTP/2, restarts."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import CoverageRule
from servers import Nginx, Tap, free_port
from web_servers import Apache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infosecops.sandbox import Sandbox
    from servers import Authority

BAMBOO = "BambooAgents"
USER, PASSWORD = "jdoe", "canary 4711"
LOGIN = f"{USER}:canary%204711@"
FORBIDDEN = "forbidden.test"
pytestmark = pytest.mark.usefixtures("no_proxies")


@pytest.fixture(scope="module")
def proxy() -> Iterator[Apache]:
    with Apache(user=USER, password=PASSWORD, forbidden=FORBIDDEN) as running:
        yield running


def told(call: Callable[[], object]) -> tuple[tuple[str, int | None, str, int], str]:
    """What an error is, and what it says."""
    with pytest.raises(infosecops.Error) as caught:
        call()
    error = caught.value
    assert "canary" not in f"{error} {vars(error)}"
    return (type(error).__name__, error.status, error.outcome, error.attempts), str(error)


# A forward proxy.


def test_both_schemes_go_through(open_bamboo: Callable[..., Any], box: Sandbox, secured: Nginx, proxy: Apache) -> None:
    for url in (secured.url, box.url):
        api = open_bamboo(url, proxy=proxy.url(LOGIN))
        api.tokens.create("x")
        api.tokens.list()
    headers = [entry.headers for entry in box.journal]
    assert ["via" in one for one in headers] == [False, False, True, True]
    assert not any("proxy-authorization" in one for one in headers)


@pytest.mark.parametrize("login", ["", f"{USER}:wrong@"])
def test_it_wants_a_login(
    open_bamboo: Callable[..., Any], box: Sandbox, secured: Nginx, proxy: Apache, login: str
) -> None:
    words = "check user and password there" if login else "the proxy wants credentials (it offers Basic)"
    for url in (secured.url, box.url):
        error, text = told(lambda url=url: open_bamboo(url, proxy=proxy.url(login)).tokens.create("x"))
        assert error == ("ProxyError", 407, "not_sent", 1)
        assert words in text
    assert len(box.journal) == 0


def test_a_tunnel_that_it_refuses_was_not_sent(open_bamboo: Callable[..., Any], proxy: Apache) -> None:
    for host, status, attempts, words in (
        (FORBIDDEN, 403, 1, "refuses this host"),
        (f"localhost:{free_port()}", 503, 3, "can't reach the host"),
        ("nowhere.invalid", 502, 3, "can't reach the host"),
    ):
        error, text = told(lambda host=host: open_bamboo(f"https://{host}", proxy=proxy.url(LOGIN)).tokens.create("x"))
        assert error == ("ProxyError", status, "not_sent", attempts)
        assert words in text


def test_without_a_tunnel_its_answer_may_be_the_servers(open_bamboo: Callable[..., Any], proxy: Apache) -> None:
    for host, expected in (
        (FORBIDDEN, ("PermissionDeniedError", 403, "rejected", 1)),
        (f"localhost:{free_port()}", ("ServerError", 503, "unknown", 1)),
    ):
        error, text = told(lambda host=host: open_bamboo(f"http://{host}", proxy=proxy.url(LOGIN)).tokens.create("x"))
        assert error == expected
        assert "whose answer this may be" in text


# In front of a server.


def test_all_four_systems_work_behind_it(connect: Callable[..., Any], box: Sandbox, authority: Authority) -> None:
    account = box.sectona.accounts[0]
    login = infosecops.UserLogin(box.governance_lifecycle.username, box.governance_lifecycle.password)
    for more in ("", "Protocols h2"):
        with Apache(box.url, tls=authority.issue("localhost"), more=more) as apache:
            common = {"ca_file": authority.file}
            gl = connect("GovernanceLifecycle", apache.url(), login=login, **common)
            gl.upload_coverage([CoverageRule("jdoe", "group")] * 10_000, type="monitor", name="UAR")
            sde = connect("SDElements", apache.url(), token=box.sd_elements.token, **common)
            assert len(list(sde.jobs.alm.list(page_size=1))) > 1
            pam = connect("Sectona", apache.url(), access_key=box.sectona.access_key, **common)
            found = pam.request_password(account.asset_type, account.asset_host, account.account_name)
            assert found.password == account.password
            api = connect(BAMBOO, apache.url(), token=box.bamboo_agents.token, **common)
            api.tokens.create("x")
        assert {entry.status for entry in box.journal} == {200}
        assert all("x-forwarded-for" in entry.headers for entry in box.journal)


def test_packed_answers_are_read_on_one_connection(open_bamboo: Callable[..., Any], box: Sandbox) -> None:
    with Apache(box.url, more="SetOutputFilter DEFLATE") as apache, Tap(apache.port) as tap:
        api = open_bamboo(f"http://127.0.0.1:{tap.port}")
        names = [token.name for token in open_bamboo(box.url).tokens.list()]
        for _ in range(5):
            assert [token.name for token in api.tokens.list()] == names
        assert tap.connections == 1
        assert bytes(tap.received).lower().count(b"content-encoding: gzip") == 5


OWN_ANSWERS: dict[str, tuple[str, Callable[[Any], object], tuple[str, int, str, int], str]] = {
    "large head": (
        "",
        lambda api: api.request("POST", "/x", headers={"X-Large": "x" * 9000}),
        ("BadRequestError", 400, "rejected", 1),
        "Size of a request header field exceeds server limit",
    ),
    "forbidden": (
        "<Location />\nRequire all denied\n</Location>",
        lambda api: api.tokens.create("x"),
        ("PermissionDeniedError", 403, "rejected", 1),
        "You don't have permission to access this resource",
    ),
    "no such path": (
        "ProxyPass /rest/ !",
        lambda api: api.tokens.create("x"),
        ("NotFoundError", 404, "rejected", 1),
        "The requested URL was not found on this server",
    ),
    "method": (
        "<Location />\nAllowMethods GET\n</Location>",
        lambda api: api.tokens.create("x"),
        ("BadRequestError", 405, "rejected", 1),
        "The requested method POST is not allowed for this URL",
    ),
    "too large": (
        "ProxyPass /large !\nRedirect 413 /large",
        lambda api: api.request("POST", "/large", body=b"x" * 3_000_000),
        ("BadRequestError", 413, "rejected", 1),
        "The requested resource does not allow request data with POST requests",
    ),
    "long target": (
        "",
        lambda api: api.request("POST", "/x", params={"a": "x" * 9000}),
        ("BadRequestError", 414, "rejected", 1),
        "The requested URL's length exceeds the capacity limit for this server",
    ),
    "misconfigured": (
        "<Location />\nRequire valid-user\n</Location>",
        lambda api: api.tokens.create("x"),
        ("ServerError", 500, "unknown", 1),
        "The server encountered an internal error or misconfiguration",
    ),
}


@pytest.mark.parametrize("case", OWN_ANSWERS)
def test_its_own_pages_are_read(open_bamboo: Callable[..., Any], box: Sandbox, case: str) -> None:
    more, call, expected, words = OWN_ANSWERS[case]
    with Apache(box.url, more=more) as apache:
        error, text = told(lambda: call(open_bamboo(apache.url())))
        assert error == expected
        assert words in text
        assert "<" not in text
    assert len(box.journal) == 0


def test_a_server_that_is_down_or_silent_behind_it(open_bamboo: Callable[..., Any], box: Sandbox) -> None:
    with Apache(f"http://127.0.0.1:{free_port()}") as apache:
        error, text = told(lambda: open_bamboo(apache.url()).tokens.create("x"))
        assert error == ("ServerError", 503, "unknown", 1)
        assert "The server is temporarily unable to service your request" in text
    with Apache(box.url) as apache:
        box.faults.always(drop="after")
        error, text = told(lambda: open_bamboo(apache.url()).tokens.create("x"))
        assert error == ("ServerError", 502, "unknown", 1)
        assert "Error reading from remote server" in text
        error, _ = told(open_bamboo(apache.url()).tokens.list)
        assert error == ("ServerError", 502, "unknown", 3)
    assert [entry.operation for entry in box.journal] == ["tokens.create", *["tokens.list"] * 3]


def test_calls_go_on_after_it_was_restarted(open_bamboo: Callable[..., Any], box: Sandbox) -> None:
    with Apache(box.url) as apache:
        api = open_bamboo(apache.url())
        for ending in (signal.SIGTERM, signal.SIGKILL, signal.SIGWINCH):
            api.tokens.create("x")
            apache.restart(ending)
            api.tokens.create("x")
    assert [entry.applied for entry in box.journal] == [True] * 6
