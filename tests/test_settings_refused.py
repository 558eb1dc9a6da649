"""Settings that are found and can't be used: what is told, and that it shows no secret."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import UserLogin
from test_secrets import CANARY, failure
from test_settings_found import cls_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize("twin", ["", "Async"])
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", 'has no profile "prod"; it has none'),
        ("[prdo.sectona]", 'has no profile "prod"; did you mean prdo?; it has prdo'),
        ("[prod.sd_elements]", "has no table [prod.sectona]; of prod it has sd_elements"),
        ("[prod.sectona]\nacces_key='x'", "line 2: there is no setting acces_key; did you mean access_key?"),
        ("[prod.sectona]\ntimeout='x'", "timeout: must be a number, not a text (FILE [prod.sectona], line 2)"),
        ("[prod.sectona]\nurl='x'\n\n = 1", "profiles: FILE, line 4, column 2: "),
        ("[prod.sectona]\nurl='https://x.example.com'", "access_key: not given; it is no keyword, nor in the "),
        ("[prod.sectona]\naccess_key='x'", "nor in FILE [prod.sectona]. Hint: docs/configuration.md lists"),
        ("[prod.sectona]\nurl='ftp://x'\naccess_key='x'", "the scheme must be https (profile FILE [prod.sectona])"),
        (
            "[prod.sectona]\nurl='https://x.example.com'\naccess_key='x'\naccept='yaml'",
            'accept: must be "json" or "xml" (profile FILE [prod.sectona])',
        ),
        (
            "[prod.sectona]\nurl='https://x.example.com'\naccess_key='x'\nretry_attempts=0",
            "retry: attempts must be at least 1 (profile FILE [prod.sectona])",
        ),
        (
            "[prod.sectona]\nurl='https://x.example.com'\naccess_key='x'\nretry_attempts=4294967296",
            "retry_attempts: must be a number below 4294967296 (profile FILE [prod.sectona])",
        ),
        (
            "[prod.sectona]\nurl='https://x.example.com'\naccess_key=''",
            "access_key: must not be empty (profile FILE [prod.sectona])",
        ),
        (
            "[prod.sectona]\nurl='https://x.example.com'\naccess_key='x'\nca_file='ca.pem'",
            "ca_file: cannot read FOLDER/ca.pem: ",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_profile_is_told_with_its_place(
    text: str, told: str, twin: str, profiles: Callable[..., Path]
) -> None:
    file = profiles(text)
    with pytest.raises(infosecops.ConfigError) as caught:
        cls_of("sectona", twin).from_profile("prod")
    assert told.replace("FILE", str(file)).replace("FOLDER", str(file.parent)) in str(caught.value)
    assert caught.value.outcome == "not_sent"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("TIMEOUT", "soon", "timeout: must be a number, such as 30 or 2.5 (INFOSECOPS_SECTONA_TIMEOUT)"),
        ("TIMEOUT", "-1", "timeout: must be a positive number of seconds (environment INFOSECOPS_SECTONA_TIMEOUT)"),
        ("TIMEOUT", "nan", "timeout: must be a positive number of seconds (environment INFOSECOPS_SECTONA_TIMEOUT)"),
        ("ALLOW_HTTP", "maybe", "allow_http: must be true or false"),
        ("CA_FILE", "ca.pem", "ca_file: must be an absolute path, or begin with ~/"),
        ("ACCESS_KEY_FILE", "/x", "both INFOSECOPS_SECTONA_ACCESS_KEY and INFOSECOPS_SECTONA_ACCESS_KEY_FILE are set"),
        ("CLIENT_KEY", "/x", "client_key: stands without client_cert (environment INFOSECOPS_SECTONA_CLIENT_KEY)"),
    ],
)
def test_what_is_wrong_in_the_environment_is_told_by_name(
    name: str, value: str, told: str, profiles: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles("")
    monkeypatch.setenv("INFOSECOPS_SECTONA_ACCESS_KEY", "k")
    monkeypatch.setenv(f"INFOSECOPS_SECTONA_{name}", value)
    with pytest.raises(infosecops.ConfigError) as caught:
        infosecops.Sectona.from_env(url="https://pam.example.com")
    assert told in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="variables are bytes there alone")
def test_a_variable_that_is_no_text_is_refused(profiles: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    profiles("")
    monkeypatch.setenv("INFOSECOPS_SECTONA_URL", "https://\udcff")
    with pytest.raises(infosecops.ConfigError, match="INFOSECOPS_SECTONA_URL: holds bytes that are no text"):
        infosecops.Sectona.from_env(access_key="k")


BROKEN = {
    "two ways": "[prod.bamboo_agents]\nurl='https://x.example.com'\ntoken='CANARY'\nusername='u'\npassword='CANARY'",
    "no url": "[prod.bamboo_agents]\ntoken='CANARY'",
    "bad url": "[prod.bamboo_agents]\nurl='https://u:CANARY@x.example.com'\ntoken='CANARY'",
    "bad timeout": "[prod.bamboo_agents]\nurl='https://x.example.com'\ntoken='CANARY'\ntimeout=-1",
    "bad header": "[prod.bamboo_agents]\nurl='https://x.example.com'\ntoken='CANARY'\nheaders={Authorization='CANARY'}",
    "bad proxy": "[prod.bamboo_agents]\nurl='https://x.example.com'\ntoken='CANARY'\nproxy='http://u:CANARY@p:99999'",
    "bad kind": "[prod.bamboo_agents]\nurl='https://x.example.com'\ntoken='CANARY'\nallow_http='CANARY'",
    "bad document": "[prod.bamboo_agents]\nurl='https://x.example.com'\ntoken='CANARY",
    "bad user": "[prod.bamboo_agents]\nurl='https://x.example.com'\nusername='a:b'\npassword='CANARY'",
}


@pytest.mark.parametrize("twin", ["", "Async"])
@pytest.mark.parametrize("mode", [0o600, 0o644])
@pytest.mark.parametrize("name", BROKEN)
def test_no_refusal_shows_a_secret(name: str, mode: int, twin: str, profiles: Callable[..., Path]) -> None:
    profiles(BROKEN[name].replace("CANARY", CANARY), mode)
    assert CANARY not in failure(lambda: cls_of("bamboo_agents", twin).from_profile("prod"))


@pytest.mark.parametrize("twin", ["", "Async"])
@pytest.mark.parametrize(
    ("system", "keywords"),
    [
        ("bamboo_agents", {"token": CANARY}),
        ("bamboo_agents", {"url": "https://x.example.com", "token": CANARY, "username": "u"}),
        ("bamboo_agents", {"url": f"https://u:{CANARY}@x.example.com"}),
        ("governance_lifecycle", {"token": CANARY, "login": UserLogin("a", CANARY)}),
        ("sectona", {"url": "https://x.example.com", "access_key": CANARY, "no_such_keyword": CANARY}),
        ("sd_elements", {"url": "https://x.example.com", "token": CANARY, "proxy": f"http://u:{CANARY}@p:99999"}),
    ],
)
def test_no_refusal_shows_a_keyword(
    system: str, keywords: dict[str, Any], twin: str, profiles: Callable[..., Path]
) -> None:
    profiles(f"[prod.{system}]")
    given = Hidden(keywords)
    for method, names in (("from_env", ()), ("from_profile", ("prod",))):
        assert CANARY not in failure(lambda: getattr(cls_of(system, twin), method)(*names, **given.keywords))  # noqa: B023


class Hidden:
    """Keeps its content out of the frames that a test looks at."""

    def __init__(self, keywords: dict[str, Any]) -> None:
        self.keywords = keywords
