"""W4 and W7: changes of review items, made into XML and sent to Governance & Lifecycle.

The changes are there before the clock starts. With `what` = `chunks` they come from a generator, a thousand in a
request, and making them counts too: it is the same for all. With `growth`, one was sent before the clock starts.
"""

from __future__ import annotations

import json
from itertools import islice

from meter import Meter
from place import TOKEN, Place
from sync_clients import SEND_WITH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, TypeAlias

    from infosecops import ReviewItemChange
    from place import Figures

    Change: TypeAlias = dict[str, Any]

PATH = "/aveksa/command.submit?cmd=updateReviewItems&format=json"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/xml; charset=utf-8"}
REVIEW = "UAR-3"
SOURCE = "Active Directory (EMEA)"
CHUNK = 1000
SETTINGS = (("ReviewResultName", REVIEW), ("SignOff", "false"), ("UpdateCommentsOnly", "false"))
HEAD = '<?xml version="1.0" encoding="UTF-8"?><Review>' + "".join(f"<{tag}>{text}</{tag}>" for tag, text in SETTINGS)


def dicts(count: int) -> Iterator[Change]:
    for number in range(count):
        yield {
            "state": "revoke",
            "reviewee": f"user{number}",
            "item": {"kind": "group", "name": f"Group {number % 977} <R&D>", "business_source": SOURCE},
            "comments": f'Campaign 2031-Q1, line {number}: "left" the company',
        }


def natives(count: int) -> Iterator[ReviewItemChange]:
    from infosecops import Group, ReviewItemChange

    for number in range(count):
        item = Group(f"Group {number % 977} <R&D>", SOURCE)
        comments = f'Campaign 2031-Q1, line {number}: "left" the company'
        yield ReviewItemChange("revoke", f"user{number}", item, comments=comments)


def with_f_strings(changes: Iterable[Change], escape: Callable[[str], str]) -> bytes:
    """By hand, every value escaped."""
    parts = [
        f'<ReviewItemChange state="{escape(change["state"])}" comments="{escape(change["comments"])}">'
        f"<RevieweeUserId>{escape(change['reviewee'])}</RevieweeUserId>"
        f'<Group name="{escape(item["name"])}" business-source="{escape(item["business_source"])}"/></ReviewItemChange>'
        for change in changes
        for item in [change["item"]]
    ]
    return f"{HEAD}{''.join(parts)}</Review>".encode()


def with_html_escape(changes: Iterable[Change]) -> bytes:
    from html import escape

    return with_f_strings(changes, escape)


def with_saxutils(changes: Iterable[Change]) -> bytes:
    from xml.sax.saxutils import escape

    more = {'"': "&quot;"}
    return with_f_strings(changes, lambda text: escape(text, more))


def with_tree(changes: Iterable[Change], etree: Any) -> bytes:  # noqa: ANN401 - lxml's or the standard library's
    root = etree.Element("Review")
    for tag, text in SETTINGS:
        etree.SubElement(root, tag).text = text
    for change in changes:
        element = etree.SubElement(root, "ReviewItemChange", {"state": change["state"], "comments": change["comments"]})
        etree.SubElement(element, "RevieweeUserId").text = change["reviewee"]
        item = change["item"]
        etree.SubElement(element, "Group", {"name": item["name"], "business-source": item["business_source"]})
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def with_etree(changes: Iterable[Change]) -> bytes:
    from xml.etree import ElementTree as ET

    return with_tree(changes, ET)


def with_lxml(changes: Iterable[Change]) -> bytes:
    from lxml import etree

    return with_tree(changes, etree)


def with_xmlfile(changes: Iterable[Change]) -> bytes:
    from io import BytesIO

    from lxml import etree

    out = BytesIO()
    with etree.xmlfile(out, encoding="UTF-8") as file, file.element("Review"):
        for tag, text in SETTINGS:
            with file.element(tag):
                file.write(text)
        for change in changes:
            item = change["item"]
            with file.element("ReviewItemChange", {"state": change["state"], "comments": change["comments"]}):
                with file.element("RevieweeUserId"):
                    file.write(change["reviewee"])
                file.write(etree.Element("Group", {"name": item["name"], "business-source": item["business_source"]}))
    return out.getvalue()


BUILD = {
    "html.escape": with_html_escape,
    "saxutils": with_saxutils,
    "etree": with_etree,
    "lxml": with_lxml,
    "lxml.xmlfile": with_xmlfile,
}


def updated(answer: bytes) -> int:
    """How many the server says it has updated."""
    words = json.loads(bytes(answer))["data"]["Status"].split()
    if words[:2] != ["Success.", "Updated"]:
        raise SystemExit(" ".join(words))
    return int(words[3])


def ours(entry: str, place: Place) -> Figures:
    from infosecops import GovernanceLifecycle

    gl = GovernanceLifecycle(place.url, token=TOKEN, proxy="direct", timeout=300)
    make = natives if entry.endswith("native") else dicts
    if place.what == "chunks":
        meter = Meter()
        result = gl.update_review_items(REVIEW, make(place.count), chunk_size=CHUNK)
        return meter.stop(place.count, result.updated)
    changes = list(make(place.count))
    if place.what == "growth":
        gl.update_review_items(REVIEW, changes[:1])
    meter = Meter()
    result = gl.update_review_items(REVIEW, changes)
    return meter.stop(place.count, result.updated)


def run(entry: str, place: Place) -> Figures:
    """Measure one entry."""
    if entry.startswith("infosecops"):
        return ours(entry, place)
    client, _, form = entry.partition("+")
    send, build = SEND_WITH[client](place, HEADERS), BUILD[form]
    if place.what == "chunks":
        meter, done, source = Meter(), 0, dicts(place.count)
        while chunk := list(islice(source, CHUNK)):
            done += updated(send("POST", PATH, build(chunk)))
        return meter.stop(place.count, done)
    changes = list(dicts(place.count))
    if place.what == "growth":
        updated(send("POST", PATH, build(changes[:1])))
    meter = Meter()
    return meter.stop(place.count, updated(send("POST", PATH, build(changes))))
