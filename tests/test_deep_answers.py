"""What is kept of an answer can be shown, compared and pickled, however deep it is; deeper answers are refused."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from infosecops import UnexpectedContentError
from wire import Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 100
TOO_DEEP = "the answer is nested deeper than 100 levels"


def nested(depth: int, *, inside: str = '{"password": "x"}') -> str:
    """So many levels, the innermost one with a secret, of which a pickle makes one level more."""
    return "[" * (depth - 1) + inside + "]" * (depth - 1)


def job_with(more: str) -> str:
    return f'{{"id": 1, "ready": true, "succeeded": true, "more": {more}}}'


def depth_of(value: Any) -> int:
    depth = 0
    while isinstance(value, (list, dict)):
        value = next(iter(value.values() if isinstance(value, dict) else value), None)
        depth += 1
    return depth


def whole(record: Any, again: Any) -> None:
    assert "****" in repr(record)
    assert record == again
    assert record.to_dict() == again.to_dict()
    for copy in (pickle.loads(pickle.dumps(record)), pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(record))))):
        assert repr(copy).replace("Secret(withheld)", "'****'") == repr(record)


def test_extra_fields(connect: Callable[..., Any]) -> None:
    # The white space differs, so that they are compared by what they say.
    with Wire(ok(job_with(nested(LIMIT - 1))), ok(job_with(nested(LIMIT - 1).replace(":", " : ")))) as wire:
        jobs = connect("SDElements", wire.url, token="t").jobs.alm
        job, again = jobs.get(1), jobs.get(1)
    assert depth_of(job.extra["more"]) == LIMIT - 1
    whole(job, again)


def test_data_of_commands(connect: Callable[..., Any]) -> None:
    body = f'{{"data": {nested(LIMIT - 1)}}}'
    with Wire(ok(body), ok(body.replace(":", " : "))) as wire:
        gl = connect("GovernanceLifecycle", wire.url, token="t")
        result, again = gl.command("x", effect="read"), gl.command("x", effect="read")
    assert depth_of(result.data) == LIMIT - 1
    whole(result, again)


@pytest.mark.parametrize("depth", [LIMIT + 1, 130, 100_000])
def test_deeper_ones_are_refused(connect: Callable[..., Any], depth: int) -> None:
    inner = nested(depth - 1)
    for body in (f'{{"data": {inner}}}', f'{{"more": {inner}}}', f"[{inner}]"):
        with Wire(ok(body)) as wire:
            gl = connect("GovernanceLifecycle", wire.url, token="t")
            with pytest.raises(UnexpectedContentError, match=TOO_DEEP) as caught:
                gl.command("x", effect="read")
        assert caught.value.outcome == "unknown"
    with Wire(ok(job_with(inner))) as wire:
        jobs = connect("SDElements", wire.url, token="t").jobs.alm
        with pytest.raises(UnexpectedContentError, match=TOO_DEEP):
            jobs.get(1)


def test_brackets_in_texts_do_not_count(connect: Callable[..., Any]) -> None:
    text = '\\"' + "[{" * 1000
    with Wire(ok(json.dumps({"data": {"text": text}}))) as wire:
        assert connect("GovernanceLifecycle", wire.url, token="t").command("x", effect="read").data == {"text": text}


def envelope(result: str) -> bytes:
    return ok(f'{{"Version": "1", "IsSuccess": true, "LogCode": "000", "Result": {result}}}')


def test_results_of_the_vault(connect: Callable[..., Any]) -> None:
    kept, text = nested(LIMIT), nested(LIMIT + 1)
    with Wire(envelope(json.dumps(kept)), envelope(json.dumps(text)), envelope(text)) as wire:
        pam = connect("Sectona", wire.url, access_key="k")
        result = pam.call("/x", {})
        assert depth_of(result.result) == LIMIT
        whole(result, result)
        # What can't be taken apart stays a text.
        assert pam.call("/x", {}).result == text
        with pytest.raises(UnexpectedContentError, match="nested too deeply"):
            pam.call("/x", {})


def test_raw_answers(connect: Callable[..., Any]) -> None:
    bodies = [nested(LIMIT), nested(LIMIT + 1), nested(100_000)]
    with Wire(*map(ok, bodies)) as wire:
        api = connect("SDElements", wire.url, token="t")
        assert depth_of(api.request("GET", "x").json()) == LIMIT
        for body in bodies[1:]:
            response = api.request("GET", "x")
            with pytest.raises(ValueError, match=f"{TOO_DEEP}; content has all of it"):
                response.json()
            assert response.content == body.encode()
