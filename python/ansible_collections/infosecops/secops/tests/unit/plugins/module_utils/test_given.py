# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import date
from importlib import import_module
from pathlib import Path

import pytest
from ansible_collections.infosecops.secops.plugins import modules
from ansible_collections.infosecops.secops.plugins.module_utils import _common, _given

MODULES = sorted(path.stem for path in Path(next(iter(modules.__path__))).glob("[a-z]*.py"))


class SpecFoundError(Exception):
    """Ends a module where it has its argument specification."""


def spec_of(module, monkeypatch):
    def found(argument_spec, **_keywords):
        raise SpecFoundError(argument_spec)

    monkeypatch.setattr(_common, "AnsibleModule", found)
    with pytest.raises(SpecFoundError) as raised:
        import_module(f"{modules.__name__}.{module}").main()
    return raised.value.args[0]


def places(spec, kinds, path=()):
    """Every option of these types, as the names that lead to it."""
    for name, option in spec.items():
        here = (*path, name)
        if option.get("elements", option["type"]) in kinds:
            yield here, option
        yield from places(option.get("options", {}), kinds, here)


def written(spec, names, value):
    """The options that give one of them this value."""
    name, *rest = names
    inner = written(spec[name]["options"], rest, value) if rest else value
    return {name: [inner] if spec[name]["type"] == "list" else inner}


@pytest.mark.parametrize("module", MODULES)
def test_every_option_of_text_refuses_what_is_none(module, monkeypatch):
    spec = spec_of(module, monkeypatch)
    for names, option in places(spec, ("str", "path")):
        for value in (83, True, False, 1.5, {}, ["0123"]):
            (problem,) = [text for text in _given.problems(spec, written(spec, names, value)) if "quotes" in text]
            assert names[-1] in problem
            assert "83" not in problem or not option.get("no_log")
        assert list(_given.problems(spec, written(spec, names, "0123"))) == []


@pytest.mark.parametrize("module", MODULES)
def test_every_option_of_a_number_refuses_booleans(module, monkeypatch):
    spec = spec_of(module, monkeypatch)
    for names, option in places(spec, ("int", "float")):
        assert len(list(_given.problems(spec, written(spec, names, True)))) == 1
        for value in (12, "12", *([1.5, "1.5"] if option["type"] == "float" else [])):
            assert list(_given.problems(spec, written(spec, names, value))) == []


@pytest.mark.parametrize("value", [True, False, 12.0, 1.5, "012", "0x1f", "1_000", "12.0", "1e3", "+1", "", "٣", None])
def test_integers_that_may_mean_another_are_refused(value):
    assert list(_given.problems_of("agent_id", {"type": "int"}, value))


@pytest.mark.parametrize("value", [0, 12, -1, "0", "12", "-1", "131073", " 12 "])
def test_integers_are_taken_as_numbers_and_as_digits(value):
    assert list(_given.problems_of("agent_id", {"type": "int"}, value)) == []


@pytest.mark.parametrize("value", [None, 7, date(2026, 1, 2), ()])
def test_nothing_and_dates_are_no_text(value):
    assert list(_given.problems_of("name", {"type": "str"}, value))


def test_text_that_ansible_has_encrypted_is_text():
    assert list(_given.problems_of("name", {"type": "str"}, object())) == []


def test_options_that_are_not_given_are_no_problem():
    spec = {"name": {"type": "str", "required": True}, "other": {"type": "str"}}
    assert list(_given.problems(spec, {})) == []
    assert list(_given.problems(spec, {"other": None})) == []
    (problem,) = _given.problems(spec, {"name": None})
    assert problem.startswith("name: expected text, got nothing; ")


def test_a_dictionary_given_as_text_is_looked_into():
    spec = {"item": {"type": "dict", "options": {"name": {"type": "str"}}}}
    assert list(_given.problems(spec, {"item": "name=0123"})) == []
    (problem,) = _given.problems(spec, {"item": '{"name": 83}'})
    assert problem.startswith("item.name: expected text, got the integer 83; ")


def test_a_list_given_as_text_is_text():
    spec = {"failover": {"type": "list", "elements": "str"}}
    assert list(_given.problems(spec, {"failover": "https://a.example.com,https://b.example.com"})) == []
    assert list(_given.problems(spec, {"failover": 83}))
