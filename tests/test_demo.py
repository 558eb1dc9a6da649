"""The demo: what a person sees, that it notices what goes wrong, and that it only reads from real systems."""

from __future__ import annotations

import base64
import io
import os
import subprocess
import sys
from unittest import mock

import infosecops
import pytest
from infosecops.demo import main
from infosecops.demo.screen import Screen, fold
from infosecops.sandbox import Sandbox

PATIENCE = 120.0
WIDTH = 80

OPERATIONS = [
    *("login", "logout", "keep_alive", "get_security_settings", "upload_coverage", "update_review_items", "command"),
    *("run_review", "get_run_status", "get_review_result", "get_review_status", "set_review_state", "refresh_review"),
    *("update_unreviewed_items", "jobs.list", "request", "request_password", "call"),
    *("request_passwords", "credential"),
    *(f"jobs.{kind}.{verb}" for kind in ("alm", "analysis", "ldap") for verb in ("list", "get", "start", "wait")),
    *(f"jobs.{kind}.report" for kind in ("alm", "analysis", "ldap")),
    *(f"connections.{kind}.{verb}" for kind in ("alm", "analysis", "ldap") for verb in ("list", "get")),
    *(f"tokens.{verb}" for verb in ("list", "create", "update", "find", "ensure", "revoke")),
    *(f"agents.{verb}" for verb in ("list", "state", "enable", "disable", "capabilities", "clear_capabilities")),
    *(f"agents.{verb}" for verb in ("maintenance", "finish_maintenance", "target_version", "wait_until_idle")),
    "agents.maintenance_window",
]
READS = {
    *("loginUser", "getSecuritySettings", "about", "findReviews", "getReviewStatus", "logoutUser"),
    *("users.me", "tokens.list", "agents.list", "agents.state", "agents.capabilities", "agents.target_version"),
    *(
        f"{what}.{kind}.{verb}"
        for what in ("jobs", "connections")
        for kind in ("alm", "analysis", "ldap")
        for verb in ("list", "get")
    ),
}


def demo(**variables):
    """Run it as a person would."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("INFOSECOPS_")}
    return subprocess.run(
        [sys.executable, "-m", "infosecops", "demo"],
        env={**environment, "PYTHONIOENCODING": "utf-8", **variables},
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


def here(*, environment=None, prepare=None):
    """Run it in this process."""
    out = io.StringIO()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("INFOSECOPS_", "SDE_"))}
    kept |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    with mock.patch.dict(os.environ, {**kept, **(environment or {})}, clear=True):
        code = main(prepare=prepare, out=out)
    return code, out.getvalue()


def steps(text, mark):
    """The operations of the steps with this mark."""
    return [line[4:].split()[0].rstrip(":") for line in text.splitlines() if line.startswith(f"{mark}  ")]


def squeezed(text):
    return "".join(text.split())


def secrets_of(box):
    values = [value for *_, value in box.describe() if isinstance(value, infosecops.Secret)]
    for account in box.sectona.accounts:
        values += [account.password, account.pass_phrase]
    with box.bamboo_agents() as bamboo:
        values += [token.uuid for token in bamboo.tokens.list()]
    return [value.reveal() for value in values if value]


def forms_of(secret):
    lines = [line for line in secret.splitlines() if len(line) > 20 and "-----" not in line]
    return [secret, base64.b64encode(secret.encode()).decode(), *lines]


def found_in(text, secrets):
    """How many of the secrets stand in a text, however it was folded."""
    text = squeezed(text)
    return [number for number, secret in enumerate(secrets) if any(squeezed(form) in text for form in forms_of(secret))]


def test_everything_is_shown_and_comes_out_as_expected():
    ended = demo()
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    lines = ended.stdout.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert not [line for line in lines if line != line.rstrip() or not line.isprintable()]
    assert "\x1b" not in ended.stdout
    assert sorted(set(OPERATIONS) - set(steps(ended.stdout, "ok"))) == []
    assert steps(ended.stdout, "!!") == []
    refused = steps(ended.stdout, "no")
    assert {"update_review_items", "jobs.alm.get", "request_password", "tokens.list"} <= set(refused)
    assert ended.stdout.count(', outcome "rejected"') == len(refused)
    assert ended.stdout.count("      Hint: ") >= 4
    for family in ("/rest/agent-config/1.0/tokens/", "/rest/agent/1.0/tokens"):
        assert f"> GET {family}" in ended.stdout
        assert f"> POST {family}" in ended.stdout
        assert f"> PUT {family}" in ended.stdout
    assert "stand in the text above: 0 of " in ended.stdout
    assert lines[-1].startswith("All ")


def test_runs_where_output_is_ascii():
    ended = demo(PYTHONIOENCODING="ascii")
    assert (ended.returncode, ended.stderr) == (0, "")


def test_no_secret_of_its_sandboxes_is_shown():
    known = []
    code, text = here(prepare=lambda box: known.extend(secrets_of(box)))
    assert code == 0
    assert len(set(known)) > 100
    assert found_in(text, known) == []
    assert 0 in found_in(text + known[0], known), "or this test finds nothing"
    assert "Secret(****)" in text


@pytest.mark.parametrize(
    ("fault", "wrong", "said"),
    [
        ({"operation": "jobs.analysis.start", "status": 500}, "jobs.analysis.start", "ServerError"),
        ({"operation": "tokens.create", "drop": "after"}, "tokens.create", "no answer, applied"),
        (
            {"operation": "uploadCoverage", "body": '{"data": {"type": "uploadCoverage", "status": "success"}}'},
            "upload_coverage",
            "requests that changed something expected 1 found 0",
        ),
        (
            {"operation": "connections.ldap.list", "body": '{"results": []}', "content_type": "application/json"},
            "connections.ldap.list",
            "expected [30, 29]",
        ),
        ({"operation": "jobs.ldap.list", "status": 503, "times": 3}, "jobs.ldap.list", "answered 503"),
    ],
)
def test_notices_what_goes_wrong(fault, wrong, said):
    code, text = here(prepare=lambda box: box.faults.next(**fault))
    assert code == 1
    assert steps(text, "!!") == [wrong]
    assert said in " ".join(text.split())
    assert "NOT as expected: 2 calls" in text
    assert max(map(len, text.splitlines())) <= WIDTH
    assert set(steps(text, "ok")) & {"login", "request_password"} == {"login", "request_password"}, "the others go on"


def test_notices_a_request_that_was_sent_again():
    code, text = here(prepare=lambda box: box.faults.next(operation="getReviewStatus", status=503))
    assert code == 0, "a read may be sent again"
    assert "-> 503" in text
    assert "-> 200" in text


def real(box, **more):
    gl, sde, pam, bamboo = box.governance_lifecycle, box.sd_elements, box.sectona, box.bamboo_agents
    return {
        "INFOSECOPS_GOVERNANCE_LIFECYCLE_URL": box.url,
        "INFOSECOPS_GOVERNANCE_LIFECYCLE_USERNAME": gl.username,
        "INFOSECOPS_GOVERNANCE_LIFECYCLE_PASSWORD": gl.password.reveal(),
        "INFOSECOPS_SD_ELEMENTS_URL": f"{box.url}/",
        "INFOSECOPS_SD_ELEMENTS_TOKEN": sde.token.reveal(),
        "INFOSECOPS_SECTONA_URL": box.url,
        "INFOSECOPS_SECTONA_ACCESS_KEY": pam.access_key.reveal(),
        "INFOSECOPS_BAMBOO_AGENTS_URL": box.url,
        "INFOSECOPS_BAMBOO_AGENTS_USERNAME": bamboo.username,
        "INFOSECOPS_BAMBOO_AGENTS_PASSWORD": bamboo.password.reveal(),
        "INFOSECOPS_BAMBOO_AGENTS_ACCESS_TOKEN": bamboo.reading_access_token.reveal(),
        **more,
    }


def test_real_systems_are_only_read():
    with Sandbox() as box:
        ended = demo(**real(box), NO_PROXY="127.0.0.1")
        assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
        assert {entry.operation for entry in box.journal} == READS
        assert {entry.operation for entry in box.journal if entry.applied} == {"logoutUser"}, "of its own session"
        assert ended.stdout.count("YOUR system, reading only") == 4
        assert ": sandbox" not in ended.stdout
        assert "INFOSECOPS_SECTONA_ACCOUNT" in ended.stdout
        assert max(map(len, ended.stdout.splitlines())) <= WIDTH
        values = real(box).values()
        assert [value for value in values if squeezed(value) in squeezed(ended.stdout)] == []
        assert f":{box.port}" not in ended.stdout
        assert found_in(ended.stdout, secrets_of(box)) == []


def test_a_password_is_asked_for_only_when_an_account_is_named():
    with Sandbox() as box:
        named = {"INFOSECOPS_SECTONA_ACCOUNT": "Unix Based|CENTOS7|admin152"}
        code, text = here(environment={k: v for k, v in real(box, **named).items() if "_SECTONA_" in k})
        assert code == 0, text
        assert box.journal.count() == box.journal.count(operation="RequestPassword") == 1, "once: it is recorded"
        assert text.count("YOUR system") == 1
        assert text.count("a sandbox on this machine") == 3
        assert "key_with_secret, Secret(****)" in text
        assert found_in(text, secrets_of(box)) == []


@pytest.mark.parametrize(
    ("names", "operations"),
    [
        ({"TOKEN": "token"}, {"getSecuritySettings", "about", "findReviews", "getReviewStatus"}),
        (
            {"CLIENT_ID": "client_id", "CLIENT_SECRET": "client_secret"},
            {"loginTrustedApp", "getSecuritySettings", "about", "findReviews", "getReviewStatus", "logoutUser"},
        ),
    ],
)
def test_other_ways_into_governance_lifecycle(names, operations):
    with Sandbox() as box:
        given = {name: getattr(box.governance_lifecycle, attribute) for name, attribute in names.items()}
        plain = {
            f"INFOSECOPS_GOVERNANCE_LIFECYCLE_{name}": value if isinstance(value, str) else value.reveal()
            for name, value in given.items()
        }
        code, text = here(environment={"INFOSECOPS_GOVERNANCE_LIFECYCLE_URL": box.url, **plain})
        assert code == 0, text
        assert {entry.operation for entry in box.journal} == operations
        assert [value for value in plain.values() if value in squeezed(text)] == []


def test_a_real_system_that_refuses_is_shown_and_fails():
    with Sandbox() as box:
        code, text = here(
            environment={"INFOSECOPS_BAMBOO_AGENTS_URL": box.url, "INFOSECOPS_BAMBOO_AGENTS_TOKEN": "canary-4711"}
        )
        assert code == 1
        assert steps(text, "!!") == ["tokens.list"]
        assert "AuthenticationError" in text
        assert "$INFOSECOPS_BAMBOO_AGENTS_URL/rest/agent" in squeezed(text)
        assert "canary-4711" not in squeezed(text)
        assert f":{box.port}" not in squeezed(text)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        (
            {
                "INFOSECOPS_GOVERNANCE_LIFECYCLE_URL": "https://canary.example",
                "INFOSECOPS_GOVERNANCE_LIFECYCLE_USERNAME": "canary",
            },
            "password: not given",
        ),
        ({"INFOSECOPS_SD_ELEMENTS_URL": "https://canary.example"}, "token: not given"),
        ({"SDE_HOST": "canary.example"}, "token: not given"),
        (
            {
                "INFOSECOPS_SECTONA_URL": "https://canary.example",
                "INFOSECOPS_SECTONA_ACCESS_KEY": "canary",
                "INFOSECOPS_SECTONA_ACCOUNT": "canary|canary",
            },
            "must be asset_type|asset_host|account_name",
        ),
        (
            {"INFOSECOPS_BAMBOO_AGENTS_URL": "https://canary.example", "INFOSECOPS_BAMBOO_AGENTS_USERNAME": "canary"},
            "password: not given",
        ),
        (
            {"INFOSECOPS_SD_ELEMENTS_URL": "http://canary.example", "INFOSECOPS_SD_ELEMENTS_TOKEN": "canary"},
            "allow_http",
        ),
        (
            {
                "INFOSECOPS_SD_ELEMENTS_URL": "https://canary.example",
                "INFOSECOPS_SD_ELEMENTS_TOKEN": "x",
                "INFOSECOPS_SD_ELEMENTS_CA_FILE": "/no/canary.pem",
            },
            "ca_file",
        ),
    ],
)
def test_settings_that_cannot_be_used(environment, said):
    code, text = here(environment=environment)
    assert code == 1
    assert said in " ".join(text.split())
    assert "canary" not in text
    assert "Traceback" not in text


def test_folding():
    assert fold("one two  three", 7) == ["one two", "three"]
    assert fold("GET /a?b=1&c=2", 10) == ["GET /a?b=1", "&c=2"]
    assert fold('{"a":1,"b":2}', 8) == ['{"a":1,', '"b":2}']
    assert fold("x" * 10, 4) == ["xxxx", "xxxx", "xx"]
    assert fold("", 4) == [""]


def test_a_screen_masks_and_finds_what_was_folded():
    out = io.StringIO()
    screen = Screen(out)
    screen.mask({"Admin": "$NAME", "https://canary.example": "$URL"})
    screen.line("admin and administrator at HTTPS://canary.example/path\x1b[0m")
    assert out.getvalue() == "$NAME and administrator at $URL/path?[0m\n"
    secret = "folded" * 20
    assert screen.leaks([secret, ""]) == 0
    screen.line(secret)
    assert screen.leaks([secret, "elsewhere"]) == 1
