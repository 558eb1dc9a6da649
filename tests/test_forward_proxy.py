"""Forward proxies of two makers between client and server: who is asked, who refuses, who learns what."""

from __future__ import annotations

import logging
import pickle
import traceback
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from servers import Authority, ForwardProxy, Nginx, Squid, Tinyproxy, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infosecops.sandbox import Sandbox

BAMBOO = "BambooAgents"
USER, PASSWORD = "jdoe", "canary-4711"
LOGIN = f"{USER}:{PASSWORD}@"
FORBIDDEN = "forbidden.test"
pytestmark = pytest.mark.usefixtures("no_proxies")


@pytest.fixture(scope="module", params=[Tinyproxy, Squid], ids=lambda kind: kind.name)
def proxy(request: pytest.FixtureRequest) -> Iterator[ForwardProxy]:
    """A proxy that wants a login and refuses one host."""
    with request.param(user=USER, password=PASSWORD, forbidden=FORBIDDEN) as running:
        yield running


def refused(call: Callable[[], object], address: str) -> infosecops.ProxyError:
    """The call ends at the proxy, which the error names, and nothing was sent."""
    with pytest.raises(infosecops.ProxyError) as caught:
        call()
    assert caught.value.outcome == "not_sent"
    assert f"through the proxy {address}" in str(caught.value)
    assert "proxy" in caught.value.hint
    return caught.value


def test_https_goes_through(open_bamboo: Callable[..., Any], box: Sandbox, secured: Nginx, proxy: ForwardProxy) -> None:
    api = open_bamboo(secured.url, proxy=proxy.url(LOGIN))
    api.tokens.create("x")
    assert len(api.tokens.list()) == 3
    headers = [entry.headers for entry in box.journal]
    assert len(headers) == 2
    assert all("x-connection" in one and "proxy-authorization" not in one and "via" not in one for one in headers)


def test_credentials_may_hold_any_character(open_bamboo: Callable[..., Any], box: Sandbox, secured: Nginx) -> None:
    with Squid(user="j doe", password="p@ss:w/ör%d?#") as proxy:
        open_bamboo(secured.url, proxy=proxy.url("j%20doe:p%40ss%3Aw%2F%C3%B6r%25d%3F%23@")).tokens.create("x")
    assert box.journal[-1].applied


def test_plain_http_goes_through(open_bamboo: Callable[..., Any], box: Sandbox, proxy: ForwardProxy) -> None:
    api = open_bamboo(box.url, proxy=proxy.url(LOGIN))
    api.tokens.create("x")
    assert len(api.tokens.list()) == 3
    assert [entry.status for entry in box.journal] == [200, 200]
    assert all("via" in entry.headers for entry in box.journal)
    assert all("proxy-authorization" not in entry.headers for entry in box.journal)


def test_missing_credentials_are_asked_for(
    open_bamboo: Callable[..., Any], box: Sandbox, secured: Nginx, proxy: ForwardProxy
) -> None:
    error = refused(lambda: open_bamboo(secured.url, proxy=proxy.url()).tokens.create("x"), proxy.url())
    assert (error.status, error.attempts) == (407, 1)
    assert "credentials" in error.hint
    assert "user:password" in error.hint
    with pytest.raises(infosecops.ProxyError) as caught:
        open_bamboo(box.url, proxy=proxy.url()).tokens.list()
    assert (caught.value.status, caught.value.attempts) == (407, 1)
    assert caught.value.outcome == "not_sent"
    assert "credentials" in caught.value.hint
    assert len(box.journal) == 0


def test_wrong_credentials_are_refused_by_the_proxy(
    open_bamboo: Callable[..., Any], box: Sandbox, secured: Nginx, proxy: ForwardProxy
) -> None:
    status = {"tinyproxy": 401, "squid": 407}[proxy.name]
    error = refused(lambda: open_bamboo(secured.url, proxy=proxy.url(f"{USER}:wrong@")).tokens.create("x"), proxy.url())
    assert (error.status, error.attempts) == (status, 1)
    assert "credentials" in error.hint
    with pytest.raises(infosecops.ProxyError) as caught:
        open_bamboo(box.url, proxy=proxy.url(f"{USER}:wrong@")).tokens.create("x")
    assert (caught.value.status, caught.value.attempts) == (status, 1)
    assert "credentials" in caught.value.hint
    assert len(box.journal) == 0


def test_a_host_that_the_proxy_refuses(open_bamboo: Callable[..., Any], proxy: ForwardProxy) -> None:
    url = f"https://{FORBIDDEN}"
    error = refused(lambda: open_bamboo(url, proxy=proxy.url(LOGIN)).tokens.create("x"), proxy.url())
    assert (error.status, error.attempts) == (403, 1)
    assert "it answered CONNECT with 403 Forbidden" in str(error)
    assert url in error.url
    assert "refuses this host" in error.hint
    assert "NO_PROXY" in error.hint


def test_a_host_that_the_proxy_cannot_reach(open_bamboo: Callable[..., Any], proxy: ForwardProxy) -> None:
    url = f"https://localhost:{free_port()}"
    error = refused(lambda: open_bamboo(url, proxy=proxy.url(LOGIN)).tokens.create("x"), proxy.url())
    assert (error.status, error.attempts) == ({"tinyproxy": 500, "squid": 503}[proxy.name], 3)
    assert f"CONNECT with {error.status}" in str(error)
    assert "can't reach the host" in error.hint


def test_a_refusal_without_a_tunnel_is_the_proxys(
    open_bamboo: Callable[..., Any], box: Sandbox, proxy: ForwardProxy
) -> None:
    with pytest.raises(infosecops.ProxyError) as caught:
        open_bamboo(f"http://{FORBIDDEN}", proxy=proxy.url(LOGIN), allow_http=True).tokens.list()
    assert (caught.value.status, caught.value.outcome) == (403, "rejected")
    assert f"the proxy {proxy.url()} answered 403 Forbidden in the server's place" in str(caught.value)
    assert "refuses this host" in caught.value.hint
    assert len(box.journal) == 0


def test_a_host_that_cannot_be_reached_without_a_tunnel(open_bamboo: Callable[..., Any], proxy: ForwardProxy) -> None:
    with pytest.raises(infosecops.ProxyError) as caught:
        open_bamboo(f"http://localhost:{free_port()}", proxy=proxy.url(LOGIN)).tokens.create("x")
    assert (caught.value.status, caught.value.outcome) == ({"tinyproxy": 500, "squid": 503}[proxy.name], "unknown")
    assert "can't reach the host" in caught.value.hint
    assert "list the tokens" in caught.value.hint


@pytest.mark.parametrize("status", [401, 403, 503])
def test_what_the_server_itself_says_without_a_tunnel_stays_its_own(
    open_bamboo: Callable[..., Any], box: Sandbox, proxy: ForwardProxy, status: int
) -> None:
    box.faults.always(status=status)
    with pytest.raises(infosecops.ApiError) as caught:
        open_bamboo(box.url, proxy=proxy.url(LOGIN)).tokens.create("x")
    assert caught.value.status == status
    assert f"the proxy {proxy.url()}, whose answer this may be" in caught.value.hint
    assert len(box.journal) == 1


@pytest.mark.parametrize("status", [401, 403, 503])
def test_nobody_but_the_server_speaks_in_a_tunnel(
    open_bamboo: Callable[..., Any], box: Sandbox, secured: Nginx, proxy: ForwardProxy, status: int
) -> None:
    box.faults.always(status=status)
    with pytest.raises(infosecops.ApiError) as caught:
        open_bamboo(secured.url, proxy=proxy.url(LOGIN)).tokens.create("x")
    assert caught.value.status == status
    assert "proxy" not in (caught.value.hint or "")


def test_a_proxy_that_is_down_is_named(open_bamboo: Callable[..., Any], box: Sandbox, secured: Nginx) -> None:
    with Tinyproxy() as proxy:
        open_bamboo(secured.url, proxy=proxy.url()).tokens.list()
        proxy.stop()
        for url in (secured.url, box.url):
            error = refused(lambda url=url: open_bamboo(url, proxy=proxy.url()).tokens.create("x"), proxy.url())
            assert "refused" in str(error)
            assert error.attempts == 3
    assert box.journal.count(operation="tokens.create") == 0


def test_tls_is_checked_behind_the_proxy(
    open_bamboo: Callable[..., Any], box: Sandbox, secured: Nginx, proxy: ForwardProxy, tmp_path_factory: Any
) -> None:
    other = Authority(tmp_path_factory.mktemp("other"))
    api = open_bamboo(secured.url, proxy=proxy.url(LOGIN), ca_file=other.file)
    with pytest.raises(infosecops.TlsError) as caught:
        api.tokens.create("x")
    assert caught.value.outcome == "not_sent"
    assert "ca_file" in caught.value.hint
    assert len(box.journal) == 0


# The environment.


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_the_environment_names_the_proxy_for_https(
    open_bamboo: Callable[..., Any], secured: Nginx, proxy: ForwardProxy, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, proxy.url(LOGIN))
    assert len(open_bamboo(secured.url, proxy=None).tokens.list()) == 2
    refused(lambda: open_bamboo(f"https://{FORBIDDEN}", proxy=None).tokens.create("x"), proxy.url())


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_the_environment_names_the_proxy_for_http(
    open_bamboo: Callable[..., Any], proxy: ForwardProxy, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, proxy.url(LOGIN))
    with pytest.raises(infosecops.ProxyError) as caught:
        open_bamboo(f"http://{FORBIDDEN}", proxy=None).tokens.list()
    assert f"the proxy {proxy.url()} answered 403 Forbidden in the server's place" in str(caught.value)


@pytest.mark.parametrize(
    ("hosts", "host"),
    [
        ("localhost", "localhost"),
        ("example.com, localhost", "localhost"),
        ("*", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.0/8", "127.0.0.1"),
    ],
)
def test_no_proxy_and_direct_go_around_it(  # noqa: PLR0913, PLR0917
    open_bamboo: Callable[..., Any],
    box: Sandbox,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    hosts: str,
    host: str,
) -> None:
    gone = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("HTTPS_PROXY", gone)
    with Nginx(box.url, tls=authority.issue("localhost", "127.0.0.1")) as nginx:
        url = f"https://{host}:{nginx.port}"
        open_bamboo(url, proxy="direct").tokens.create("x")
        refused(lambda: open_bamboo(url, proxy=None).tokens.create("x"), gone)
        monkeypatch.setenv("NO_PROXY", "example.com,192.0.2.0/24")
        refused(lambda: open_bamboo(url, proxy=None).tokens.create("x"), gone)
        monkeypatch.setenv("NO_PROXY", hosts)
        open_bamboo(url, proxy=None).tokens.create("x")
        refused(lambda: open_bamboo(url, proxy=gone).tokens.create("x"), gone)
    assert box.journal.count(operation="tokens.create") == 2


def test_the_argument_beats_the_environment(
    open_bamboo: Callable[..., Any], box: Sandbox, secured: Nginx, proxy: ForwardProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("NO_PROXY", "*")
    open_bamboo(secured.url, proxy=proxy.url(LOGIN)).tokens.create("x")
    open_bamboo(box.url, proxy=proxy.url(LOGIN)).tokens.create("x")
    assert ["via" in entry.headers for entry in box.journal] == [False, True]


# The proxy's password.


def everything(error: BaseException) -> str:
    """What a log, a crash report with locals, or a debugger would show of an error."""
    shown = [str(error), repr(error), repr(error.__dict__), repr(pickle.dumps(error))]
    one: BaseException | None = error
    while one is not None:
        for frame, _ in traceback.walk_tb(one.__traceback__):
            if frame.f_code.co_filename != __file__:
                shown += [f"{name}={value!r}" for name, value in frame.f_locals.items()]
        one = one.__cause__ or one.__context__
    return "\n".join(shown)


@pytest.mark.parametrize("given", ["argument", "environment"])
def test_the_password_of_the_proxy_is_never_shown(  # noqa: PLR0913, PLR0917
    open_bamboo: Callable[..., Any],
    box: Sandbox,
    secured: Nginx,
    proxy: ForwardProxy,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    given: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    events: list[object] = []
    shown: list[str] = []
    for login in (LOGIN, f"{USER}x:{PASSWORD}@"):
        address = proxy.url(login) if given == "argument" else None
        if address is None:
            monkeypatch.setenv("ALL_PROXY", proxy.url(login))
        for url in (secured.url, box.url, f"https://{FORBIDDEN}", "https://nowhere.invalid", "http://127.0.0.1:9"):
            api = open_bamboo(url, proxy=address, on_event=events.append)
            shown.append(repr(api))
            try:
                shown.append(repr(api.tokens.list()))
            except infosecops.Error as error:
                shown.append(everything(error))
    assert len(events) > 20
    assert len(caplog.records) > 20
    shown += [repr(events), *(repr(vars(record)) + record.getMessage() for record in caplog.records)]
    encoded = "amRvZTpjYW5hcnktNDcxMQ"  # of user and password
    for secret in (PASSWORD, encoded):
        assert secret not in "\n".join(shown)
