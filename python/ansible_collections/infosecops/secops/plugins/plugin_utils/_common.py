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


def option(plugin, name):
    """An option's value; None where the plugin does not have it."""
    return plugin.get_option(name) if plugin.has_option(name) else None
