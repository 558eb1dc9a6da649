"""What is taken of the values of hostile.py, by argument. Whatever is not here is refused, and nothing is sent.

Read it before it is changed: each word says that somebody may pass such a value and that it goes out as it is.
"""

from __future__ import annotations

import sys

NOTHING: set[str] = set()
NONE = {"None"}
FLAG = {"True"}

# Texts: of any content, of some, of one line, of some in one line, without a megabyte.
TEXT = {"empty", "blank", "nul", "line break", "1 MB", "loud"}
FILLED = {"nul", "line break", "1 MB", "loud"}
LINE = {"empty", "blank", "1 MB", "loud"}
FILLED_LINE = {"1 MB", "loud"}
SHORT = {"loud"}
# Beside text, where a credential is wanted. The class is a callable, which is asked later.
WRAPPED = {"Secret"}
CALLED = {"class"}

BYTES = {"bytes", "bytearray"}
MAPPING = {"dict"}
# What says that it has 2**62 things and has none is taken at its iteration.
ITERABLE = {"list", "tuple", "length 2**62", "length 10**11", "length -1"}

ID = {"zero", "minus one", "2**31"}
DIGITS = {"zero", "minus one", "2**31", "2**63", "-2**63-1", "10**40"}
COUNT = {"2**31", "2**63"}
SECONDS = {"2**31", "2**63", "10**40", "inf", "1e308"}
DELAY = {"zero", "0.0", "2**31", "2**63", "10**40", "1e308"}

# Python's own writer of JSON goes as deep as the interpreter lets it.
JSON_DEPTH = {"nested", "nested deeply"} if sys.version_info >= (3, 12) else {"nested"}

# Wherever the argument is taken, but for the exceptions below.
EVERYWHERE: dict[str, set[str]] = {
    "access_key": SHORT | CALLED | WRAPPED,
    # What data frames have where there is no account.
    "account": NONE | {"nan", "Decimal"},
    "account_name": FILLED,
    "accounts": FLAG | NONE,
    "action": TEXT,
    "allow_http": FLAG,
    "allow_others": FLAG,
    "alt_manager_resolves_to": NONE,
    "applications": ITERABLE,
    "asset_host": FILLED,
    "asset_type": FILLED,
    "attempts": {"2**31"},
    "auth_source": SHORT | NONE,
    "automatic": FLAG | NONE,
    "base": DELAY,
    "body": TEXT | NONE | BYTES,
    "business_source": TEXT,
    "ca_file": NONE,
    "cache_ttl": NONE | SECONDS,
    "cap": DELAY,
    "change": FLAG,
    "chunk_size": NONE | COUNT,
    "clear_reassignments": FLAG | NONE,
    "client_cert": NONE,
    "client_id": SHORT,
    "client_secret": SHORT | CALLED | WRAPPED,
    "column": FILLED_LINE,
    "columns": NONE | MAPPING | {"dict of surrogates"},
    "comment": TEXT | NONE,
    "comments": TEXT | NONE,
    "comments_only": FLAG,
    "connect_timeout": SECONDS,
    "connection": ID,
    "connection_id": ID,
    "coverage": TEXT | BYTES | ITERABLE,
    "danger_accept_invalid_certs": FLAG,
    "db_instance": TEXT | NONE,
    "delimiter": NONE,
    "descriptions": FLAG | NONE,
    "dry_run": FLAG,
    "entitlements": FLAG | NONE,
    "executor": NONE,
    "expand": TEXT | NONE,
    "expires_on": NONE | {"datetime"},
    "failover": NONE | ITERABLE,
    "fields": MAPPING | {"nested"},
    "filename": NONE,
    "fresh": FLAG,
    "grouping": NONE,
    "groups": FLAG | NONE,
    "headers": NONE | MAPPING,
    "id": {"2**31", "zero"},
    "include": TEXT | NONE,
    "instance": FILLED | NONE,
    "job": ID,
    "job_id": ID,
    "jobs": ITERABLE,
    "json": TEXT
    | FLAG
    | NONE
    | MAPPING
    | DELAY
    | JSON_DEPTH
    | {
        "-2**63-1",
        "dict of int",
        "list",
        "list of None",
        "minus one",
        "pair of None",
        "tuple",
    },
    "kind": FILLED_LINE,
    "limit": NONE | COUNT | {"zero"},
    "login": NONE,
    "logout_on_close": FLAG,
    "max_concurrency": COUNT,
    "max_connections": {"2**31"},
    "max_response_bytes": COUNT,
    "name": TEXT,
    "object_type": FILLED_LINE,
    "objects": LINE,
    "on_event": CALLED | NONE,
    "on_progress": NONE,
    "on_result": NONE,
    "page_size": NONE | {"2**31"},
    "params": NONE | MAPPING,
    "password": SHORT | CALLED | WRAPPED,
    "poll_interval": SECONDS,
    "privilege": LINE,
    "progress": FLAG,
    "project": NONE | ID,
    "read": FLAG,
    "ready": FLAG | NONE,
    "requests": ITERABLE,
    "resource": TEXT,
    "resources": FLAG | NONE,
    "result_message": TEXT,
    "review": FILLED_LINE | {"line break"},
    "review_analysis": FLAG | NONE,
    "reviewee": TEXT,
    "reviewer": FILLED_LINE,
    "role_set": TEXT,
    "roles": FLAG | NONE,
    "run_id": FILLED | DIGITS,
    "same_state_ok": FLAG,
    "settle": {"0.0", "zero"},
    "siblings_timeout": SECONDS,
    "sign_off": FLAG,
    "sign_off_comments": NONE,
    "subject_type": LINE,
    "subjects": LINE,
    "succeeded": FLAG | NONE,
    "task": {"2**31"},
    "text": TEXT,
    "timeout": SECONDS,
    "token": SHORT | CALLED | WRAPPED | NONE,
    "unassigned": FLAG | NONE,
    "user": TEXT | NONE,
    "user_agent": LINE | NONE,
    "username": SHORT,
    "users": FLAG | NONE,
    "uuid": SHORT | CALLED | WRAPPED,
    "value": LINE,
}

# Of a callable and its argument.
EXCEPTIONS: dict[tuple[str, str], set[str]] = {
    ("SDElements.jobs.alm.start", "automatic"): FLAG,
    ("SDElements.jobs.alm.report", "automatic"): FLAG,
    ("BambooAgents.tokens.update", "change"): FLAG | NONE,
    ("SDElements.jobs.list", "connection"): NONE | ID,
    ("SDElements.jobs.alm.list", "connection"): NONE | ID,
    # A text of one line without `|` is the name of a file.
    ("GovernanceLifecycle.upload_coverage", "coverage"): {"line break"} | BYTES,
    ("GovernanceLifecycle.refresh_review", "coverage"): FLAG | NONE,
    ("GovernanceLifecycle.upload_coverage", "id"): FILLED | DIGITS,
    ("GovernanceLifecycle.get_review_status", "id"): FILLED | DIGITS,
    ("GovernanceLifecycle.set_review_state", "id"): FILLED | DIGITS,
    ("GovernanceLifecycle.refresh_review", "id"): FILLED | DIGITS,
    ("GovernanceLifecycle.update_unreviewed_items", "id"): FILLED | DIGITS,
    ("Sectona.request_password", "instance"): FILLED,
    ("GovernanceLifecycle.run_review", "name"): FILLED,
    ("BambooAgents.tokens.create", "name"): FILLED,
    ("BambooAgents.tokens.ensure", "name"): FILLED,
    ("GovernanceLifecycle.upload_coverage", "name"): NONE,
    ("GovernanceLifecycle.command", "name"): FILLED_LINE,
    ("BambooAgents.tokens.update", "name"): FILLED | NONE,
    ("SDElements.request", "path"): FILLED_LINE | {"empty"},
    ("Sectona.call", "path"): FILLED_LINE | {"empty"},
    ("SecretFile", "path"): FILLED | {"blank", "folder", "path"},
    ("BambooAgents.tokens.update", "read"): FLAG | NONE,
    ("ReviewItemChange", "state"): TEXT,
    ("SDElements.jobs.alm.report", "succeeded"): FLAG,
    ("SDElements", "token"): SHORT | CALLED | WRAPPED,
    ("AsyncSDElements", "token"): SHORT | CALLED | WRAPPED,
    ("SDElements.from_env", "token"): SHORT | CALLED | WRAPPED,
    ("SDElements.from_profile", "token"): SHORT | CALLED | WRAPPED,
    ("BambooAgents", "token"): NONE,
    ("AsyncBambooAgents", "token"): NONE,
    ("BambooAgents.from_env", "token"): NONE,
    ("BambooAgents.from_profile", "token"): NONE,
    ("BambooAgents.tokens.update", "token"): SHORT | WRAPPED,
    ("BambooAgents.tokens.revoke", "token"): SHORT | WRAPPED,
}


def accepted(label: str, argument: str) -> set[str]:
    """The values that one argument of a callable takes."""
    return EXCEPTIONS.get((label, argument), EVERYWHERE.get(argument, NOTHING))
