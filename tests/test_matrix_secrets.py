"""After the whole matrix, with everything logged: no secret stands anywhere but in the Secret that holds it."""

from __future__ import annotations

import base64
import html
import io
import json
import logging
import pickle
import re
import threading
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import infosecops
import matrix_run
import pytest
from infosecops import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infosecops.sandbox import JournalEntry, Sandbox
    from matrix_run import Cell

PACKAGE = str(Path(infosecops.__file__).parent)
# What the sandbox keeps in its connections; the same in each.
CONNECTION_SECRETS = ("rally_password", "jira_api_token")
HEX = "[0-9a-f]"
UUID = f"{HEX}{{8}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{12}}"
SESSION_TOKEN = f"(?:ws|ta){HEX}{{8}}(?::|%3A){HEX}{{8}}(?::|%3A)-{HEX}{{8}}"
# All that a sandbox makes up begins alike; names of users and applications are no secrets.
MADE_UP = "sbx-(?!gl-user-|gl-app-|bamboo-admin)"
# The same in a header of the Basic scheme: whole groups of three bytes, which look alike whatever follows.
IN_BASIC = [base64.b64encode(start).decode() for start in (b"accesskey:sbx-pam-", b"sbx-bamboo-admin:sbx-bamboo-pw")]
SHAPES = [UUID, SESSION_TOKEN, MADE_UP, *IN_BASIC]


def spellings(secret: str) -> set[str]:
    """As it is, and as it looks in HTML, JSON and a URL."""
    in_html = {html.escape(secret), html.escape(secret, quote=False)}
    return {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), *in_html}


def basic(user: str, secret: str) -> str:
    return base64.b64encode(f"{user}:{secret}".encode()).decode()


def credentials_of(box: Sandbox) -> list[str]:
    return [value.reveal() for _, _, _, value in box.describe() if isinstance(value, Secret)]


def canaries_of(box: Sandbox) -> list[str]:
    """Every text that must not be seen: credentials, and the secrets in answers."""
    vault = [secret.reveal() for account in box.sectona.accounts for secret in (account.password, account.pass_phrase)]
    headers = [
        basic("accesskey", box.sectona.access_key.reveal()),
        basic(box.bamboo_agents.username, box.bamboo_agents.password.reveal()),
    ]
    plain = [text for text in (*credentials_of(box), *vault, *CONNECTION_SECRETS) if text]
    return sorted({form for text in plain for form in spellings(text)} | set(headers))


class Search:
    """Looks for canaries. What differs from one sandbox to the next is found by its shape."""

    def __init__(self) -> None:
        with matrix_run.Sandbox() as box:
            fixed = [text for text in canaries_of(box) if not is_random(text)]
            self.sample = canaries_of(box)
            with box.bamboo_agents() as bamboo:
                self.sample += [token.uuid.reveal() for token in bamboo.tokens.list()]
        self.pattern = re.compile("|".join([*map(re.escape, fixed), *SHAPES]))

    def finds(self, text: str) -> str | None:
        found = self.pattern.search(text)
        return text[max(found.start() - 60, 0) : found.end() + 20] if found else None


def is_random(text: str) -> bool:
    return any(re.match(shape, text) for shape in SHAPES)


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def locals_of(error: BaseException) -> Iterator[str]:
    """The locals of the package's own frames."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename.startswith(PACKAGE):
            yield from (f"{name}={value!r}" for name, value in frame.f_locals.items())


def pickled(value: object) -> str:
    written = io.BytesIO()
    pickler = pickle.Pickler(written)
    # As a program does that uses nothing else: dask has tracebacks pickled, with all that they lead to.
    pickler.dispatch_table = {}
    try:
        pickler.dump(value)
    except TypeError:
        # Raw answers refuse to be pickled.
        return ""
    return written.getvalue().decode("latin-1")


def records_of(value: object) -> Iterator[Any]:
    for one in value if isinstance(value, (list, tuple)) else [value]:
        if one is not None:
            yield one


def shown_of_value(value: object) -> Iterator[str]:
    for record in records_of(value):
        yield f"{record!r} {record}" if not isinstance(record, str) else record
        yield pickled(record)
        if hasattr(record, "to_dict"):
            yield repr(record.to_dict())


def shown_of_error(error: infosecops.Error) -> Iterator[str]:
    for one in chain_of(error):
        yield f"{one} {one!r} {one.args!r} {vars(one)!r}"
        yield "".join(traceback.format_exception(type(one), one, one.__traceback__))
        yield from locals_of(one)
    yield pickled(error)
    for name in ("result", "job", "last"):
        yield from shown_of_value(getattr(error, name, None))


def shown_of_entry(entry: JournalEntry) -> str:
    return f"{entry!r} {entry.target} {entry.headers!r} {entry.body}"


class Watch:
    """Looks at every cell as it comes, from several threads."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self.counting = threading.Lock()
        self.cells = 0
        self.errors = 0
        self.frames = 0
        self.leaks: list[str] = []

    def __call__(self, cell: Cell, box: Sandbox) -> None:
        is_error = isinstance(cell.error, infosecops.Error)
        has_frames = is_error and any(True for error in chain_of(cell.error) for _ in locals_of(error))
        with self.counting:
            self.cells += 1
            self.errors += is_error
            self.frames += has_frames
        places = {"value": shown_of_value(cell.value), "journal": map(shown_of_entry, box.journal.entries())}
        if isinstance(cell.error, infosecops.Error):
            places["error"] = shown_of_error(cell.error)
        for place, texts in places.items():
            self.leaks += [f"{cell}, {place}: {found}" for text in texts if (found := self.search.finds(text))]


class Records(logging.Handler):
    """Looks at every log record as it comes."""

    def __init__(self, search: Search) -> None:
        super().__init__(logging.DEBUG)
        self.search = search
        self.names: set[str] = set()
        self.leaks: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.names.add(record.name)
        if found := self.search.finds(f"{record.getMessage()} {vars(record)!r}"):
            self.leaks.append(found)


@contextmanager
def all_logged(handler: logging.Handler) -> Iterator[None]:
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


@pytest.fixture(scope="module")
def search() -> Search:
    return Search()


def test_the_search_finds_what_it_looks_for(search: Search) -> None:
    assert len(search.sample) > 20
    for canary in search.sample:
        assert search.finds(f"x {canary} y"), canary
    for harmless in ("Secret(****)", "Secret(withheld)", "tokens.create", "accesskey", "sbx-bamboo-admin"):
        assert search.finds(harmless) is None


def test_no_secret_is_seen_anywhere(search: Search) -> None:
    cells = matrix_run.everything()
    watch, records = Watch(search), Records(search)
    with all_logged(records):
        done = matrix_run.run(cells, watch)
    assert watch.leaks == []
    assert records.leaks == []
    assert [(str(cell), cell.broken) for cell in done if cell.broken is not None] == []
    assert watch.cells == len(cells)
    assert watch.errors > len(cells) / 2
    assert watch.frames == watch.errors
    assert records.names >= {f"infosecops.{system}" for system in ("governance_lifecycle", "sd_elements", "sectona")}
