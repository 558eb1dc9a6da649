"""What an error advises is right for the case that it is shown in: a table of cases and hints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import CoverageRule, Group, Retry, ReviewItemChange, Secret, TrustedApp, UserLogin
from wire import Wire, html, ok

if TYPE_CHECKING:
    from collections.abc import Callable

NO_RETRY = Retry(attempts=1)


class TestGovernanceLifecycle:
    """The product's own pages repeat the query; what does not is another party's."""

    DEAD = "The token is not valid for the command 'runReview'. Token is invalid or expired"
    TOKEN = ok('{"data":{"type":"loginUser","token":"ws:1"}}')
    APACHE = (
        "<!DOCTYPE HTML PUBLIC '-//IETF//DTD HTML 2.0//EN'><html><head><title>403 Forbidden</title></head><body>"
        "<h1>Forbidden</h1><p>You don't have permission to access /aveksa/command.submit on this server.</p>"
        "</body></html>"
    )
    WAF = "<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. ID: 7</body></html>"
    NGINX = "<html><head><title>{0}</title></head><body><h1>{0}</h1><hr><center>nginx</center></body></html>"

    ALLOWED = (
        "check under Admin > Web Services that web services are on, that this client's address is on the allow list, "
        "and the command's security level"
    )
    FOREIGN = (
        "this answer is not one of the product's pages: a gateway, firewall or web server in front of it refused the "
        "request; look for the request in its log, and have it let /aveksa/command.submit through"
    )
    UNSIGNED = (
        "the answer does not say who refused the request: look for it in the log of the gateway or firewall in front "
        "of the product; if it got through, the product's own Web Services page has the allow list of addresses"
    )
    LOGIN = (
        "user name, password or authentication source, or client id and secret, were refused; repeated failures may "
        "lock the account"
    )
    RIGHT = (
        "the token is fine, but its user lacks the right for this, or the command's security level under Admin > Web "
        "Services excludes it"
    )
    SIZE = "the server or a gateway takes no body of this size: raise its limit (nginx: client_max_body_size)"
    SLOW = "a gateway did not wait long enough for the product: raise its limit (nginx: proxy_read_timeout)"
    BROKEN = (
        "a gateway got no usable answer from the product: see whether the product runs, and what the gateway's log says"
    )
    PAUSE = "such as during maintenance or a restart"
    BUSY = f"the product, or a gateway in front of it, takes no requests at the moment, {PAUSE}"

    @staticmethod
    def own(message: str, status: str) -> bytes:
        """A page of the product's."""
        body = f"{message} Query String=cmd=X&amp;format=json"
        return html(f"<html><head><title>Error</title></head><body>{body}</body></html>", status)

    @staticmethod
    def gateway(schemes: str, *, text: str = "<html><body>Authorization Required</body></html>") -> bytes:
        """A gateway's own wish for credentials."""
        return ok(text, "text/html", "401 Unauthorized", WWW_Authenticate=schemes)

    def hint(self, connect: Callable[..., Any], answers: list[bytes], call: Callable[[Any], Any], **more: Any) -> str:
        options = more or {"token": "t"}
        with Wire(*answers) as wire, pytest.raises(infosecops.Error) as caught:
            call(connect("GovernanceLifecycle", wire.url, retry=NO_RETRY, **options))
        assert caught.value.hint in str(caught.value)
        return caught.value.hint

    # 401.

    def test_a_token_that_has_ended(self, connect: Callable[..., Any]) -> None:
        dead = self.own(self.DEAD, "401 Unauthorized")
        cases = {
            "the token is no longer valid: pass a new one, or pass login= so that the client logs in by itself": (
                {"token": Secret("t")},
                [dead],
            ),
            "the callable of token= was asked once more, and gave no valid token either: have it fetch a new one": (
                {"token": iter(["a", "b"]).__next__},
                [dead],
            ),
            "the client logged in once more, and the server refuses the new token too: if several servers share this "
            "address, have the load balancer keep a client on one of them; otherwise look at the token timeouts under "
            "Admin > Web Services": ({"login": UserLogin("jdoe", "pw")}, [self.TOKEN, dead, self.TOKEN, dead]),
        }
        for expected, (options, answers) in cases.items():
            assert self.hint(connect, answers, lambda gl: gl.run_review("UAR"), **options) == expected
        own = {"cmd": "about", "token": "ws:0"}
        with Wire(dead) as wire, pytest.raises(infosecops.AuthenticationError) as caught:
            connect("GovernanceLifecycle", wire.url).request("GET", "/aveksa/command.submit", params=own)
        assert caught.value.hint == "the token that the caller put into the request is no longer valid"

    def test_a_token_that_is_refused_without_a_reason(self, connect: Callable[..., Any]) -> None:
        for page in (ok("", status="401 Unauthorized"), html("<html>no</html>", "401 No")):
            given = self.hint(connect, [page], lambda gl: gl.run_review("UAR"))
            assert given == (
                "the token was refused without a reason: check that it is one of this instance and has not ended"
            )
            answers, login = [self.TOKEN, page], UserLogin("jdoe", "pw")
            assert self.hint(connect, answers, lambda gl: gl.run_review("UAR"), login=login) == (
                "the token of this client's login was refused without a reason: look at the logs of the product and of "
                "gateways in front of it"
            )

    @pytest.mark.parametrize("login", [UserLogin("jdoe", "pw"), TrustedApp("app", "secret")])
    @pytest.mark.parametrize("call", [lambda gl: gl.login(), lambda gl: gl.run_review("UAR")])
    def test_a_login_that_is_refused(self, connect: Callable[..., Any], login: Any, call: Callable[[Any], Any]) -> None:
        pages = [
            self.own("User could not be validated. The username or password may be incorrect.", "401 Unauthorized"),
            self.own("Application could not be validated", "401 Unauthorized"),
            ok("", status="401 Unauthorized"),
            self.own(self.DEAD, "401 Unauthorized"),
            ok('{"data":{"status":"failure","message":"could not be validated"}}'),
        ]
        for page in pages:
            assert self.hint(connect, [page], call, login=login) == self.LOGIN

    @pytest.mark.parametrize(
        ("schemes", "told"),
        [
            ('Basic realm="intranet"', "Basic"),
            ('basic realm="a, Digest b"', "Basic"),
            ("Negotiate, NTLM", "Negotiate, NTLM"),
            ('Digest realm="x", nonce="y", Basic realm="x"', "Basic, Digest"),
        ],
    )
    def test_a_gateway_that_wants_credentials_of_its_own(
        self, connect: Callable[..., Any], schemes: str, told: str
    ) -> None:
        expected = (
            f"a gateway in front of the product wants credentials of its own ({told}), which this client does not "
            "send: have it let this client through, or use an address that does not lead through it"
        )
        for page in (self.gateway(schemes), self.gateway(schemes, text="")):
            for options in ({"token": "t"}, {"login": UserLogin("jdoe", "pw")}):
                assert self.hint(connect, [page], lambda gl: gl.get_review_status(61), **options) == expected

    def test_words_of_the_product_beside_a_scheme_count(self, connect: Callable[..., Any]) -> None:
        bare = "The token is not valid for the command 'runReview'.  Query String=cmd=runReview"
        page = self.gateway("Basic realm=x", text=f"<html><body>{bare}</body></html>")
        assert self.hint(connect, [page], lambda gl: gl.run_review("UAR")) == self.RIGHT
        bearer = self.gateway('Bearer error="invalid_token"')
        assert self.hint(connect, [bearer], lambda gl: gl.run_review("UAR")).startswith("the token was refused")

    # 403.

    def test_who_refuses_decides_where_to_look(self, connect: Callable[..., Any]) -> None:
        old = "<html><head><title>Aveksa - Error report</title></head><body><h1>HTTP Status 403 - no</h1></body></html>"
        cases = [
            (self.own("Not allowed.", "403 Forbidden"), self.ALLOWED),
            (html(old, "403 Forbidden"), self.ALLOWED),
            (html(self.APACHE, "403 Forbidden"), self.FOREIGN),
            (html(self.WAF, "403 Forbidden"), self.FOREIGN),
            (html(self.NGINX.format("403 Forbidden"), "403 Forbidden"), self.FOREIGN),
            (ok('{"message":"Forbidden"}', status="403 Forbidden"), self.FOREIGN),
            (ok("RBAC: access denied", "text/plain", "403 Forbidden"), self.FOREIGN),
            (ok("", status="403 Forbidden"), self.UNSIGNED),
        ]
        for page, expected in cases:
            for call in (
                lambda gl: gl.run_review("UAR"),
                lambda gl: gl.update_review_items("UAR", [ReviewItemChange("revoke", "a", Group("G", "B"))]),
                lambda gl: gl.request("GET", "/aveksa/command.submit", params={"cmd": "about"}, effect="read"),
            ):
                assert self.hint(connect, [page], call) == expected

    # Sizes, methods, rates, gateways.

    @pytest.mark.parametrize(("count", "size", "told"), [(5, None, 3), (4, 2, 1), (1, None, None), (3, 1, None)])
    @pytest.mark.parametrize("status", ["413 Request Entity Too Large", "504 Gateway Time-out"])
    def test_an_update_that_is_too_large_or_too_slow(
        self, connect: Callable[..., Any], count: int, size: int | None, told: int | None, status: str
    ) -> None:
        changes = [ReviewItemChange("revoke", f"u{number}", Group("G", "B")) for number in range(count)]
        found = self.hint(
            connect,
            [html(self.NGINX.format(status), status)],
            lambda gl: gl.update_review_items("UAR", changes, chunk_size=size),
        )
        begin = self.SIZE if status.startswith("413") else self.SLOW
        assert found.startswith(begin)
        assert (f"chunk_size={told}" in found) if told else ("chunk_size" not in found)

    def test_a_coverage_that_is_too_large(self, connect: Callable[..., Any]) -> None:
        page = html(self.NGINX.format("413"), "413 Request Entity Too Large")
        found = self.hint(
            connect, [page], lambda gl: gl.upload_coverage([CoverageRule("1=1", "ent")], type="reviewer", id=61)
        )
        assert found == f"{self.SIZE}; a coverage file goes out in one request"

    def test_a_method_that_is_not_taken(self, connect: Callable[..., Any]) -> None:
        page = ok("", status="405 Method Not Allowed", Allow="GET")
        assert self.hint(connect, [page], lambda gl: gl.command("findUsers", effect="read")) == (
            "the server or a gateway does not take GET here: the vendor's page of the command says whether to pass "
            'method="GET" or "POST"'
        )
        assert self.hint(connect, [page], lambda gl: gl.get_review_status(61)) == (
            "the server or a gateway does not take GET here: check url, and have the gateway allow GET for "
            "/aveksa/command.submit"
        )

    def test_other_statuses_of_gateways(self, connect: Callable[..., Any]) -> None:
        cases = [
            (
                ok("", status="429 Too Many Requests"),
                "a gateway in front of the product limits how often it is asked: wait, and make fewer calls at a time",
            ),
            (ok("", status="429 Slow", Retry_After="7"), "the server asks to wait 7 s"),
            (
                html(self.NGINX.format("502 Bad Gateway"), "502 Bad Gateway"),
                self.BROKEN,
            ),
            (html(self.NGINX.format("503 Service Unavailable"), "503 Service Unavailable"), self.BUSY),
            (self.own("busy", "503 Busy"), self.BUSY),
            (html(self.NGINX.format("504"), "504 Gateway Time-out"), self.SLOW),
            (
                html(self.NGINX.format("400 No required SSL certificate was sent"), "400 Bad Request"),
                "the gateway wants a client certificate that it trusts: pass client_cert=",
            ),
        ]
        for page, expected in cases:
            assert self.hint(connect, [page], lambda gl: gl.get_review_status(61)) == expected
        found = self.hint(connect, [cases[4][0]], lambda gl: gl.set_review_state(61, "active"))
        assert found == f"{self.BUSY}; get_review_status(id).state shows whether it was applied"

    def test_an_address_that_is_another_servers(self, connect: Callable[..., Any]) -> None:
        other = html(self.NGINX.format("404 Not Found"), "404 Not Found")
        assert self.hint(connect, [other], lambda gl: gl.get_review_status(61)) == (
            "check url: host, port, and that Governance & Lifecycle answers there below /aveksa"
        )

    @pytest.mark.parametrize("text", ["Could not find a review with the id 61", "The run-id 9 is invalid.", "No such."])
    def test_the_products_own_404_says_all(self, connect: Callable[..., Any], text: str) -> None:
        with Wire(self.own(text, "404 Not Found")) as wire, pytest.raises(infosecops.NotFoundError) as caught:
            connect("GovernanceLifecycle", wire.url, token="t").get_review_status(61)
        assert text.rstrip(".") in str(caught.value)
        assert "check url" not in (caught.value.hint or "")
