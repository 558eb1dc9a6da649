"""updateReviewItems: every spelling of the answer, how much of it is believed, what stays known of a broken run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import RevieweeAccount
from test_review_items import GL, PAGE_ANSWER, PAGE_CHANGES, change, status
from wire import Drop, Received, Wire, html, ok

if TYPE_CHECKING:
    from collections.abc import Callable

EXIST = "Specified review component does not exist."
SAME = "The review component is already in the same state as being updated."
STATES = "State specified should be one of [Maintain, revoke, none]"


def refused(text: str) -> bytes:
    body = f"{text} Query String=cmd=updateReviewItems&amp;format=json"
    return html(f"<html><head><title>Error</title></head><body>{body}</body></html>", "412 Precondition Failed")


LINES = [
    ("Status for Review Item (jdoe-HR)=Failure ({}", None),
    ("Status For Review Item(jdoe-HR)=Failure ({})", None),
    ("Status For Review (jdoe-HR)=Failure ({} )", None),
    ("Status For Review Item(jdoe-HR for the account jd)=Failure ({})", "jd"),
    ("Status for Review Item (jdoe-HR)=\nFailure ({}", None),
]


@pytest.mark.parametrize("reason", [EXIST, SAME, STATES])
@pytest.mark.parametrize(("line", "account"), LINES)
@pytest.mark.parametrize("page", [False, True])
def test_every_spelling_of_an_item_line(
    connect: Callable[..., Any], line: str, account: str | None, reason: str, *, page: bool
) -> None:
    if page:
        answer = refused("Status=Failure.  None of the 1 review components could be updated. " + line.format(reason))
        changes = [change(account=RevieweeAccount("jd", "Okta"))]
    else:
        head = "Partial Success. Updated 1 of 2 review components successfully.\n"
        answer = status(head + line.format(reason))
        changes = [change("other"), change(account=RevieweeAccount("jd", "Okta"))]
    with Wire(answer) as wire:
        gl = connect(GL, wire.url, token="t")
        with pytest.raises(infosecops.PartialFailure) as caught:
            gl.update_review_items("UAR", changes)
        result = caught.value.result
        assert (result.updated, result.total, result.ok) == (len(changes) - 1, len(changes), False)
        (item,) = result.items
        assert (item.label, item.account, item.ok, item.reason) == ("jdoe-HR", account, False, reason)
        assert caught.value.outcome == "rejected"
        assert caught.value.operation == "update_review_items"
        returned = gl.update_review_items("UAR", changes, on_partial="return")
        assert (returned.updated, returned.ok) == (result.updated, False)
        assert [failed.index for failed in result.failed] == [len(changes) - 1]
        assert result.failed[0].change == changes[-1]
        assert [done.index for done in result.succeeded] == list(range(len(changes) - 1))


@pytest.mark.parametrize("head", ["Status=Failure.", "Status-Failure."])
def test_none_updated_is_a_partial_failure(connect: Callable[..., Any], head: str) -> None:
    text = f"{head}  None of the 2 review components could be updated. "
    text += f"Status For Review Item(a-HR)=Failure ({EXIST}) Status For Review Item(b-HR)=Failure ({SAME})"
    with Wire(refused(text)) as wire:
        with pytest.raises(infosecops.PartialFailure) as caught:
            connect(GL, wire.url, token="t").update_review_items("UAR", [change("b"), change("a")])
        result = caught.value.result
        assert (result.updated, result.total, len(result.failed)) == (0, 2, 2)
        assert [(item.label, item.reason) for item in result.items] == [("a-HR", EXIST), ("b-HR", SAME)]
        assert {failed.change.reviewee: failed.reason for failed in result.failed} == {"a": EXIST, "b": SAME}
        assert EXIST.rstrip(".") in str(caught.value)
        done = connect(GL, wire.url, token="t").update_review_items(
            "UAR", [change("b"), change("a")], same_state_ok=True, on_partial="return"
        )
        assert [entry.change.reviewee for entry in done.failed] == ["a"]
        assert [entry.change.reviewee for entry in done.succeeded] == ["b"]


def test_equal_labels_lose_no_line(connect: Callable[..., Any]) -> None:
    line = f"Status For Review Item(jdoe-HR)=Failure ({EXIST})\n"
    changes = [change(account=RevieweeAccount(name, "Okta")) for name in ("a", "b", "c")]
    with Wire(status("Partial Success. Updated 1 of 3 review components successfully.\n" + line * 2)) as wire:
        result = connect(GL, wire.url, token="t").update_review_items("UAR", changes, on_partial="return")
        assert len(result.items) == 2
        assert len(result.unknown) == 3, "the server did not say which account, so nothing is claimed"
        assert (result.succeeded, result.failed) == ([], [])


def test_labels_may_hold_any_sign(connect: Callable[..., Any]) -> None:
    name = "CN=HR (all)=x,OU=a-b"
    text = "Partial Success. Updated 1 of 2 review components successfully.\n"
    text += f"Status for Review Item (j-d-{name})=Failure ({EXIST})"
    with Wire(status(text)) as wire:
        result = connect(GL, wire.url, token="t").update_review_items(
            "UAR", [change("j-d", name), change("x", "y")], on_partial="return"
        )
        assert result.items[0].label == f"j-d-{name}"
        assert [entry.index for entry in result.failed] == [0]


def test_other_forms_of_the_answer(connect: Callable[..., Any]) -> None:
    text = "Success. Updated all 1 review components with specified states."
    answers = [
        ok(f"Status={text}\n", "text/plain"),
        ok(json.dumps({"data": {"status": text}})),
        ok(json.dumps({"Status": text})),
        ok(json.dumps({"updateReviewItems": {"Status": text}})),
    ]
    for answer in answers:
        with Wire(answer) as wire:
            result = connect(GL, wire.url, token="t").update_review_items("UAR", [change()])
            assert (result.updated, result.total, result.ok) == (1, 1, True)


@pytest.mark.parametrize("text", ["Could not find a review with name UAR", "The review is not an actionable state."])
def test_a_review_that_cannot_be_changed_is_no_partial_failure(connect: Callable[..., Any], text: str) -> None:
    with Wire(refused(text)) as wire:
        with pytest.raises(infosecops.ApiError) as caught:
            connect(GL, wire.url, token="t").update_review_items("UAR", [change()], on_partial="return")
        assert not isinstance(caught.value, infosecops.PartialFailure)
        assert text.rstrip(".") in str(caught.value)
        assert (caught.value.status, caught.value.outcome) == (412, "rejected")
        assert caught.value.hint


@pytest.mark.parametrize("answer", [html("<html>log in</html>", "200 OK"), ok("{}"), status("done"), ok("")])
def test_an_answer_without_counts_is_no_success(connect: Callable[..., Any], answer: bytes) -> None:
    with Wire(answer) as wire:
        with pytest.raises(infosecops.UnexpectedContentError) as caught:
            connect(GL, wire.url, token="t").update_review_items("UAR", [change()], on_partial="return")
        assert caught.value.outcome == "unknown"


def test_chunks_go_one_after_another_and_stop_at_an_error(connect: Callable[..., Any]) -> None:
    seen: list[tuple[int, int, int]] = []
    one = status("Success. Updated all 2 review components with specified states.")
    changes = [change(f"user{number}") for number in range(6)]
    with Wire(one, Drop()) as wire:
        with pytest.raises(infosecops.PartialFailure) as caught:
            connect(GL, wire.url, token="t").update_review_items(
                "UAR", changes, chunk_size=2, on_progress=lambda *step: seen.append(step)
            )
        result = caught.value.result
        assert seen == [(2, 6, 0)]
        assert len(wire.requests) == 2, "the third chunk is not sent, and none is sent twice"
        assert wire.requests[1].body.count(b"<ReviewItemChange") == 2
        assert [entry.index for entry in result.succeeded] == [0, 1]
        assert [entry.index for entry in result.unknown] == [2, 3]
        assert [entry.index for entry in result.failed] == [4, 5]
        assert caught.value.outcome == "unknown"


@pytest.mark.parametrize("answer", [Drop(), html("", "503 Busy"), html("<html>x</html>", "500 Oops")])
def test_an_update_is_never_sent_twice(connect: Callable[..., Any], answer: Any) -> None:
    with Wire(answer) as wire:
        with pytest.raises(infosecops.Error) as caught:
            connect(GL, wire.url, token="t").update_review_items("UAR", [change()])
        assert (len(wire.requests), caught.value.outcome) == (1, "unknown")


def test_a_dead_token_is_renewed_and_the_update_sent_once_more(connect: Callable[..., Any]) -> None:
    def answer(request: Received) -> bytes:
        if request.headers["authorization"] == "Bearer old":
            return html("<html><body>The token is not valid. Token is invalid or expired</body></html>", "401 No")
        return ok(PAGE_ANSWER)

    tokens = iter(["old", "new"])
    with Wire(answer) as wire:
        assert connect(GL, wire.url, token=lambda: next(tokens)).update_review_items("UAR-3", PAGE_CHANGES).ok
        assert wire.requests[0].body == wire.requests[1].body
        assert len(wire.requests) == 2


# What the body counts comes before the status.

HEAD = "Partial Success. Updated 1 of 2 review components successfully."
LOCKED = f"Status for Review Item (b-HR)=Failure ({EXIST})"
CODES = [
    "400 Bad Request",
    "401 Unauthorized",
    "403 Forbidden",
    "409 Conflict",
    "412 Precondition Failed",
    "422 Unprocessable",
    "429 Too Many Requests",
]


def counted(text: str, code: str, form: str) -> bytes:
    if form == "page":
        body = f"{text} Query String=cmd=updateReviewItems&amp;format=json"
        return html(f"<html><head><title>Error</title></head><body>{body}</body></html>", code)
    if form == "json":
        return ok(json.dumps({"data": {"type": "updateReviewItems", "Status": text}}), status=code)
    if form == "message":
        return ok(json.dumps({"status": "failure", "message": text}), status=code)
    return ok(text, "text/plain", code)


PARTLY_DONE = [(form, code) for form in ("page", "json", "message", "text") for code in ("200 OK", *CODES)]
# A 200 that says `failure` beside a text is one.
PARTLY_DONE.remove(("message", "200 OK"))


@pytest.mark.parametrize(("form", "code"), PARTLY_DONE)
def test_a_part_that_was_done_is_told_whatever_the_status_is(connect: Callable[..., Any], form: str, code: str) -> None:
    changes = [change("a"), change("b")]
    with Wire(counted(f"{HEAD}\n{LOCKED}", code, form)) as wire:
        gl = connect(GL, wire.url, token="t")
        with pytest.raises(infosecops.PartialFailure) as caught:
            gl.update_review_items("UAR", changes)
        result = caught.value.result
        assert (result.updated, result.total, caught.value.outcome) == (1, 2, "rejected")
        assert [entry.index for entry in result.succeeded] == [0]
        assert [(entry.index, entry.reason) for entry in result.failed] == [(1, EXIST)]
        assert [(item.label, item.reason) for item in result.items] == [("b-HR", EXIST)]
        assert gl.update_review_items("UAR", changes, on_partial="return").updated == 1


@pytest.mark.parametrize("code", CODES)
def test_chunks_after_a_partial_one_are_sent_whatever_its_status_is(connect: Callable[..., Any], code: str) -> None:
    whole = status("Success. Updated all 2 review components with specified states.")
    changes = [change(name) for name in "abcd"]
    with Wire(counted(f"{HEAD} {LOCKED}", code, "page"), whole) as wire:
        result = connect(GL, wire.url, token="t").update_review_items("UAR", changes, chunk_size=2, on_partial="return")
        assert len(wire.requests) == 2
        assert (result.updated, result.total, result.counts) == (3, 4, {"succeeded": 3, "failed": 1, "unknown": 0})


@pytest.mark.parametrize("code", ["200 OK", *CODES])
def test_none_is_none_whatever_the_status_is(connect: Callable[..., Any], code: str) -> None:
    text = f"Status=Failure.  None of the 1 review components could be updated. {LOCKED}"
    with Wire(counted(text, code, "page")) as wire:
        with pytest.raises(infosecops.PartialFailure) as caught:
            connect(GL, wire.url, token="t").update_review_items("UAR", [change("b")])
        result = caught.value.result
        assert (result.updated, result.total, caught.value.outcome) == (0, 1, "rejected")
        assert [entry.reason for entry in result.failed] == [EXIST]


@pytest.mark.parametrize("code", CODES)
def test_all_is_all_whatever_the_status_is(connect: Callable[..., Any], code: str) -> None:
    text = "Success. Updated all 1 review components with specified states."
    with Wire(counted(text, code, "page")) as wire:
        assert connect(GL, wire.url, token="t").update_review_items("UAR", [change()]).ok


@pytest.mark.parametrize("text", ["Partial Success.", "Partial Success. Updated some.", "partial success (1/2)"])
@pytest.mark.parametrize("code", CODES)
def test_a_part_that_is_not_counted_leaves_the_outcome_unknown(
    connect: Callable[..., Any], text: str, code: str
) -> None:
    with Wire(counted(text, code, "page")) as wire:
        with pytest.raises(infosecops.ApiError) as caught:
            connect(GL, wire.url, token="t").update_review_items("UAR", [change()])
        assert caught.value.outcome == "unknown"


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("text", [HEAD, "Success. Updated all 2 review components.", "Partial Success."])
def test_other_entry_points_claim_no_refusal_of_all_either(connect: Callable[..., Any], text: str, code: str) -> None:
    place = ("POST", "/aveksa/command.submit")
    with Wire(counted(text, code, "page")) as wire:
        gl = connect(GL, wire.url, token="t")
        for call in (
            lambda: gl.command("updateReviewItems", method="POST", body="<Review/>"),
            lambda: gl.request(*place, params={"cmd": "updateReviewItems"}, body="<Review/>"),
        ):
            with pytest.raises(infosecops.ApiError) as caught:
                call()
            assert caught.value.outcome == "unknown"


def test_an_answer_of_a_server_error_stays_unknown(connect: Callable[..., Any]) -> None:
    with Wire(counted(HEAD, "500 Oops", "page")) as wire:
        with pytest.raises(infosecops.ServerError) as caught:
            connect(GL, wire.url, token="t").update_review_items("UAR", [change("a"), change("b")])
        assert caught.value.outcome == "unknown"


DEAD = "Token is invalid or expired."
ENTRIES = [
    lambda gl: gl.update_review_items("UAR", [change("a"), change("b")]),
    lambda gl: gl.command("updateReviewItems", method="POST", body="<Review/>"),
    lambda gl: gl.request("POST", "/aveksa/command.submit", params={"cmd": "updateReviewItems"}, body="<Review/>"),
]


@pytest.mark.parametrize("text", [f"{HEAD}\n{LOCKED}", f"{DEAD} {HEAD}", "Partial Success.", f"{DEAD} Partial Success"])
@pytest.mark.parametrize("form", ["page", "json", "message", "text"])
@pytest.mark.parametrize("code", ["401 Unauthorized", "429 Too Many Requests"])
def test_what_was_done_in_part_is_not_sent_again(connect: Callable[..., Any], text: str, form: str, code: str) -> None:
    """Neither as a 429, which says that nothing was done, nor with a new token."""
    whole = status("Success. Updated all 2 review components with specified states.")
    for entry in ENTRIES:
        tokens = iter(["t1", "t2"])
        with Wire(counted(text, code, form), whole) as wire:
            with pytest.raises((infosecops.ApiError, infosecops.PartialFailure)) as caught:
                entry(connect(GL, wire.url, token=lambda tokens=tokens: next(tokens)))
            # Which of the two was not updated is told by a line alone, and read by one of the three.
            is_told = LOCKED in text and isinstance(caught.value, infosecops.PartialFailure)
            assert caught.value.outcome == ("rejected" if is_told else "unknown")
            assert len(wire.requests) == 1


@pytest.mark.parametrize("told", ["", "Partial Success. Upd"])
def test_a_429_whose_text_is_cut_is_not_sent_again(connect: Callable[..., Any], told: str) -> None:
    head = f"HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain\r\nContent-Length: 90\r\n\r\n{told}"
    whole = status("Success. Updated all 1 review components with specified states.")
    for entry in ENTRIES:
        with Wire(Drop(head.encode()), whole) as wire:
            with pytest.raises(infosecops.RateLimitedError):
                entry(connect(GL, wire.url, token="t"))
            assert len(wire.requests) == 1


@pytest.mark.parametrize("text", ["Slow down.", "", "<html><title>429</title><body>Too many</body></html>"])
def test_a_429_that_counts_nothing_is_sent_again(connect: Callable[..., Any], text: str) -> None:
    whole = status("Success. Updated all 1 review components with specified states.")
    with Wire(ok(text, "text/plain", "429 Too Many Requests"), whole) as wire:
        assert connect(GL, wire.url, token="t").update_review_items("UAR", [change()]).ok
        assert len(wire.requests) == 2


# Read first, masked then.

LIKE_SECRETS = [
    ("ann", "Password=Reset"),
    ("x token=abc", "HR"),
    ("ann", "api_key=old"),
    ("ann", '"secret": "keeper"'),
    ("ann", "CN=Key=Vault,OU=a"),
    ("token=ws", "password=pw pass=1"),
]


@pytest.mark.parametrize(("user", "name"), LIKE_SECRETS)
@pytest.mark.parametrize("page", [False, True])
def test_labels_that_look_like_secrets_are_labels(
    connect: Callable[..., Any], user: str, name: str, *, page: bool
) -> None:
    reason = "locked by token=holder"
    line = f"Status for Review Item ({user}-{name})=Failure ({reason})"
    text = f"Partial Success. Updated 2 of 3 review components successfully.\n{line}"
    changes = [change("a"), change(user, name), change("b")]
    with Wire(counted(text, "412 Precondition Failed", "page") if page else status(text)) as wire:
        with pytest.raises(infosecops.PartialFailure) as caught:
            connect(GL, wire.url, token="t-canary").update_review_items("UAR", changes)
        result = caught.value.result
        assert [entry.index for entry in result.succeeded] == [0, 2]
        assert [(entry.index, entry.reason) for entry in result.failed] == [(1, reason)]
        assert result.unknown == []
        assert [(item.label, item.reason) for item in result.items] == [(f"{user}-{name}", reason)]
        assert line in result.raw
        assert "holder" not in str(caught.value), "what an error shows is masked"


def test_the_token_is_masked_in_what_is_handed_over(connect: Callable[..., Any]) -> None:
    text = "Partial Success. Updated 1 of 2 review components successfully.\n"
    text += "Status for Review Item (ann-HR t-canary)=Failure (seen t-canary)"
    with Wire(status(text)) as wire:
        result = connect(GL, wire.url, token="t-canary").update_review_items(
            "UAR", [change("ann", "HR t-canary"), change("b")], on_partial="return"
        )
        assert [(entry.index, entry.reason) for entry in result.failed] == [(0, "seen ****")]
        assert [(item.label, item.reason) for item in result.items] == [("ann-HR ****", "seen ****")]
        assert "canary" not in result.raw
