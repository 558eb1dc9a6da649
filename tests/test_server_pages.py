"""Error pages that servers and gateways write themselves: of each the message alone is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import Group, Retry, ReviewItemChange
from wire import Wire, html, ok

if TYPE_CHECKING:
    from collections.abc import Callable

NO_RETRY = Retry(attempts=1)
STYLE = (
    '<style type="text/css">body {font-family:Tahoma,Arial,sans-serif;} h1, h2, h3, b '
    "{color:white;background-color:#525D76;} .line {height:1px;background-color:#525D76;border:none;}</style>"
)
NOT_FOUND = (
    "The origin server did not find a current representation for the target resource or is not willing to disclose "
    "that one exists."
)


def tomcat(
    status: str, message: str, description: str = NOT_FOUND, name: str = "Apache Tomcat/10.1.60 (Debian)"
) -> str:
    """Write a report as Tomcat from 8.5 on does."""
    fields = f"<p><b>Message</b> {message}</p>" if message else ""
    fields += f"<p><b>Description</b> {description}</p>" if description else ""
    server = f"<h3>{name}</h3>" if name else ""
    return (
        f'<!doctype html><html lang="en"><head><title>HTTP Status {status}</title>{STYLE}</head><body>'
        f'<h1>HTTP Status {status}</h1><hr class="line" /><p><b>Type</b> Status Report</p>{fields}'
        f'<hr class="line" />{server}</body></html>'
    )


def old_tomcat(status: str, message: str, name: str) -> str:
    """Write a report as Tomcat up to 7 and JBoss Web do."""
    return (
        f"<html><head><title>{name} - Error report</title><style><!--H1 {{color:white;}}--></style> </head><body>"
        f'<h1>HTTP Status {status} - {message}</h1><HR size="1" noshade="noshade"><p><b>type</b> Status report</p>'
        f"<p><b>message</b> <u>{message}</u></p><p><b>description</b> <u>The requested resource is not available.</u>"
        f'</p><HR size="1" noshade="noshade"><h3>{name}</h3></body></html>'
    )


NGINX = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
)
HTTPD = (
    '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">\n<html><head>\n'
    "<title>503 Service Unavailable</title>\n</head><body>\n<h1>Service Unavailable</h1>\n"
    "<p>The server is temporarily unable to service your\nrequest due to maintenance downtime or capacity\n"
    "problems. Please try again later.</p>\n{}</body></html>\n"
)
SIGNATURE = "<hr>\n<address>Apache/2.4.71 (Debian) Server at localhost Port 443</address>\n"
HTTPD_SAYS = (
    "The server is temporarily unable to service your request due to maintenance downtime or capacity problems. "
    "Please try again later."
)
JETTY = (
    '<html>\n<head>\n<meta http-equiv="Content-Type" content="text/html;charset=ISO-8859-1"/>\n'
    "<title>Error 400 Bad chunk</title>\n</head>\n<body><h2>HTTP ERROR 400 Bad chunk</h2>\n<table>\n"
    "<tr><th>URI:</th><td>/x</td></tr>\n<tr><th>STATUS:</th><td>400</td></tr>\n"
    "<tr><th>MESSAGE:</th><td>Bad chunk</td></tr>\n<tr><th>SERVLET:</th><td>-</td></tr>\n</table>\n"
    '<hr/><a href="https://eclipse.org/jetty">Powered by Jetty:// 9.4.54.v20240208</a><hr/>\n\n</body>\n</html>\n'
)
IIS = (
    "<html><head><title>403 - Forbidden: Access is denied.</title></head><body>\r\n"
    '<div id="header"><h1>Server Error</h1></div>\r\n<div id="content"><fieldset>\r\n'
    "  <h2>403 - Forbidden: Access is denied.</h2>\r\n  <h3>You do not have permission to view this directory.</h3>\r\n"
    " </fieldset></div></body></html>"
)
PAGES = {
    "tomcat": (tomcat("400 \u2013 Bad Request", "the id is &lt;no&gt; number"), 400, "the id is <no> number"),
    "tomcat, no name": (tomcat("409 \u2013 Conflict", "is &#39;busy&#39;", name=""), 409, "is 'busy'"),
    "tomcat, no description": (tomcat("500 \u2013 Internal Server Error", "it broke", ""), 500, "it broke"),
    "tomcat, no message": (tomcat("410 \u2013 Gone", "", "It is no longer there."), 410, "It is no longer there."),
    "tomcat, bare": ("<html><body><h1>HTTP Status 400 \u2013 Bad Request</h1></body></html>", 400, "Bad Request"),
    "tomcat 7": (old_tomcat("500", "it broke", "Apache Tomcat/7.0.52"), 500, "it broke"),
    "jboss web": (old_tomcat("400", "a - b", "JBoss Web/7.0.13.Final"), 400, "a - b"),
    "nginx": (NGINX.format("502 Bad Gateway"), 502, "502 Bad Gateway"),
    "httpd": (HTTPD.format(SIGNATURE), 503, HTTPD_SAYS),
    "httpd, no signature": (HTTPD.format(""), 503, HTTPD_SAYS),
    "jetty": (JETTY, 400, "Bad chunk"),
    "iis": (IIS, 403, "403 - Forbidden: Access is denied."),
}
CALLS: dict[str, tuple[dict[str, Any], Callable[[Any], Any]]] = {
    "GovernanceLifecycle": ({"token": "t"}, lambda gl: gl.get_review_status(61)),
    "SDElements": ({"token": "t"}, lambda sde: sde.jobs.alm.get(1)),
    "Sectona": ({"access_key": "k"}, lambda pam: pam.request_password("Unix", "h", "a")),
    "BambooAgents": ({"token": "t"}, lambda bamboo: bamboo.tokens.list()),
}


def refused(connect: Callable[..., Any], system: str, answer: bytes) -> infosecops.Error:
    options, call = CALLS[system]
    with Wire(answer) as wire:
        client = connect(system, wire.url, retry=NO_RETRY, **options)
        with pytest.raises(infosecops.Error) as caught:
            call(client)
    return caught.value


@pytest.mark.parametrize("system", CALLS)
@pytest.mark.parametrize("page", PAGES)
def test_the_message_alone_is_told(connect: Callable[..., Any], system: str, page: str) -> None:
    text, status, message = PAGES[page]
    told = (
        str(refused(connect, system, html(text, f"{status} Refused"))).partition(" Hint: ")[0].partition(" [outcome")[0]
    )
    assert told.rstrip(".").endswith(f" {status}: {message}".rstrip("."))


@pytest.mark.parametrize("reason", ["", "unify", "Not Found"])
@pytest.mark.parametrize(
    "page",
    [
        tomcat("404 \u2013 Not Found", "unify"),
        tomcat("404 \u2013 Not Found", "unify", "", ""),
        tomcat("404 \u2013 Not Found", "unify").replace("Message", "メッセージ"),
        old_tomcat("404", "unify", "Apache Tomcat/7.0.52"),
        old_tomcat("404", "unify", "JBoss Web/7.0.13.Final"),
        JETTY.replace("Bad chunk", "unify"),
    ],
)
def test_an_unknown_command_is_told_by_the_page(connect: Callable[..., Any], page: str, reason: str) -> None:
    with Wire(html(page, f"404 {reason}".strip() if reason else "404 ")) as wire:
        gl = connect("GovernanceLifecycle", wire.url, token="t")
        with pytest.raises(infosecops.NotFoundError) as caught:
            gl.command("unify", effect="read")
    assert "the server does not know the command 'unify'" in str(caught.value).replace('"', "'")
    assert caught.value.hint == "check its spelling, and whether this version of the product has it"


def test_the_reason_of_a_change_is_the_message_of_the_page(connect: Callable[..., Any]) -> None:
    change = ReviewItemChange("revoke", "asmith", Group("HR", "Okta"))
    page = tomcat(
        "412 \u2013 Precondition Failed",
        "0 of 1 review components updated.\nItem: Group: HR Okta, not updated: No such group.",
        "One or more conditions given in the request header fields evaluated to false when tested on the server.",
    )
    with Wire(html(page, "412 ")) as wire:
        gl = connect("GovernanceLifecycle", wire.url, token="t")
        with pytest.raises(infosecops.Error) as caught:
            gl.update_review_items("R", [change])
    told = str(caught.value)
    for noise in ("Status Report", "Tomcat", "conditions given"):
        assert noise not in told
        for item in getattr(getattr(caught.value, "result", None), "items", ()):
            assert noise not in (item.reason or "")


OWN = {
    "GovernanceLifecycle": html(
        "<html><head><title>Error</title></head><body>The collector is off. Query String=cmd=x</body></html>",
        "504 Late",
    ),
    "SDElements": ok('{"detail": "Jira did not answer."}', status="504 Late"),
    "Sectona": ok('{"detail": "The directory did not answer."}', status="502 Bad"),
    "BambooAgents": html("<html><body>Bamboo could not reach its agent.</body></html>", "502 Bad"),
}


@pytest.mark.parametrize("system", CALLS)
def test_a_product_s_own_502_and_504_is_no_gateway_s(connect: Callable[..., Any], system: str) -> None:
    error = refused(connect, system, OWN[system])
    assert "gateway" not in str(error)
    assert error.status in {502, 504}


@pytest.mark.parametrize("system", CALLS)
@pytest.mark.parametrize("status", ["502 Bad Gateway", "504 Gateway Time-out"])
def test_a_502_or_504_of_a_gateway_is_explained(connect: Callable[..., Any], system: str, status: str) -> None:
    answers = [html(NGINX.format(status), status), ok("", "text/plain", status), ok("no healthy upstream", "", status)]
    if system != "GovernanceLifecycle":
        answers.append(ok('{"message":"Endpoint request timed out"}', status=status))
    for answer in answers:
        assert "gateway" in (refused(connect, system, answer).hint or "")
