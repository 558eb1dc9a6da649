"""Plain http to this machine does not leave it: it is allowed because nobody else can read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from test_failover import SECTONA
from test_sectona import envelope, request_page
from wire import Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("no_proxies")
HOSTS = ["127.0.0.1", "localhost", "LOCALHOST", "127.1", "127.0.0.2", "[::1]"]
NAMES = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"]


@pytest.mark.parametrize("accepted", [{}, {"allow_http": True}], ids=["strict", "allowed"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scheme", ["http", "socks5h"])
def test_a_proxy_of_the_environment_gets_none_of_it(
    connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, name: str, scheme: str, accepted: dict[str, bool]
) -> None:
    with Wire(ok("[]")) as wire, Wire(ok("[]")) as proxy:
        monkeypatch.setenv(name, f"{scheme}://127.0.0.1:{proxy.port}")
        for host in ("127.0.0.1", "localhost", "LOCALHOST", "127.1"):
            api = connect("BambooAgents", f"http://{host}:{wire.port}", token="canary", proxy=None, **accepted)
            assert api.request("GET", "/x", effect="read").json() == []
        assert (len(wire.requests), proxy.connections) == (4, 0)


@pytest.mark.parametrize("client", ["GovernanceLifecycle", "SDElements", "Sectona", "BambooAgents"])
@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("proxy", ["http://u:canary@proxy.test:1", "https://proxy.test", "socks5h://proxy.test:1080"])
def test_a_proxy_that_is_given_is_refused(connect: Callable[..., Any], client: str, host: str, proxy: str) -> None:
    secret = {"access_key": "k"} if client == "Sectona" else {"token": "t"}
    with pytest.raises(infosecops.ConfigError) as caught:
        connect(client, f"http://{host}:8085", proxy=proxy, **secret)
    assert str(caught.value).startswith("proxy: ")
    assert "allow_http=True" in str(caught.value)
    assert "canary" not in str(caught.value)
    connect(client, f"http://{host}:8085", proxy=proxy, allow_http=True, **secret)
    connect(client, f"https://{host}:8085", proxy=proxy, **secret)
    connect(client, f"http://{host}:8085", proxy="direct", **secret)


def test_it_is_taken_where_plain_http_is_accepted(connect: Callable[..., Any]) -> None:
    with Wire(ok("[]")) as proxy:
        api = connect("BambooAgents", "http://localhost:1", token="t", proxy=proxy.url, allow_http=True)
        assert api.request("GET", "/x", effect="read").json() == []
        assert proxy.only.target == "http://localhost:1/x"


def test_further_servers_are_reached_the_same_way(connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with Wire(ok(envelope())) as second, Wire(ok("[]")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        dead = "http://127.0.0.1:1"
        pam = connect(SECTONA, dead, access_key="k", failover=[second.url], proxy=None)
        assert request_page(pam).account_name
        assert proxy.connections == 0
    with pytest.raises(infosecops.ConfigError, match=r"failover\[0\]: proxy: .*allow_http=True"):
        connect(
            SECTONA,
            "https://pam.example.com",
            access_key="k",
            failover=["http://127.0.0.1:1"],
            proxy="http://proxy.test:1",
        )
