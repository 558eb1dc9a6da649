# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all modules share: the options of the four systems, the client made of them, and errors as results."""

from __future__ import annotations

import os
import traceback
from datetime import date

from ansible.module_utils.basic import AnsibleModule, _load_params, env_fallback, missing_required_lib
from ansible.module_utils.compat.version import LooseVersion
from ansible_collections.infosecops.secops.plugins.module_utils._given import problems

try:
    import infosecops

    IMPORT_ERROR = None
except ImportError:
    infosecops = None
    IMPORT_ERROR = traceback.format_exc()

OLDEST_PACKAGE = "0.1.0"
"""The first release of the package that has all that this collection uses."""

SYSTEMS = {
    "governance_lifecycle": {
        "client": "GovernanceLifecycle",
        "secrets": ("token", "password", "client_secret"),
        "options": {
            "token": {"type": "str", "no_log": True},
            "username": {"type": "str"},
            "password": {"type": "str", "no_log": True},
            "auth_source": {"type": "str"},
            "client_id": {"type": "str"},
            "client_secret": {"type": "str", "no_log": True},
        },
    },
    "sd_elements": {
        "client": "SDElements",
        "secrets": ("token",),
        "options": {"token": {"type": "str", "no_log": True}},
    },
    "sectona": {
        "client": "Sectona",
        "secrets": ("access_key",),
        "options": {
            "access_key": {"type": "str", "no_log": True},
            "accept": {"type": "str", "choices": ["json", "xml"]},
            "failover": {"type": "list", "elements": "str"},
        },
    },
    "bamboo_agents": {
        "client": "BambooAgents",
        "secrets": ("password", "token"),
        "options": {
            "username": {"type": "str"},
            "password": {"type": "str", "no_log": True},
            "token": {"type": "str", "no_log": True},
            "api": {"type": "str", "choices": ["auto", "agent-config", "agent"]},
        },
    },
}

COMMON_OPTIONS = {
    "url": {"type": "str"},
    "timeout": {"type": "float"},
    "connect_timeout": {"type": "float"},
    "ca_file": {"type": "path"},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path", "no_log": False},
    "proxy": {"type": "str", "no_log": True},
    "allow_http": {"type": "bool"},
}

ERROR_FIELDS = ("system", "operation", "status", "code", "outcome", "hint", "request_id")


def variable(system, option):
    """The environment variable of an option; the package reads the same one."""
    return f"INFOSECOPS_{system}_{option}".upper()


def connection_options(system):
    """The options that lead to a system, as an argument specification."""
    options = {}
    for name, option in dict(COMMON_OPTIONS, **SYSTEMS[system]["options"]).items():
        options[name] = dict(option, fallback=(env_fallback, [variable(system, name)]))
        if option["type"] == "list":
            # Written with blanks there, which the package splits.
            del options[name]["fallback"]
    return options


def access_token_option():
    """The uuid of an access token of Agent APIs for Bamboo, which opens the agents."""
    fallback = (env_fallback, [variable("bamboo_agents", "uuid")])
    return {"uuid": {"type": "str", "no_log": True, "fallback": fallback}}


def argument_spec(system, **own):
    """The options of a module: those of its system and its own."""
    return dict(connection_options(system), **own)


def package_problem():
    """What is wrong with the package on this interpreter; None if it can be used."""
    if infosecops is None:
        return missing_required_lib("infosecops", url="https://pypi.org/project/infosecops/")
    if LooseVersion(infosecops.__version__) < LooseVersion(OLDEST_PACKAGE):
        return (
            f"infosecops.secops needs infosecops {OLDEST_PACKAGE} or later, "
            f"and found {infosecops.__version__}: pip install -U infosecops"
        )
    return None


def make_client(system, options, **more):
    """Make the client of a system.

    What was not given is left to the package, which looks into the environment itself: so a login of the task comes
    before another one of the environment, and files named there (C(..._FILE)) are read too.
    """
    names = list(COMMON_OPTIONS) + list(SYSTEMS[system]["options"])
    values = {name: options[name] for name in names if options.get(name) is not None}
    given = {name: value for name, value in values.items() if not is_of_environment(system, name, value)}
    if system == "governance_lifecycle":
        given = with_login(given, values)
    secrets = SYSTEMS[system]["secrets"]
    given = {name: infosecops.Secret(value) if name in secrets else value for name, value in given.items()}
    if "client_key" in given:
        given["client_cert"] = (values.get("client_cert"), given.pop("client_key"))
    return getattr(infosecops, SYSTEMS[system]["client"]).from_env(**given, **more)


def is_of_environment(system, name, value):
    """Whether an option only repeats its environment variable."""
    return str(value) == os.environ.get(variable(system, name))


def with_login(given, values):
    """Governance & Lifecycle: what was given, with the parts of a login made one keyword."""
    parts = ("username", "password", "auth_source", "client_id", "client_secret")
    user, app = set(parts[:3]) & set(given), set(parts[3:]) & set(given)
    rest = {name: value for name, value in given.items() if name not in parts}
    if user and app:
        raise infosecops.ConfigError("username and client_id: two ways to log in, give one")
    if user:
        needed(values, "username", "password")
        secret = infosecops.Secret(values["password"])
        rest["login"] = infosecops.UserLogin(values["username"], secret, values.get("auth_source"))
    elif app:
        needed(values, "client_id", "client_secret")
        rest["login"] = infosecops.TrustedApp(values["client_id"], infosecops.Secret(values["client_secret"]))
    return rest


def needed(values, *names):
    """Refuse half a login."""
    for name in names:
        if values.get(name) is None:
            raise infosecops.ConfigError(f"{name}: is missing; {' and '.join(names)} go together")


def plain(value):
    """A value as JSON has it: dates as text in the form of ISO 8601."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, date):
        return value.isoformat()
    return value


def failure(error):
    """An error of the package as the fields of a failed result."""
    fields = {name: getattr(error, name) for name in ERROR_FIELDS}
    return dict(fields, msg=str(error))


class ModuleBase:
    """A module: subclasses name their system and do their work."""

    system = ""

    applied = False
    """Whether the server has accepted a change: a failure that follows does not undo it."""
    differs = True
    """Whether what was read after an accepted change differs from what was before."""

    def __init__(self, own, **keywords):
        self.spec = argument_spec(self.system, **own)
        self.module = AnsibleModule(argument_spec=self.spec, **keywords)
        self.params = self.module.params
        self.check_mode = self.module.check_mode
        self.requests = 0
        problem = package_problem()
        if problem is not None:
            self.module.fail_json(msg=problem, exception=IMPORT_ERROR)

    def work(self, client):
        """Do it, and return the result."""
        raise NotImplementedError

    def partial(self, error):
        """What a failed result has beside the error."""
        return {}

    def hide(self, secret):
        """Mask a secret of an answer wherever the result has it, unless it was asked for."""
        if not self.params.get("reveal"):
            self.module.no_log_values.add(secret.reveal())

    def with_diff(self, result, before, after):
        """A result, and in diff mode what changes."""
        if self.module._diff:  # pylint: disable=protected-access
            result["diff"] = {"before": plain(before), "after": plain(after)}
        return result

    def unexpected(self, text, *, differs=True):
        """An error for an answer that does not fit the request before it."""
        self.differs = differs
        return infosecops.UnexpectedContentError(text, system=self.system, outcome="unknown")

    def check_given(self):
        """Refuse numbers and booleans where text is expected: Ansible has converted them without a word."""
        found = "; ".join(problems(self.spec, _load_params()))
        if found:
            raise infosecops.ConfigError(found, system=self.system)

    def count(self, event):
        """Know whether anything was sent."""
        self.requests += event.kind == "request"

    def run(self):
        """Do the work and end the process with its result, or with what went wrong."""
        failed = None
        try:
            self.check_given()
            # At the end of the block the client logs out, also after a failure.
            with make_client(self.system, self.params, on_event=self.count) as client:
                result = self.work(client)
        except infosecops.Error as error:
            failed = dict(failure(error), **self.partial(error))
            # How a job ended, or that it goes on, is known.
            if self.applied and not isinstance(error, (infosecops.JobFailed, infosecops.WaitTimeout)):
                failed.update(after_a_change(error))
        except Exception as error:  # noqa: BLE001 - no traceback in a result, whatever it is
            outcome = "unknown" if self.requests else "not_sent"
            failed = {"msg": f"{type(error).__name__}: {error}", "system": self.system, "outcome": outcome}
        if failed is not None:
            if self.applied:
                failed["changed"] = self.differs
            # Outside of the handler: no traceback stands in the result.
            self.module.fail_json(**plain(failed))
        self.module.exit_json(**plain(result))


def after_a_change(error):
    """What differs in a failed result if the server had accepted a change before."""
    return {
        "outcome": "unknown",
        "msg": f"the server accepted the change, but a later step failed: {error}",
        "hint": "look at the present state before you run the task again",
    }
