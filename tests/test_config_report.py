"""What a client says of its own settings: whole, true, and without a secret."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import ConfigEntry, ConfigReport, Retry, TrustedApp, UserLogin
from infosecops._infosecops import setting_names
from test_secrets import CANARY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

URL = "https://host.example.com"
pytestmark = pytest.mark.usefixtures("no_proxies")
MADE: dict[str, dict[str, Any]] = {
    "GovernanceLifecycle": {"token": CANARY},
    "SDElements": {"token": CANARY},
    "Sectona": {"access_key": CANARY},
    "BambooAgents": {"username": "u", "password": CANARY},
}
SYSTEMS = {"GovernanceLifecycle": "governance_lifecycle", "SDElements": "sd_elements", "Sectona": "sectona"}


def fetch() -> str:
    return CANARY


def report_of(name: str = "SDElements", **options: Any) -> ConfigReport:
    given = {**MADE[name], **options}
    return getattr(infosecops, name)(URL, **given).config_report()


def entry(name: str, **options: Any) -> tuple[object, str]:
    found = report_of(**options)[name]
    assert found.shadowed == ()
    return found.value, found.source


@pytest.mark.parametrize("twin", ["", "Async"])
@pytest.mark.parametrize("name", MADE)
def test_every_setting_has_its_row(name: str, twin: str) -> None:
    report = getattr(infosecops, twin + name)(URL, **MADE[name]).config_report()
    names = [setting for setting, _, _ in setting_names(SYSTEMS.get(name, "bamboo_agents"))]
    assert [one.name for one in report] == [*names, "on_event"]
    assert len(report) == len(names) + 1
    assert {one.name for one in report if one.source == "keyword"} == {"url", *MADE[name]}
    assert {one.source for one in report} == {"keyword", "default"}


@pytest.mark.parametrize(
    ("options", "name", "expected"),
    [
        ({}, "url", (URL, "keyword")),
        ({}, "timeout", (30.0, "default")),
        ({"timeout": 5}, "timeout", (5.0, "keyword")),
        ({"connect_timeout": 30.0}, "connect_timeout", (30.0, "keyword")),
        ({}, "retry_attempts", (3, "default")),
        ({"retry": Retry(2)}, "retry_attempts", (2, "keyword")),
        ({"retry": Retry(2)}, "retry_cap", (20.0, "keyword")),
        ({}, "token", ("****", "keyword")),
        ({"token": infosecops.Secret(CANARY)}, "token", ("****", "keyword")),
        ({"token": fetch}, "token", ("callable", "keyword")),
        ({}, "proxy", (None, "default")),
        ({"proxy": "direct"}, "proxy", ("direct", "keyword")),
        ({"proxy": f"http://u:{CANARY}@p.example.com:1"}, "proxy", ("http://****@p.example.com:1", "keyword")),
        ({"headers": {"X": "a", "X-Api-Key": CANARY}}, "headers", ({"X": "a", "X-Api-Key": "****"}, "keyword")),
        ({}, "headers", (None, "default")),
        ({}, "user_agent", (f"infosecops/{infosecops.__version__}", "default")),
        ({"user_agent": "nightly"}, "user_agent", ("nightly", "keyword")),
        ({"on_event": print}, "on_event", ("callable", "keyword")),
        ({"on_event": None}, "on_event", (None, "keyword")),
        ({"allow_http": True}, "allow_http", (True, "keyword")),
        ({"max_response_bytes": 10}, "max_response_bytes", (10, "keyword")),
        ({"max_connections": 10}, "max_connections", (10, "keyword")),
        ({}, "max_connections", (100, "default")),
        ({}, "client_key", (None, "default")),
    ],
)  # fmt: skip
def test_a_row_says_what_is_in_use(options: dict[str, Any], name: str, expected: tuple[object, str]) -> None:
    assert entry(name, **options) == expected


def test_keywords_of_one_system() -> None:
    report = report_of("Sectona", accept="xml")
    assert (report["accept"].value, report["accept"].source) == ("xml", "keyword")
    report = report_of("GovernanceLifecycle", token=None, login=UserLogin("u", CANARY, "AD"))
    logins = [(one.value, one.source) for one in report if one.name in ("username", "password", "auth_source")]
    assert logins == [("u", "keyword login"), ("****", "keyword login"), ("AD", "keyword login")]
    report = report_of("GovernanceLifecycle", token=None, login=TrustedApp("app", fetch))
    assert (report["client_id"].value, report["client_secret"].value) == ("app", "callable")
    assert (report["username"].value, report["username"].source) == (None, "default")


def test_certificate_and_key_have_rows_of_their_own(authority: Any) -> None:
    pair = authority.issue("localhost")
    report = report_of(client_cert=(pair.certificate, str(pair.key)), ca_file=authority.file)
    assert report["client_cert"].value == str(pair.certificate)
    assert (report["client_key"].value, report["client_key"].source) == (str(pair.key), "keyword")
    assert report["ca_file"].value == str(authority.file)
    report = report_of(client_cert=pair.both)
    assert (report["client_cert"].value, report["client_key"].value) == (str(pair.both), None)


def test_a_proxy_of_the_environment_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{CANARY}@proxy.example.com:3128")
    assert entry("proxy") == ("http://proxy.example.com:3128", "environment HTTPS_PROXY or ALL_PROXY")
    assert entry("proxy", proxy="direct") == ("direct", "keyword")


def everywhere(profiles: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> infosecops.SDElements:
    """A client with a secret in every place that can hold one."""
    profiles(
        "[prod.sd_elements]\n"
        f"url = 'https://u:{CANARY}@p.example.com/?token={CANARY}'\n"
        f"token = '{CANARY}'\n"
        f"proxy = 'http://u:{CANARY}@p.example.com:1'\n"
        f"headers = {{X-Api-Key = '{CANARY}', X-Team = 'p'}}\n"
    )
    monkeypatch.setenv("INFOSECOPS_SD_ELEMENTS_URL", f"https://u:{CANARY}@e.example.com/?token={CANARY}")
    monkeypatch.setenv("INFOSECOPS_SD_ELEMENTS_TOKEN", CANARY)
    monkeypatch.setenv("INFOSECOPS_SD_ELEMENTS_PROXY", f"http://u:{CANARY}@e.example.com:1")
    return infosecops.SDElements.from_profile(
        "prod", url=URL, token=CANARY, proxy=f"http://u:{CANARY}@k.example.com:1", headers={"X-Api-Key": CANARY}
    )


def test_no_report_shows_a_secret(profiles: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    sde = everywhere(profiles, monkeypatch)
    report = sde.config_report()
    assert [len(one.shadowed) for one in report if one.name in ("url", "token", "proxy", "headers")] == [2, 2, 2, 1]
    shown = f"{report} {report!r} {[*report]!r} {json.dumps(report.to_dict())} {sde!r} {vars(sde)!r}"
    assert CANARY not in shown
    assert CANARY.encode() not in pickle.dumps(report.to_dict())
    assert [value for _, value in report["token"].shadowed] == ["****", "****"]
    assert [value for _, value in report["proxy"].shadowed] == [
        "http://****@e.example.com:1",
        "http://****@p.example.com:1",
    ]
    assert report["headers"].shadowed[0][1] == {"X-Api-Key": "****", "X-Team": "p"}


def test_the_table_shows_rows_and_what_they_shadow(
    profiles: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = profiles("[prod.sd_elements]\ntimeout = 7\ntoken = {file = 'token'}")
    monkeypatch.setenv("INFOSECOPS_SD_ELEMENTS_TIMEOUT", "8")
    lines = repr(infosecops.SDElements.from_profile("prod", url=URL).config_report()).splitlines()
    assert lines[0].split() == ["setting", "value", "source"]
    start = lines[0].index("source")
    assert all(line[start - 1] == " " != line[start] for line in lines)
    at = lines.index(next(line for line in lines if line.startswith("timeout ")))
    assert lines[at].split(maxsplit=2) == ["timeout", "8.0", "environment INFOSECOPS_SD_ELEMENTS_TIMEOUT"]
    assert lines[at + 1].split(maxsplit=1) == ["7.0", f"(not used: profile {file} [prod.sd_elements])"]


def test_plain_data(profiles: Callable[..., Path]) -> None:
    file = profiles("[prod.sd_elements]\ntimeout = 7")
    data = infosecops.SDElements.from_profile("prod", url=URL, token="t", timeout=9).config_report().to_dict()
    assert data["timeout"] == {
        "name": "timeout",
        "value": 9.0,
        "source": "keyword",
        "shadowed": [{"source": f"profile {file} [prod.sd_elements]", "value": 7.0}],
    }
    json.dumps(data)


def test_values_are_made_of_rows() -> None:
    report = ConfigReport(
        [("a", None, "default", ()), ("b", "x" * 60, "keyword", [("default", 1)]), ("c", "a\nb", "x", ())]
    )
    assert "c        a\N{REPLACEMENT CHARACTER}b" in repr(report)
    assert repr(report["a"]) == "ConfigEntry('a', None, 'default')"
    assert repr(ConfigEntry("b", 1, "keyword", [("default", 2)])) == "ConfigEntry('b', 1, 'keyword')"
    assert report["b"].shadowed == (("default", 1),)
    assert "\N{HORIZONTAL ELLIPSIS}" in repr(report)
    with pytest.raises(KeyError):
        report["d"]
