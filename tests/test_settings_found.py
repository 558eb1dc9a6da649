"""Settings that are found: which source counts, and where is looked."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import UserLogin
from infosecops._infosecops import setting_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from servers import Authority

CLASSES = {
    "governance_lifecycle": "GovernanceLifecycle",
    "sd_elements": "SDElements",
    "sectona": "Sectona",
    "bamboo_agents": "BambooAgents",
}
LEVELS = ("keyword", "environment", "profile")
KEYWORD, ENVIRONMENT, PROFILE = range(3)

# A value of each source, for every setting.
TEXTS = {
    "url": ("https://k.example.com", "https://e.example.com", "https://p.example.com"),
    "accept": ("xml", "json", "xml"),
    "api": ("agent", "agent-config", "agent"),
    "proxy": ("direct", "http://e.example.com:1", "http://p.example.com:2"),
    "retry_attempts": (None, 4, 5),
    "max_response_bytes": (1000, 2000, 3000),
    "max_connections": (10, 20, 30),
    "failover": (
        ["https://k2.example.com"],
        ["https://e2.example.com", "https://e3.example.com"],
        ["https://p2.example.com"],
    ),
    "headers": ({"X": "k"}, None, {"X": "p"}),
    "logout_on_close": (True, False, True),
    "allow_http": (True, False, True),
    "danger_accept_invalid_certs": (True, False, True),
}
# What has to stand beside a setting, from the same sources.
BESIDE = {
    ("governance_lifecycle", "username"): ("password",),
    ("governance_lifecycle", "password"): ("username",),
    ("governance_lifecycle", "auth_source"): ("username", "password"),
    ("governance_lifecycle", "client_id"): ("client_secret",),
    ("governance_lifecycle", "client_secret"): ("client_id",),
    ("bamboo_agents", "username"): ("password",),
    ("bamboo_agents", "password"): ("username",),
}
NEEDED = {"sd_elements": {"token": "t"}, "sectona": {"access_key": "k"}}
PARTS_OF_KEYWORDS = {"retry_attempts", "retry_base", "retry_cap", "client_key"}
OF_LOGINS = {"username", "password", "auth_source", "client_id", "client_secret"}

SETTINGS = [
    pytest.param(system, name, kind, variables, id=f"{system} {name}")
    for system in CLASSES
    for name, kind, variables in setting_names(system)
]


def cls_of(system: str, twin: str = "") -> Any:
    return getattr(infosecops, twin + CLASSES[system])


def value_of(name: str, kind: str, level: int, files: Path) -> Any:
    if name in TEXTS:
        return TEXTS[name][level]
    if kind == "number":
        return level + 0.5
    if kind == "path":
        return str(files / f"{level}.pem")
    return f"{name} of {LEVELS[level]}"


def toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {toml(each)}" for name, each in value.items()) + "}"
    return json.dumps(value)


@pytest.fixture
def files(tmp_path: Path, authority: Authority) -> Path:
    """A certificate with its key for each source."""
    both = authority.issue("localhost").both
    for level in range(3):
        shutil.copy(both, tmp_path / f"{level}.pem")
    return tmp_path


@pytest.mark.parametrize("twin", ["", "Async"])
@pytest.mark.parametrize(("system", "name", "kind", "variables"), SETTINGS)
def test_keywords_come_before_the_environment_and_that_before_profiles(  # noqa: PLR0913, PLR0917
    system: str,
    name: str,
    kind: str,
    variables: list[str],
    twin: str,
    profiles: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    files: Path,
) -> None:
    values = [value_of(name, kind, level, files) for level in range(3)]
    possible = [KEYWORD, ENVIRONMENT, PROFILE]
    if name in PARTS_OF_KEYWORDS or (system == "governance_lifecycle" and name in OF_LOGINS):
        possible.remove(KEYWORD)
    if not variables:
        possible.remove(ENVIRONMENT)
    beside = BESIDE.get((system, name), ()) + (("client_cert",) if name == "client_key" else ())
    for count in range(1, len(possible) + 1):
        for levels in itertools.combinations(possible, count):
            keywords = {"url": "https://host.example.com", **NEEDED.get(system, {})}
            keywords.pop(name, None)
            lines = []
            with monkeypatch.context() as patch:
                for level in levels:
                    if level == KEYWORD:
                        keywords[name] = values[level]
                        is_pair = system == "bamboo_agents" and name in ("username", "password")
                        keywords |= dict.fromkeys(beside, "x") if is_pair else {}
                    elif level == ENVIRONMENT:
                        text = " ".join(values[level]) if kind == "list of texts" else str(values[level])
                        patch.setenv(variables[0], text.lower() if isinstance(values[level], bool) else text)
                        for other in beside:
                            variable = f"INFOSECOPS_{system}_{other}".upper()
                            patch.setenv(variable, str(files / "1.pem") if other == "client_cert" else "x")
                    else:
                        lines.append(f"{name} = {toml(values[level])}")
                        lines += [f"{other} = {toml(str(files / '2.pem'))}" for other in beside]
                file = profiles(f"[prod.{system}]\n" + "\n".join(lines))
                report = cls_of(system, twin).from_profile("prod", **keywords).config_report()
            table = f"profile {file} [prod.{system}]"
            sources = {KEYWORD: "keyword", ENVIRONMENT: f"environment {(variables or [''])[0]}", PROFILE: table}
            entry = report[name]
            assert entry.source == sources[levels[0]], levels
            shown = ["****" if kind == "secret" else values[level] for level in levels]
            assert entry.value == shown[0], levels
            rest = levels[1:]
            assert entry.shadowed == tuple((sources[level], shown[1 + at]) for at, level in enumerate(rest))


@pytest.mark.parametrize("system", CLASSES)
def test_the_environment_alone_is_enough(
    system: str, profiles: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles("this is no TOML and is not read")
    credential = {"sectona": "access_key"}.get(system, "token")
    prefix = f"INFOSECOPS_{system}_".upper()
    monkeypatch.setenv(f"{prefix}URL", "https://host.example.com")
    monkeypatch.setenv(f"{prefix}{credential.upper()}", "secret")
    monkeypatch.setenv(f"{prefix}TIMEOUT", "")
    for twin in ("", "Async"):
        report = cls_of(system, twin).from_env().config_report()
        assert report["url"].source == f"environment {prefix}URL"
        assert report[credential].value == "****"
        assert (report["timeout"].value, report["timeout"].source) == (30.0, "default")


def test_constructors_do_not_look_anywhere(profiles: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    profiles("[default.sectona]\ntimeout = 1")
    monkeypatch.setenv("INFOSECOPS_SECTONA_TIMEOUT", "2")
    pam = infosecops.Sectona("https://pam.example.com", access_key="k")
    assert pam.config_report()["timeout"].value == 30.0


def test_none_counts_for_what_has_a_default_only(profiles: Callable[..., Path]) -> None:
    profiles("[prod.sectona]\nurl='https://p.example.com'\naccess_key='k'\nuser_agent='p'")
    report = infosecops.Sectona.from_profile("prod", url=None, access_key=None, user_agent=None).config_report()
    assert report["url"].value == "https://p.example.com"
    assert report["access_key"].source.startswith("profile ")
    assert (report["user_agent"].value, report["user_agent"].source) == (
        f"infosecops/{infosecops.__version__}",
        "keyword",
    )


@pytest.mark.parametrize("name", [None, 5, b"prod"])
def test_what_is_no_name_of_a_profile_is_not_taken_for_none(name: Any, profiles: Callable[..., Path]) -> None:
    profiles("[prod.sectona]\nurl='https://p.example.com'\naccess_key='k'")
    with pytest.raises(TypeError, match=f"profile: must be a str, not {type(name).__name__}"):
        infosecops.Sectona.from_profile(name, url="https://k.example.com", access_key="k")


def test_a_login_keyword_shadows_every_other_way(
    profiles: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles("[prod.governance_lifecycle]\nurl='https://p.example.com'\ntoken='t'\nusername='p'\npassword='p'")
    with pytest.raises(infosecops.ConfigError, match=r"several ways to log in: token \(profile .*, username \(profile"):
        infosecops.GovernanceLifecycle.from_profile("prod")
    monkeypatch.setenv("INFOSECOPS_GOVERNANCE_LIFECYCLE_PASSWORD", "e")
    report = infosecops.GovernanceLifecycle.from_profile("prod").config_report()
    assert report["password"].source == "environment INFOSECOPS_GOVERNANCE_LIFECYCLE_PASSWORD"
    assert (report["token"].value, len(report["token"].shadowed)) == (None, 1)
    login = UserLogin("k", "k")
    report = infosecops.GovernanceLifecycle.from_profile("prod", login=login).config_report()
    assert (report["username"].value, report["username"].source) == ("k", "keyword login")
    assert next(source for source, _ in report["password"].shadowed).startswith("environment ")


def test_a_file_that_is_missing_is_named(profiles: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    file = profiles("")
    file.unlink()
    with pytest.raises(infosecops.ConfigError) as caught:
        infosecops.Sectona.from_profile("prod")
    assert f"there is no file {file}; write one, or name another in INFOSECOPS_CONFIG" in str(caught.value)
    monkeypatch.setenv("INFOSECOPS_CONFIG", str(file.with_name("other.toml")))
    file.with_name("other.toml").write_text("[prod.sectona]\nurl='https://other.example.com'", encoding="utf-8")
    file.with_name("other.toml").chmod(0o600)
    assert infosecops.Sectona.from_profile("prod", access_key="k").url == "https://other.example.com"
    monkeypatch.setenv("INFOSECOPS_CONFIG", "other.toml")
    with pytest.raises(infosecops.ConfigError, match="INFOSECOPS_CONFIG: must be an absolute path"):
        infosecops.Sectona.from_profile("prod")


@pytest.mark.skipif(os.name != "posix", reason="modes and owners are those of POSIX")
@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o604, 0o644, 0o664, 0o602, 0o666])
def test_modes_decide_whether_a_file_is_used_and_a_secret_taken(mode: int, profiles: Callable[..., Path]) -> None:
    secret = "[prod.sectona]\nurl='https://pam.example.com'\naccess_key='k'"
    reference = secret.replace("'k'", "{env='K'}")
    for text in (secret, reference):
        file = profiles(text, mode)
        if mode & 0o022:
            with pytest.raises(infosecops.ConfigError, match=f"others may write to .*{mode:04o}.*chmod go-w"):
                infosecops.Sectona.from_profile("prod")
        elif mode & 0o077 and text is secret:
            with pytest.raises(infosecops.ConfigError, match="access_key: holds a secret, and others may read"):
                infosecops.Sectona.from_profile("prod")
        else:
            assert infosecops.Sectona.from_profile("prod").url == "https://pam.example.com"
        file.chmod(0o600)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_the_file_of_another_user_is_not_used(profiles: Callable[..., Path], tmp_path: Path) -> None:
    file = profiles("[prod.sectona]\nurl='https://pam.example.com'\naccess_key={env='K'}")
    os.chown(file, 12345, -1)
    link = tmp_path / "link.toml"
    link.symlink_to(file)
    with pytest.raises(infosecops.ConfigError, match="belongs to the user with the id 12345, not to you"):
        infosecops.Sectona.from_profile("prod")


def test_the_working_directory_is_never_read(
    profiles: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles("").unlink()
    here = tmp_path / "here"
    text = "[prod.sectona]\nurl='https://planted.example.com'\naccess_key='k'"
    for place in ("config.toml", "infosecops/config.toml", ".config/infosecops/config.toml", "infosecops.toml"):
        (here / place).parent.mkdir(parents=True, exist_ok=True)
        (here / place).write_text(text, encoding="utf-8")
        (here / place).chmod(0o600)
    monkeypatch.chdir(here)
    for config, home in itertools.product((None, "", ".", "here", "./.config"), (None, "", ".", "~")):
        with monkeypatch.context() as patch:
            for name, value in {"XDG_CONFIG_HOME": config, "APPDATA": config, "HOME": home}.items():
                if value is None:
                    patch.delenv(name, raising=False)
                else:
                    patch.setenv(name, value)
            with pytest.raises(infosecops.ConfigError):
                infosecops.Sectona.from_profile("prod")


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use can't be deleted there")
def test_a_working_directory_that_is_gone_does_no_harm(
    profiles: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles("[prod.sectona]\nurl='https://pam.example.com'\naccess_key={file='key'}")
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    shutil.rmtree(gone)
    report = infosecops.Sectona.from_profile("prod").config_report()
    assert report["access_key"].value == f"file {tmp_path}/settings/infosecops/key"
