"""A server closes a connection that was idle for a while. What must not be repeated is not sent on one that may be
closed at that very moment.
"""

from __future__ import annotations

import ssl
import threading
from typing import TYPE_CHECKING, Any

import pytest
from infosecops import Retry
from test_tls import ConnectProxy
from tls_wire import Http2Wire, Stream, TlsWire
from wire import Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers import Authority

    Connect = Callable[..., Any]

ONCE = Retry(attempts=1)
# Longer than a call that must not be repeated lets a connection wait, unless the server says otherwise.
IDLE = 0.9
KEPT = {
    "timeout=5": True,
    "timeout=5, max=100": True,
    'max=99,Timeout="7"': True,
    "max=7": False,
    "timeout=1": False,
    "timeout=0": False,
    "timeout=soon": False,
    "timeout": False,
    "": False,
}


def wait(seconds: float) -> None:
    """Let a connection be idle for so long."""
    threading.Event().wait(seconds)


def context_of(authority: Authority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.issue("localhost").both)
    return context


@pytest.mark.parametrize("way", ["direct", "forward proxy", "tunnel", "http2"])
def test_only_what_may_be_repeated_goes_on_a_connection_that_was_idle(
    connect: Connect, authority: Authority, way: str
) -> None:
    def act(stream: Stream) -> None:
        stream.head(200)
        stream.data(b"{}", end=True)

    proxy = ConnectProxy() if way == "tunnel" else None
    server: Any
    options: dict[str, Any] = {"ca_file": authority.file}
    if way == "http2":
        server = Http2Wire(context_of(authority), act)
    elif way == "tunnel":
        server = TlsWire(context_of(authority), ok("{}"))
    else:
        server, options = Wire(ok("{}")), {}
    url = "http://bamboo.test" if way == "forward proxy" else server.url
    if way == "forward proxy":
        options = {"proxy": server.url, "allow_http": True}
    if proxy:
        options["proxy"] = proxy.url
    effects = ("read", "idempotent", "unsafe", "audited")
    clients = {effect: connect("BambooAgents", url, token="t", retry=ONCE, **options) for effect in effects}
    before = {}
    for effect, api in clients.items():
        for _ in range(2):
            api.request("POST", "/x", effect="unsafe")
        before[effect] = server.connections
    assert server.connections == len(effects)
    wait(IDLE)
    for effect, api in clients.items():
        known = server.connections
        assert api.request("POST", "/x", effect=effect).status == 200
        assert server.connections - known == (effect in ("unsafe", "audited")), effect
    server.__exit__()
    if proxy:
        proxy.__exit__(None, None, None)


def test_what_the_server_announces_counts_less_a_margin(connect: Connect) -> None:
    with Wire(*[ok("{}", **{"Keep-Alive": said}) for said in KEPT], ok("{}")) as wire:
        clients = [connect("BambooAgents", wire.url, token="t", retry=ONCE) for _ in KEPT]
        for api in clients:
            api.request("POST", "/x")
        assert wire.connections == len(KEPT)
        wait(IDLE)
        for said, api in zip(KEPT, clients, strict=True):
            known = wire.connections
            api.request("POST", "/x")
            assert wire.connections - known == (not KEPT[said]), said
