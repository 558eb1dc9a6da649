# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import date

import infosecops
import pytest
import yaml
from ansible_collections.infosecops.secops.plugins.doc_fragments import (
    connection_bamboo,
    connection_gl,
    connection_sde,
    connection_sectona,
)
from ansible_collections.infosecops.secops.plugins.module_utils import _common

FRAGMENTS = {
    "governance_lifecycle": connection_gl,
    "sd_elements": connection_sde,
    "sectona": connection_sectona,
    "bamboo_agents": connection_bamboo,
}
GL = {"url": "https://gl.example.com"}


@pytest.mark.parametrize("system", FRAGMENTS)
def test_options_are_those_of_the_documentation(system):
    options = _common.connection_options(system)
    for text in (FRAGMENTS[system].ModuleDocFragment.DOCUMENTATION, FRAGMENTS[system].ModuleDocFragment.PLUGIN):
        documented = yaml.safe_load(text)["options"]
        assert set(documented) == set(options)
        for name, option in options.items():
            assert documented[name]["type"] == option["type"]
            assert documented[name].get("choices") == option.get("choices")
            assert documented[name].get("elements") == option.get("elements")


@pytest.mark.parametrize("system", FRAGMENTS)
def test_plugins_take_options_of_the_same_variables(system):
    documented = yaml.safe_load(FRAGMENTS[system].ModuleDocFragment.PLUGIN)["options"]
    for name, option in documented.items():
        assert option["env"] == [{"name": _common.variable(system, name)}]
        assert option["vars"] == [{"name": f"infosecops_{system}_{name}"}]
        assert option["ini"] == [{"section": f"infosecops_{system}", "key": name}]


@pytest.mark.parametrize("system", FRAGMENTS)
def test_what_is_secret_is_logged_nowhere(system):
    options = _common.connection_options(system)
    for name in _common.SYSTEMS[system]["secrets"] + ("proxy",):
        assert options[name]["no_log"] is True


@pytest.mark.parametrize("system", FRAGMENTS)
def test_options_are_settings_of_the_client(system, monkeypatch):
    monkeypatch.setenv(_common.variable(system, "url"), "https://host.example.com")
    monkeypatch.setenv(_common.variable(system, "token"), "of the environment")
    monkeypatch.setenv(_common.variable(system, "access_key"), "of the environment")
    options = {"timeout": 5.0, "proxy": "direct", "connect_timeout": 2.0}
    report = _common.make_client(system, options).config_report()
    assert report["timeout"].value == 5.0
    assert report["timeout"].source == "keyword"
    assert report["url"].source == f"environment {_common.variable(system, 'url')}"


def test_a_login_of_the_task_comes_before_one_of_the_environment(monkeypatch):
    monkeypatch.setenv("INFOSECOPS_GOVERNANCE_LIFECYCLE_TOKEN", "of the environment")
    # As AnsibleModule fills them in.
    options = dict(GL, token="of the environment", username="me", password="of the task")
    report = _common.make_client("governance_lifecycle", options).config_report()
    assert report["username"].value == "me"


def test_half_a_login_is_refused():
    with pytest.raises(infosecops.ConfigError, match="password: is missing") as raised:
        _common.make_client("governance_lifecycle", dict(GL, username="me"))
    assert raised.value.outcome == "not_sent"


def test_two_logins_are_refused():
    options = dict(GL, username="me", password="x", client_id="app", client_secret="y")
    with pytest.raises(infosecops.ConfigError, match="two ways"):
        _common.make_client("governance_lifecycle", options)


def test_an_old_package_is_refused_with_both_versions(monkeypatch):
    assert _common.package_problem() is None
    monkeypatch.setattr(_common, "OLDEST_PACKAGE", "999.0.0")
    problem = _common.package_problem()
    assert "999.0.0" in problem
    assert infosecops.__version__ in problem


def test_a_missing_package_is_told(monkeypatch):
    monkeypatch.setattr(_common, "infosecops", None)
    assert "infosecops" in _common.package_problem()


def test_results_are_plain():
    given = {"on": date(2026, 1, 2), "several": [{"on": date(2026, 1, 3)}, 4]}
    assert _common.plain(given) == {"on": "2026-01-02", "several": [{"on": "2026-01-03"}, 4]}


def test_a_failure_has_all_fields():
    error = infosecops.NotFoundError("not there", system="sd_elements", outcome="rejected", status=404)
    failure = _common.failure(error)
    assert failure["msg"] == "not there"
    assert {name: failure[name] for name in ("system", "outcome", "status")} == {
        "system": "sd_elements",
        "outcome": "rejected",
        "status": 404,
    }
    assert set(failure) == set(_common.ERROR_FIELDS) | {"msg"}
