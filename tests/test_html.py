"""What notebooks show: every value escaped and cut, rows capped, secrets masked, and nothing is sent for it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import BulkEntry, BulkResult, Group, ReviewItemChange, _html
from infosecops.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

EVIL = "<script>alert('x')</script>\"&"
CALM = {"proxy": "direct", "timeout": 10.0}


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


class Checked(HTMLParser):
    """Reads HTML, and wants every element closed in turn."""

    VOID = frozenset(("br", "hr"))

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not [name for name, _ in attrs if name.startswith("on")]
        self.seen.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(shown: str) -> str:
    """The text of a document that is whole, and has no element that could do anything."""
    parser = Checked()
    parser.feed(shown)
    parser.close()
    assert parser.open == []
    allowed = {"div", "span", "table", "thead", "tbody", "tr", "th", "td", "b", "code"}
    assert parser.seen <= allowed
    return " ".join(parser.words)


def values(box: Sandbox) -> list[Any]:
    """One of all that a notebook may show."""
    change = ReviewItemChange("revoke", "achen", Group("Auditors", "CyberArk (REST)"), comments=EVIL)
    odd = ReviewItemChange("revoke", EVIL, Group(EVIL, "x"))
    with box.governance_lifecycle(**CALM) as gl, box.sd_elements(**CALM) as sde, box.sectona(**CALM) as pam:
        update = gl.update_review_items("UAR-3", [change, odd], on_partial="return")
        requests = [("Unix Based", "web01.example.net", name) for name in ("deploy", EVIL)]
        bulk = pam.request_passwords(requests, on_partial="return")
        found = [gl, sde, pam, update, bulk, gl.get_review_status(61), gl.get_security_settings(), sde.jobs.alm.list()]
        found += [*sde.jobs.alm.list(), *sde.connections.alm.list(), *bulk.values(), change, update.failed[0]]
    with box.bamboo_agents(**CALM) as bamboo:
        agents = bamboo.agents(box.bamboo_agents.access_token)
        found += [bamboo, *bamboo.tokens.list(), *agents.list(), agents.state(131073), *agents.capabilities(131073)]
        found.append(bamboo.tokens.ensure(EVIL))
    return [*found, box.journal, box.journal[-1]]


def test_all_that_is_shown_is_whole_escaped_and_without_secrets(box: Sandbox) -> None:
    shown = [value._repr_html_() for value in values(box)]
    secrets = [secret.reveal() for *_, secret in box.describe() if not isinstance(secret, str)]
    secrets += [account.password.reveal() for account in box.sectona.accounts]
    for one in shown:
        words = read(one)
        assert words.strip()
        for secret in filter(None, secrets):
            assert secret not in one
            assert secret not in words


def test_showing_sends_nothing(box: Sandbox) -> None:
    known = values(box)
    before = len(box.journal)
    for value in known:
        value._repr_html_()
        repr(value)
        dir(value)
    assert len(box.journal) == before


def test_a_job_shows_its_state(box: Sandbox) -> None:
    with box.sd_elements(**CALM) as sde:
        words = {job.id: read(job._repr_html_()) for job in sde.jobs.alm.list()}
    assert "succeeded" in words[12]
    assert "failed" in words[11]


def test_results_show_a_bar_and_what_is_left(box: Sandbox) -> None:
    change = ReviewItemChange("revoke", "nobody", Group("Auditors", "CyberArk (REST)"))
    with box.governance_lifecycle(**CALM) as gl:
        shown = gl.update_review_items("UAR-3", [change], on_partial="return")._repr_html_()
    assert "0 of 1 items updated" in read(shown)
    assert "1 failed" in read(shown)
    assert re.search(r'title="failed: 1" style="flex:1\.0000', shown)
    error = infosecops.ConnectError("no connection", outcome="not_sent")
    result = BulkResult([BulkEntry(0, "a", 1, None), BulkEntry(1, "b", None, error)])
    assert "1 of 2 succeeded" in read(result._repr_html_())
    assert "no connection" in read(result._repr_html_())


def test_an_error_shows_what_why_and_what_to_do(box: Sandbox) -> None:
    with box.sd_elements(**CALM) as sde, pytest.raises(infosecops.NotFoundError) as raised:
        sde.jobs.alm.get(999)
    words = read(raised.value._repr_html_())
    for part in ("NotFoundError", "rejected", "jobs.alm.get", "404"):
        assert part in words
    assert raised.value.hint is None or raised.value.hint in words


def test_every_class_of_errors_is_shown() -> None:
    for name in infosecops.__all__:
        kind = getattr(infosecops, name)
        if isinstance(kind, type) and issubclass(kind, infosecops.Error):
            assert name in read(kind(EVIL, hint=EVIL, outcome="unknown")._repr_html_())


def test_a_client_shows_who_gave_which_setting() -> None:
    client = infosecops.SDElements("https://sde.example.com", token="a-token-nobody-sees", timeout=5)
    words = read(client._repr_html_())
    assert "https://sde.example.com" in words
    assert "timeout 5.0 keyword" in words
    assert "a-token-nobody-sees" not in words


def test_rows_and_texts_are_capped() -> None:
    words = read(_html.table(["n"], ([number] for number in range(1000)), 1000))
    assert "… 950 more" in words
    assert " 49 " in words
    assert " 50 " not in words.replace("… 950 more", "")
    assert len(_html.text("x" * 10_000)) < 300
    assert "none" in read(_html.table(["n"], [], 0))


def test_a_list_that_was_not_fetched_says_so(box: Sandbox) -> None:
    with box.sd_elements(**CALM) as sde:
        assert "fetched when iterated" in read(sde.jobs.alm.list()._repr_html_())
