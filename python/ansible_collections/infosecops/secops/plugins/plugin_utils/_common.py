# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plugins share that run on the controller: a client of a plugin's options, and errors as one line."""

from __future__ import annotations

from contextlib import contextmanager

from ansible.errors import AnsibleError
from ansible_collections.infosecops.secops.plugins.module_utils._common import (
    COMMON_OPTIONS,
    SYSTEMS,
    infosecops,
    make_client,
    package_problem,
)
from ansible_collections.infosecops.secops.plugins.module_utils._given import problems, problems_of

SECRETS = {"proxy", "uuid"}.union(*(system["secrets"] for system in SYSTEMS.values()))


@contextmanager
def client_of(plugin, system, error_class=AnsibleError):
    """The client of a plugin's options. It lives as long as the block: workers are forked, and keep nothing."""
    problem = package_problem()
    if problem is not None:
        raise error_class(problem)
    names = list(COMMON_OPTIONS) + list(SYSTEMS[system]["options"])
    try:
        with make_client(system, {name: option(plugin, name) for name in names}) as client:
            yield client
    except (infosecops.Error, TypeError, ValueError) as error:
        raise error_class(str(error)) from None


def check_given(plugin, direct, variables, error_class=AnsibleError):
    """Refuse numbers and booleans where text is expected, in options given directly or by a variable."""
    given = {}
    for name, definition in plugin.option_definitions.items():
        names = [variable["name"] for variable in definition.get("vars") or ()]
        found = [variables[variable] for variable in names if variable in (variables or {})]
        given[name] = direct[name] if name in direct else found[-1] if found else None
    spec = {name: as_of_module(name, definition) for name, definition in plugin.option_definitions.items()}
    refuse(problems(spec, given), error_class)


def check_terms(terms, error_class=AnsibleError):
    """Refuse names that are no text."""
    refuse(problems_of("terms", {"type": "list", "elements": "str"}, list(terms)), error_class)


def refuse(found, error_class):
    text = "; ".join(found)
    if text:
        raise error_class(text)


def as_of_module(name, definition):
    """An option of a plugin as modules specify theirs. Ansible itself checks whether required ones are there."""
    return dict(definition, required=False, no_log=name in SECRETS)


def option(plugin, name):
    """An option's value; None where the plugin does not have it."""
    return plugin.get_option(name) if plugin.has_option(name) else None
