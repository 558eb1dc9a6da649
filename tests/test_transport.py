"""One way to the server: what is sent, what is sent again, what is never followed, what is refused before sending."""

from __future__ import annotations

import gzip
import re
import socket
from email.utils import formatdate
from time import time

import infosecops
import pytest
from infosecops import BambooAgents, Retry
from wire import Drop, Hang, Wire, ok

QUICK = Retry(attempts=3, base=0.0)
EMPTY = ok("[]")


def client(url: str, **common: object) -> BambooAgents:
    return BambooAgents(url, token="tok-canary", **{"proxy": "direct", "retry": QUICK, "timeout": 10.0, **common})


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


# What may be sent again depends on the effect, not on the HTTP verb.
SENT = {
    "read": {"drop": 3, "429": 3, "500": 1, "502": 3, "503": 3, "504": 3, "404": 1},
    "idempotent": {"drop": 3, "429": 3, "500": 1, "502": 3, "503": 3, "504": 3, "404": 1},
    "unsafe": {"drop": 1, "429": 3, "500": 1, "502": 1, "503": 1, "504": 1, "404": 1},
    "audited": {"drop": 1, "429": 1, "500": 1, "502": 1, "503": 1, "504": 1, "404": 1},
}
OUTCOME = {"drop": "unknown", "429": "rejected", "404": "rejected"}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("effect", "fault"), [(effect, fault) for effect, row in SENT.items() for fault in row])
def test_the_effect_decides_what_is_sent_again(effect: str, fault: str, method: str) -> None:
    answer = Drop() if fault == "drop" else ok("{}", status=f"{fault} Nope")
    with Wire(answer) as wire, client(wire.url) as api:
        with pytest.raises(infosecops.Error) as caught:
            api.request(method, "/x", effect=effect)
        assert len(wire.requests) == SENT[effect][fault]
        assert caught.value.outcome == OUTCOME.get(fault, "unknown")
        assert caught.value.attempts == SENT[effect][fault]
        assert caught.value.status == (None if fault == "drop" else int(fault))
        wire.answers = [EMPTY]
        assert api.request("GET", "/x", effect="read").status == 200


@pytest.mark.parametrize("effect", SENT)
def test_what_was_never_sent_is_tried_again_whatever_its_effect(effect: str) -> None:
    steps: list[str] = []
    api = client(f"http://127.0.0.1:{closed_port()}", on_event=lambda event: steps.append(event.kind))
    with pytest.raises(infosecops.ConnectError) as caught:
        api.request("POST", "/x", effect=effect)
    assert caught.value.outcome == "not_sent"
    assert caught.value.attempts == 3
    assert steps == ["request", "retry", "request", "retry", "request", "failure"]


@pytest.mark.parametrize(
    "value", ["0", formatdate(time() - 60, usegmt=True), "nonsense"], ids=["seconds", "date", "nonsense"]
)
def test_retry_after_is_understood_in_both_forms(value: str) -> None:
    with Wire(ok("{}", status="429 Slow down", Retry_After=value), EMPTY) as wire, client(wire.url) as api:
        assert api.request("POST", "/x").status == 200
        assert len(wire.requests) == 2


@pytest.mark.parametrize("value", ["3600", formatdate(time() + 3600, usegmt=True)], ids=["seconds", "date"])
def test_a_wait_beyond_the_deadline_is_not_begun(value: str) -> None:
    with Wire(ok("{}", status="429 Slow down", Retry_After=value)) as wire, client(wire.url) as api:
        with pytest.raises(infosecops.RateLimitedError) as caught:
            api.request("GET", "/x", effect="read")
        assert len(wire.requests) == 1
        assert re.search(r"the server asks to wait \d{4} s$", caught.value.hint)


def test_a_read_follows_redirects_on_its_own_origin_only() -> None:
    moved = ok("", status="301 Moved", Location="/bamboo/rest/x/")
    with Wire(moved, EMPTY) as wire, client(wire.url + "/bamboo") as api:
        assert api.request("GET", "rest/x", effect="read").status == 200
        assert [request.target for request in wire.requests] == ["/bamboo/rest/x", "/bamboo/rest/x/"]
    with Wire(EMPTY) as other, Wire(ok("", status="302 Found", Location=other.url + "/steal")) as wire:
        with client(wire.url) as api, pytest.raises(infosecops.UnexpectedContentError, match="redirects to"):
            api.request("GET", "/x", effect="read")
        assert other.connections == 0


@pytest.mark.parametrize("effect", ["idempotent", "unsafe", "audited"])
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_nothing_that_changes_follows_a_redirect(effect: str, status: str) -> None:
    for method in ("GET", "POST"):
        with Wire(ok("", status=status, Location="/elsewhere")) as wire, client(wire.url) as api:
            with pytest.raises(infosecops.UnexpectedContentError) as caught:
                api.request(method, "/x", effect=effect)
            assert len(wire.requests) == 1
            assert caught.value.outcome == "unknown"


def test_a_circle_of_redirects_ends() -> None:
    with Wire(ok("", status="302 Found", Location="/x")) as wire, client(wire.url) as api:
        with pytest.raises(infosecops.UnexpectedContentError):
            api.request("GET", "/x", effect="read")
        assert len(wire.requests) == 6


def test_the_size_limit_holds_after_decompression() -> None:
    answer = ok(gzip.compress(b"[" + b" " * 1_000_000 + b"]"), Content_Encoding="gzip")
    with Wire(answer) as wire:
        with client(wire.url) as api:
            assert len(api.request("GET", "/x", effect="read").content) == 1_000_002
        with client(wire.url, max_response_bytes=100_000) as api:
            with pytest.raises(infosecops.UnexpectedContentError, match="max_response_bytes") as caught:
                api.request("GET", "/x", effect="read")
            assert caught.value.outcome == "unknown"


def test_the_deadline_holds_for_answer_and_body() -> None:
    for sent in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"):
        hang = Hang(sent)
        with Wire(hang) as wire, client(wire.url, timeout=0.3) as api:
            with pytest.raises(infosecops.DeadlineExceeded) as caught:
                api.request("POST", "/x", json={})
            assert caught.value.outcome == "unknown"
            assert isinstance(caught.value, TimeoutError)
            assert hang.released.wait(10), "the connection stays open"
            wire.answers = [EMPTY]
            assert api.request("GET", "/x", effect="read").status == 200


def test_a_deadline_before_the_connection_is_up_means_not_sent() -> None:
    # A listener whose queue is full: the handshake never completes.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(8)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        for method in ("GET", "POST"):
            with client(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.3) as api:
                with pytest.raises(infosecops.DeadlineExceeded) as caught:
                    api.request(method, "/x")
                assert caught.value.outcome == "not_sent"
        for filler in fillers:
            filler.close()


def test_a_body_cut_in_the_middle_is_unknown() -> None:
    with Wire(Drop(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")) as wire, client(wire.url) as api:
        with pytest.raises(infosecops.TransportError) as caught:
            api.request("POST", "/x")
        assert (caught.value.outcome, caught.value.status, len(wire.requests)) == ("unknown", 200, 1)


@pytest.mark.parametrize(
    "url",
    ["{}", "{}/", "{}/rest", "{}/rest/agent-config/1.0/tokens/", "{}//", "{}/rest/agent/1.0/tokens"],
)
def test_every_spelling_of_the_url_gives_one_clean_path(url: str) -> None:
    with Wire(EMPTY) as wire, client(url.format(wire.url)) as api:
        assert api.tokens.list() == []
        assert wire.only.target == "/rest/agent-config/1.0/tokens/"
    with Wire(EMPTY) as wire, client(url.format(wire.url + "/builds")) as api:
        assert api.tokens.list() == []
        assert wire.only.target == "/builds/rest/agent-config/1.0/tokens/"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("http://127.0.0.1:1/x", {}),
        ("//127.0.0.1:1/x", {}),
        ("a/../../x", {}),
        ("a/%2e%2e/x", {}),
        ("x\r\nHost: evil", {}),
        ("x?uuid=1", {}),
        ("x", {"X-A": "a\r\nHost: evil"}),
        ("x", {"X-A\r\nHost": "evil"}),
        ("x", {"Authorization": "Bearer other"}),
        ("x", {"Host": "evil"}),
        ("x", {"Content-Length": "0"}),
    ],
)
def test_injection_is_refused_before_sending(path: str, headers: dict[str, str]) -> None:
    with Wire(EMPTY) as wire, client(wire.url) as api:
        with pytest.raises(infosecops.ConfigError) as caught:
            api.request("GET", path, headers=headers)
        assert caught.value.outcome == "not_sent"
        assert wire.connections == 0


@pytest.mark.parametrize(
    ("url", "common"),
    [
        ("http://ci.example.com", {}),
        ("ci.example.com", {}),
        ("https://user:canary@ci.example.com", {}),
        ("https://ci.example.com/?token=canary", {}),
        ("https://ci.example.com", {"timeout": 0}),
        ("https://ci.example.com", {"timeout": float("nan")}),
        ("https://ci.example.com\n", {}),
        ("https://ci\t.example.com", {}),
        ("https://ci.example.com/a b", {}),
        ("https://ci.example.com\\canary", {}),
        ("https://ci.example.com/a/..%2fcanary", {}),
        ("https://ci.example.com", {"proxy": "http://u:canary@proxy:3128\r\n"}),
        ("https://ci.example.com", {"proxy": "http://u:canary%0a@proxy:3128"}),
        ("https://ci.example.com", {"proxy": "user:canary@proxy"}),
        ("https://ci.example.com", {"ca_file": "/nowhere/ca.pem"}),
        ("https://ci.example.com", {"client_cert": ("/nowhere/cert.pem", "/nowhere/key.pem")}),
        ("https://ci.example.com", {"max_response_bytes": 0}),
        ("https://ci.example.com", {"max_connections": 0}),
        ("https://ci.example.com", {"user_agent": "a\r\nb"}),
    ],
)
def test_settings_are_checked_when_the_client_is_made(url: str, common: dict[str, object]) -> None:
    with pytest.raises(infosecops.ConfigError) as caught:
        client(url, **common)
    assert isinstance(caught.value, ValueError)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "common",
    [{"timeout": "soon"}, {"retry": 3}, {"on_event": 5}, {"headers": ["a"]}, {"no_such_thing": 1}, {"ca_file": 5}],
)
def test_wrong_types_are_named(common: dict[str, object]) -> None:
    with pytest.raises(TypeError, match=next(iter(common))):
        client("https://ci.example.com", **common)


def test_plain_http_needs_permission_beyond_loopback() -> None:
    assert client("http://ci.example.com", allow_http=True).url == "http://ci.example.com"
    assert client("http://[::1]:8085/").url == "http://[::1]:8085"


def test_headers_and_user_agent_are_the_callers() -> None:
    with Wire(EMPTY) as wire, client(wire.url, headers={"X-Team": "iam"}, user_agent="nightly/1") as api:
        api.request("GET", "/x", headers={"X-Call": "7"}, params={"a b": "c&d", "on": True, "none": None, "n": 5})
        headers = wire.only.headers
        assert (headers["x-team"], headers["x-call"], headers["user-agent"]) == ("iam", "7", "nightly/1")
        assert wire.only.target == "/x?a%20b=c%26d&on=true&n=5"


def test_responses_give_status_headers_text_and_json() -> None:
    with Wire(ok('\ufeff{"a": [1, 2.5, null, "ä"]}', X_Thing="1")) as wire, client(wire.url) as api:
        response = api.request("POST", "/x", json={"q": 1})
        assert response.status == 200
        assert response.headers["x-thing"] == "1"
        assert response.json() == {"a": [1, 2.5, None, "ä"]}
        assert response.text == '{"a": [1, 2.5, null, "ä"]}'
        assert wire.only.body == b'{"q": 1}'
        assert wire.only.headers["content-type"] == "application/json"
        assert repr(response) == "Response(status=200, 27 bytes)"


def test_connections_are_kept_and_closed() -> None:
    with Wire(EMPTY) as wire, client(wire.url) as api:
        for _ in range(20):
            api.tokens.list()
        assert wire.connections == 1
        api.close()
        api.tokens.list()
        assert wire.connections == 2
