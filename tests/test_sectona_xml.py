"""Sectona's XML with elements inside `Result`: read as the same JSON object is, so that no password is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

import infosecops
import pytest
from test_sectona import ENVELOPE, PASSWORDS, RECORD, SECTONA, request_page
from wire import Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable

XSI = "http://www.w3.org/2001/XMLSchema-instance"


def envelope(result: str, **fields: str) -> str:
    """The envelope with this XML for its result."""
    told = {**ENVELOPE, "IsSuccess": "true", **fields, "Result": None}
    rest = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in told.items() if text is not None)
    return f'<?xml version="1.0" encoding="utf-8"?><Reply xmlns:i="{XSI}">{rest}{result}</Reply>'


def elements(record: dict[str, str], between: str = "", attributes: str = "", prefix: str = "") -> str:
    return between.join(
        f"<{prefix}{name}{attributes}>{escape(text)}</{prefix}{name}>" if text else f"<{prefix}{name}{attributes}/>"
        for name, text in record.items()
    )


def as_cdata(record: dict[str, str]) -> str:
    def section(text: str) -> str:
        return text.replace("]]>", "]]]]><![CDATA[>")

    return "".join(f"<{name}><![CDATA[{section(text)}]]></{name}>" for name, text in record.items())


def attributes(record: dict[str, str]) -> str:
    named = (f"{name}={quoteattr(text, WHITE)}" for name, text in record.items())
    return " ".join(named)


# In attributes white space that is not written as a reference is read as blanks.
WHITE = {"\t": "&#9;", "\r": "&#13;", "\n": "&#10;"}
TYPE, NOTE = ' type="string"', ' encrypted="0"'
SHAPES: dict[str, Callable[[dict[str, str]], str]] = {
    "elements": lambda record: f"<Result>{elements(record)}</Result>",
    "in lines": lambda record: f"<Result>\r\n    {elements(record, chr(10))}\r\n</Result>",
    "typed": lambda record: f"<Result type='object'>{elements(record, attributes=TYPE)}</Result>",
    "noted": lambda record: f"<Result id='1'>{elements(record, attributes=NOTE)}</Result>",
    "prefixed": lambda record: f'<Result i:type="d:X" xmlns:d="urn:d">{elements(record, prefix="d:")}</Result>',
    "cdata": lambda record: f"<Result>{as_cdata(record)}</Result>",
    "around": lambda record: f"<Result><Account>{elements(record)}</Account></Result>",
    "twice around": lambda record: f"<Result> <Accounts>\n<Account>{elements(record)}</Account></Accounts></Result>",
    "attributes": lambda record: f"<Result {attributes(record)}/>",
    "attributes inside": lambda record: f"<Result><Account {attributes(record)}></Account></Result>",
    "escaped": lambda record: f"<Result>{escape('<Account>' + elements(record) + '</Account>')}</Result>",
    "with more": lambda record: f"<Result>{elements(record)}<Tag>a</Tag><Tag>b</Tag><Owner><Id>1</Id></Owner></Result>",
    "with text": lambda record: f"<Result>note <!-- c -->{elements(record)}<?pi x?></Result>",
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("password", PASSWORDS)
def test_a_record_of_elements_is_read(connect: Callable[..., Any], shape: str, password: str) -> None:
    record = {**RECORD, "Password": password, "PassPhrase": password[::-1]}
    with Wire(ok(envelope(SHAPES[shape](record)), "text/xml")) as wire:
        account = request_page(connect(SECTONA, wire.url, access_key="k", accept="xml"))
        assert account.password.reveal() == password
        assert account.pass_phrase.reveal() == password[::-1]
        assert (account.asset_type, account.created_by, account.status) == ("Unix Based", "", "Active")
        assert account.created_on_text == RECORD["CreatedOn"]
        assert len(wire.requests) == 1


def test_elements_that_are_not_known_are_kept(connect: Callable[..., Any]) -> None:
    more = "<Tag>a</Tag><Tag>b</Tag><Owner><Id>1</Id><Name/></Owner><Left i:nil='true'/>"
    with Wire(ok(envelope(f"<Result>{elements(RECORD)}{more}</Result>"), "text/xml")) as wire:
        account = request_page(connect(SECTONA, wire.url, access_key="k"))
        assert account.extra == {"Tag": ["a", "b"], "Owner": {"Id": "1", "Name": ""}, "Left": None}


@pytest.mark.parametrize(
    ("result", "why"),
    [
        ("<Result><Password>canary</Password><Password>canary</Password></Result>", "Password in Result is not a text"),
        ("<Result><Password><Text>canary</Text></Password><Status/></Result>", "Password in Result is not a text"),
        ("<Result><Password i:nil='true'/><Status>canary</Status></Result>", "holds no Password"),
        ("<Result><PassPhrase>canary</PassPhrase></Result>", "holds no Password"),
        ("<Result>" + "<a>" * 40 + "canary" + "</a>" * 40 + "</Result>", "nested too deeply"),
    ],
)
def test_what_holds_no_one_password_is_refused(connect: Callable[..., Any], result: str, why: str) -> None:
    with Wire(ok(envelope(result), "text/xml")) as wire:
        with pytest.raises(infosecops.UnexpectedContentError, match=why) as caught:
            request_page(connect(SECTONA, wire.url, access_key="k"))
        assert (caught.value.outcome, len(wire.requests)) == ("unknown", 1)
        assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ("<Result><Users><User>a</User><User>b</User></Users></Result>", {"Users": {"User": ["a", "b"]}}),
        ("<Result><User><Id>1</Id></User><User><Id>2</Id></User></Result>", {"User": [{"Id": "1"}, {"Id": "2"}]}),
        ("<Result><User id='1' name='a'/><User id='2'>b</User></Result>", {"User": [{"id": "1", "name": "a"}, "b"]}),
        ("<Result>done &amp; well</Result>", "done & well"),
        ("<Result>&lt;b> no document</Result>", "<b> no document"),
        ("<Result/>", ""),
        ("<Result i:nil='1'/>", None),
    ],
)
def test_other_operations_give_the_same_as_json(connect: Callable[..., Any], result: str, expected: Any) -> None:
    with Wire(ok(envelope(result), "text/xml")) as wire:
        found = connect(SECTONA, wire.url, access_key="k").call("/API/APP/APP007/GetUsers", {"Filter": "All"})
        assert (found.result, found.is_success) == (expected, True)


def test_a_long_list_is_whole(connect: Callable[..., Any]) -> None:
    users = "".join(f"<User><Name>u{number}</Name></User>" for number in range(20_000))
    with Wire(ok(envelope(f"<Result>{users}</Result>"), "text/xml")) as wire:
        found = connect(SECTONA, wire.url, access_key="k").call("/API/APP/APP007/GetUsers", {"Filter": "All"})
        assert found.result == {"User": [{"Name": f"u{number}"} for number in range(20_000)]}


def test_a_refusal_with_elements_is_a_refusal(connect: Callable[..., Any]) -> None:
    body = envelope("<Result><Detail>x</Detail></Result>", IsSuccess="false", LogCode="011688")
    with Wire(ok(body, "text/xml")) as wire:
        with pytest.raises(infosecops.AuthenticationError) as caught:
            request_page(connect(SECTONA, wire.url, access_key="k"))
        assert (caught.value.code, caught.value.outcome) == ("011688", "rejected")
