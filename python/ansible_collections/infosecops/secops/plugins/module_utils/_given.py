# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of option values as they were given, before Ansible converts them.

YAML reads an unquoted C(0123) as the integer 83 and C(on) as true. Ansible turns both into text without a word, and the
text C(012) into the integer 12. A decision about the access of the user C(83) instead of C(0123) cannot be undone, so
such values are refused.
"""

from __future__ import annotations

import re
from datetime import date

from ansible.module_utils.common.validation import check_type_dict, check_type_list

NAMES = {bool: "boolean", int: "integer", float: "number"}
QUOTE = (
    "YAML reads unquoted values such as 0123, 1.5, 12:30, on or null as numbers, booleans or nothing: "
    'put the value in quotes; end a template with "| string"'
)
DIGITS = "write the number in digits, without leading zeros"


def problems(spec, given, place=""):
    """What is wrong with the values of the options in an argument specification, one text for each."""
    for name, option in spec.items():
        value = given.get(name)
        if value is not None or (name in given and option.get("required")):
            yield from problems_of(place + name, option, value)


def problems_of(place, option, value):
    """What is wrong with one value."""
    kind = option.get("type", "str")
    if kind == "list" and isinstance(value, (list, str)):
        element = dict(option, type=option.get("elements", "raw"))
        for index, inner in enumerate(check_type_list(value)):
            yield from problems_of(f"{place}[{index}]", element, inner)
    elif kind == "dict" and isinstance(value, (dict, str)):
        if "options" in option:
            yield from problems(option["options"], check_type_dict(value), f"{place}.")
    elif kind in REFUSED and REFUSED[kind](value):
        shown = named(value, is_secret=option.get("no_log"))
        expected, advice = EXPECTED[kind]
        yield f"{place}: expected {expected}, got {shown}; {advice}"


def is_no_text(value):
    # By what it is: text that is encrypted by Ansible Vault has types of its own.
    return value is None or isinstance(value, (bool, int, float, date, list, tuple, dict))


def is_no_integer(value):
    if isinstance(value, str):
        return re.fullmatch(r"-?(0|[1-9][0-9]*)", value.strip()) is None
    return value is None or isinstance(value, (bool, float))


def is_boolean(value):
    return isinstance(value, bool)


REFUSED = {
    "str": is_no_text,
    "path": is_no_text,
    "list": is_no_text,
    "int": is_no_integer,
    "float": is_boolean,
}
EXPECTED = {
    "str": ("text", QUOTE),
    "path": ("text", QUOTE),
    "list": ("a list of text", QUOTE),
    "int": ("an integer", DIGITS),
    "float": ("a number", "write the number in digits"),
}


def named(value, *, is_secret):
    """A value for an error text."""
    if value is None:
        return "nothing"
    kind = next((name for of, name in NAMES.items() if isinstance(value, of)), type(value).__name__)
    if is_secret or kind not in ("boolean", "integer", "number", "str"):
        return f"a value of the type {kind}"
    if kind == "boolean":
        return f"the boolean {str(value).lower()}"
    return f"the text {value!r}" if isinstance(value, str) else f"the {kind} {value}"
