"""Tracebacks that print the variables of every frame, as notebooks and crash reports do, show no credential."""

from __future__ import annotations

import ast
import asyncio
import io
import traceback
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from wire import Received, Wire, ok

pytest.importorskip("ipykernel", reason="the kernels of notebooks are not installed")
pytest.importorskip("rich", reason="so is what prints such tracebacks")

from kernels import Kernel
from rich.console import Console
from rich.traceback import Traceback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MARKER = "marker-of-a-secret-4711-0815"
# Cells read it where it is used: a variable of the user's own would be shown, and so would `os.environ`.
SECRET = 'os.getenv("MARKER")'
GL, SDE, PAM, BAMBOO = "GovernanceLifecycle", "SDElements", "Sectona", "BambooAgents"
OPENED = {
    "gl token": (GL, f"token={SECRET}", "run_review('UAR')"),
    "gl login": (GL, f"login=infosecops.UserLogin('jdoe', {SECRET})", "get_review_status(1)"),
    "gl application": (GL, f"login=infosecops.TrustedApp('app', lambda: {SECRET})", "login()"),
    "gl items": (GL, f"token={SECRET}", "update_review_items('UAR', changes)"),
    "sde token": (SDE, f"token={SECRET}", "jobs.alm.start(12)"),
    "sde callable": (SDE, f"token=lambda: {SECRET}", "connections.alm.get(12)"),
    "sde header": (SDE, f"token='t', headers={{'X-Api-Key': {SECRET}}}", "connections.alm.get(12)"),
    "sde raw": (SDE, "token='t'", f"request('POST', '/x', json={{'password': {SECRET}}})"),
    "pam key": (PAM, f"access_key={SECRET}", "request_password('Unix Based', 'web01.example.net', 'deploy')"),
    "pam many": (PAM, f"access_key={SECRET}", "request_passwords([('Unix Based', 'web01.example.net', 'deploy')])"),
    "bamboo password": (BAMBOO, f"username='admin', password={SECRET}", "tokens.list()"),
    "bamboo token": (BAMBOO, f"token={SECRET}", "tokens.create('chef nodes')"),
    "bamboo uuid": (BAMBOO, "api='agent-config'", f"agents({SECRET}).state(1)"),
    "bamboo uuid bytes": (BAMBOO, "api='agent'", f"agents({SECRET}.encode()).state(1)"),
    "bamboo uuid surrogate": (BAMBOO, "api='agent'", f"agents({SECRET} + '\\ud800').state(1)"),
    "bamboo uuid line": (BAMBOO, "api='agent'", f"agents({SECRET} + '\\n').state(1)"),
    "bamboo uuid list": (BAMBOO, "api='agent'", f"agents([{SECRET}]).state(1)"),
    "bamboo update": (BAMBOO, "token='t'", f"tokens.update(bytearray({SECRET}, 'ascii'), name='n')"),
    "bamboo revoke": (BAMBOO, "token='t'", f"tokens.revoke({SECRET} + '\\ud800')"),
    "bamboo revoke path": (BAMBOO, "token='t'", f"tokens.revoke('../' + {SECRET})"),
    "sde raw path": (SDE, "token='t'", f"request('GET', '/x?uuid=' + {SECRET})"),
    "sde raw headers": (SDE, "token='t'", f"request('GET', '/x', headers=['X', {SECRET}])"),
    "sde raw header value": (SDE, "token='t'", f"request('GET', '/x', headers={{'X': {SECRET} + '\\n'}})"),
    "sde raw body": (SDE, "token='t'", f"request('POST', '/x', body=[{SECRET}])"),
    "gl command": (GL, "token='t'", f"command('x', params={{'password': [{SECRET}]}})"),
    "pam call": (PAM, "access_key='k'", f"call('/x?y=' + {SECRET}, {{}})"),
    "pam callable": (PAM, f"access_key=lambda: {SECRET} + '\\n'", "call('/x', {})"),
    "sde callable bytes": (SDE, f"token=lambda: {SECRET}.encode()", "connections.alm.get(12)"),
    "bamboo proxy": (BAMBOO, f"token={SECRET}, proxy='http://jdoe:' + {SECRET} + '@127.0.0.1:1'", "tokens.list()"),
}
SETUP = """
import os, infosecops
changes = [infosecops.ReviewItemChange("revoke", "jdoe", infosecops.Group("Auditors", "Okta"))]
"""
REFUSED = {
    "gl": (GL, f"'http://gl.example.com', token={SECRET}"),
    "gl login": (GL, f"'gl', login=infosecops.UserLogin('jdoe', {SECRET})"),
    "sde": (SDE, f"'https://sde.example.com', token={SECRET}, timeout=-1"),
    "sde option": (SDE, f"'https://sde.example.com', token={SECRET}, nothing=1"),
    "sde url": (SDE, f"'https://jdoe:' + {SECRET} + '@sde.example.com', token='t'"),
    "sde header": (SDE, f"'https://sde.example.com', token='t', headers={{'X': {SECRET} + '\\n'}}"),
    "pam": (PAM, f"'https://pam.example.com', access_key={SECRET}, accept='yaml'"),
    "pam failover": (PAM, f"'https://pam.example.com', access_key='k', failover=['x:' + {SECRET}]"),
    "bamboo": (BAMBOO, f"'https://bamboo.example.com', username='jdoe', password={SECRET}, api='x'"),
    "gl bytes": (GL, f"'https://gl.example.com', token={SECRET}.encode()"),
    "gl surrogate": (GL, f"'https://gl.example.com', token={SECRET} + '\\ud800'"),
    "gl login pair": (GL, f"'https://gl.example.com', login=('jdoe', {SECRET})"),
    "gl login text": (GL, f"'https://gl.example.com', login='jdoe:' + {SECRET}"),
    "gl quoted": (GL, f"'https://gl.example.com', token='\"' + {SECRET} + '\"'"),
    "sde list": (SDE, f"'https://sde.example.com', token=[{SECRET}]"),
    "sde long": (SDE, f"'https://sde.example.com', token={SECRET} * 5000"),
    "sde scheme": (SDE, f"'https://sde.example.com', token='Token ' + {SECRET}"),
    "sde headers": (SDE, f"'https://sde.example.com', token='t', headers=[('X-Api-Key', {SECRET})]"),
    "sde proxy": (SDE, f"'https://sde.example.com', token='t', proxy='http://a:' + {SECRET} + '\\n@p.example.com'"),
    "pam bytes": (PAM, f"'https://pam.example.com', access_key={SECRET}.encode()"),
    "pam surrogate": (PAM, f"'https://pam.example.com', access_key={SECRET} + '\\udfff'"),
    "pam line": (PAM, f"'https://pam.example.com', access_key={SECRET} + '\\n'"),
    "bamboo bytes": (BAMBOO, f"'https://bamboo.example.com', username='jdoe', password={SECRET}.encode()"),
    "bamboo view": (BAMBOO, f"'https://bamboo.example.com', token=memoryview({SECRET}.encode())"),
    "bamboo pair": (BAMBOO, f"'https://bamboo.example.com', username='jdoe:' + {SECRET}, password='p'"),
    "bamboo mapping": (BAMBOO, f"'https://bamboo.example.com', token={{'token': {SECRET}}}"),
    "sde environment bytes": (f"{SDE}.from_env", f"url='https://sde.example.com', token={SECRET}.encode()"),
    "sde profile": (f"{SDE}.from_profile", f"'none', token={SECRET} + '\\ud800'"),
    "bamboo environment": (f"{BAMBOO}.from_env", f"url='https://bamboo.example.com', token={SECRET}, api='x'"),
}


def cell(name: str, twin: str, url: str) -> str:
    """A cell that fails; alone, so that no variable of another is near."""
    if name in REFUSED:
        made, options = REFUSED[name]
        return f"infosecops.{twin}{made}({options})"
    system, options, call = OPENED[name]
    if "proxy=" not in options:
        options += ", proxy='direct'"
    made = f"infosecops.{twin}{system}('{url}', {options}, retry=infosecops.Retry(attempts=1))"
    return f"client = {made}\n{'await ' if twin else ''}client.{call}"


def repeating(request: Received) -> bytes:
    """An error that holds what was sent, as those of many servers do."""
    return ok(request.raw.decode(), "text/plain", "500 Oops")


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with Kernel(tmp_path_factory.mktemp("kernel"), MARKER=MARKER) as kernel:
        kernel.run("%xmode Verbose")
        kernel.run(SETUP)
        yield kernel


def test_such_tracebacks_would_show_a_variable(kernel: Kernel) -> None:
    cell = kernel.run("def failing(text):\n    raise ValueError\nfailing(os.environ['MARKER'])")
    assert MARKER in cell.traceback


@pytest.mark.parametrize("twin", ["", "Async"])
@pytest.mark.parametrize("name", [*OPENED, *REFUSED])
def test_the_verbose_tracebacks_of_a_notebook(kernel: Kernel, name: str, twin: str) -> None:
    with Wire(repeating) as wire:
        shown = kernel.run(cell(name, twin, wire.url))
    assert shown.error not in {None, "NameError", "SyntaxError", "AttributeError"}, shown.text
    assert "infosecops" in shown.traceback
    assert MARKER not in shown.text


def raised(source: str) -> Exception:
    """The error of a cell without a kernel."""
    code = compile(source, "<cell>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    names: dict[str, Any] = {}
    exec(SETUP, names)  # noqa: S102 - the code of this file
    try:
        ended = eval(code, names)  # noqa: S307 - as is this
        if ended is not None:
            asyncio.run(ended)
    except (infosecops.Error, TypeError, ValueError) as error:
        return error
    raise AssertionError("nothing was raised")


def by_rich(error: Exception) -> str:
    page = io.StringIO()
    shown = Traceback.from_exception(
        type(error), error, error.__traceback__, show_locals=True, locals_hide_dunder=False
    )
    Console(file=page, width=400).print(shown)
    return page.getvalue()


def by_the_standard_library(error: Exception) -> str:
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


@pytest.mark.parametrize("show", [by_rich, by_the_standard_library])
@pytest.mark.parametrize("twin", ["", "Async"])
@pytest.mark.parametrize("name", [*OPENED, *REFUSED])
def test_tracebacks_with_locals(
    monkeypatch: pytest.MonkeyPatch, name: str, twin: str, show: Callable[[Exception], str]
) -> None:
    monkeypatch.setenv("MARKER", MARKER)
    with Wire(repeating) as wire:
        error = raised(cell(name, twin, wire.url))
    # What runs a cell is in this file, and it has the process' environment among its variables.
    own = error.__traceback__
    while own is not None and own.tb_frame.f_code.co_filename != "<cell>":
        own = own.tb_next
    assert own is not None
    shown = show(error.with_traceback(own))
    assert "/infosecops/" in shown
    assert MARKER not in shown


@pytest.mark.parametrize("show", [by_rich, by_the_standard_library])
@pytest.mark.parametrize("method", ["", ".client", ".async_client"])
@pytest.mark.parametrize(
    ("system", "given"),
    [
        ("governance_lifecycle", f"token={SECRET}.encode()"),
        ("governance_lifecycle", f"login=('jdoe', {SECRET})"),
        ("sd_elements", f"token={SECRET} + '\\ud800'"),
        ("sd_elements", f"headers=[{SECRET}]"),
        ("sectona", f"access_key={SECRET} + '\\n'"),
        ("bamboo_agents", f"password=bytearray({SECRET}, 'ascii')"),
        ("bamboo_agents", f"token={SECRET}, nothing=1"),
    ],
)
def test_clients_of_a_sandbox(
    monkeypatch: pytest.MonkeyPatch, system: str, given: str, method: str, show: Callable[[Exception], str]
) -> None:
    monkeypatch.setenv("MARKER", MARKER)
    error = raised(f"from infosecops.sandbox import Sandbox\nSandbox().start().{system}{method}({given})")
    own = error.__traceback__
    while own is not None and own.tb_frame.f_code.co_filename != "<cell>":
        own = own.tb_next
    assert own is not None
    shown = show(error.with_traceback(own))
    assert "/infosecops/" in shown
    assert MARKER not in shown
