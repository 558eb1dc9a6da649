"""What is left of an update of review items: lists, what can be sent again, what travels to another process."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import Group, RevieweeAccount, ReviewItemChange
from test_review_answers import EXIST, SAME, refused
from test_review_items import GL, change, status
from wire import Drop, Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from infosecops.sandbox import Sandbox

SUCCESS = status("Success. Updated all 2 review components with specified states.")
PARTIAL = status(
    f"Partial Success. Updated 1 of 2 review components successfully.\nStatus For Review (user1-HR)=Failure ({EXIST} )"
)
USERS = [change(f"user{number}") for number in range(6)]


def indexes(result: Any, which: str) -> list[int]:
    return [entry.index for entry in result.iter_results(which)]


def broken_run(connect: Callable[..., Any], **more: Any) -> Any:
    """Chunks of two: one partly done, one left unanswered, one not sent."""
    with Wire(PARTIAL, Drop()) as wire:
        found = connect(GL, wire.url, token="t").update_review_items("UAR", USERS, chunk_size=2, **more)
        assert len(wire.requests) == 2
        return found


def test_lists_and_counts_agree(connect: Callable[..., Any]) -> None:
    result = broken_run(connect, on_partial="return")
    assert result.counts == {"succeeded": 1, "failed": 3, "unknown": 2}
    assert (result.updated, result.total, result.ok) == (1, 6, False)
    for which, expected in {"succeeded": [0], "failed": [1, 4, 5], "unknown": [2, 3]}.items():
        assert indexes(result, which) == expected
        assert list(result.iter_results(which)) == getattr(result, which)
    assert [entry.reason for entry in result.failed] == [EXIST, "not sent", "not sent"]
    assert [entry.change for entry in result.failed] == [USERS[1], USERS[4], USERS[5]]
    cut = result.unknown[0].reason
    assert cut
    assert [(item.label, item.reason) for item in result.items] == [
        ("user1-HR", EXIST), *((f"user{number}-HR", cut) for number in (2, 3)),
        ("user4-HR", "not sent"), ("user5-HR", "not sent"),
    ]  # fmt: skip
    assert result.raw_parts == [result.raw]
    with pytest.raises(infosecops.ConfigError, match="which: must be"):
        result.iter_results("done")


def test_what_is_surely_not_applied_can_be_sent_again(connect: Callable[..., Any]) -> None:
    with pytest.raises(infosecops.PartialFailure) as caught:
        broken_run(connect)
    result = caught.value.result
    again = result.retry_failed()
    assert (len(again), list(again), list(again)) == (3, [USERS[1], *USERS[4:]], [USERS[1], *USERS[4:]])
    assert list(result.retry_failed(same_state_ok=True)) == USERS[1:]
    assert repr(again) == "<3 changes to send again>"


def test_a_broken_run_is_finished_by_what_is_left(box: Sandbox, connect: Callable[..., Any]) -> None:
    okta = RevieweeAccount("mason.stewart@example.com", "Okta")
    changes = [
        ReviewItemChange("revoke", "achen", Group("Auditors", "CyberArk (REST)")),
        ReviewItemChange("revoke", "asmith", Group("HR Department", "Okta"), account=okta),
        ReviewItemChange("revoke", "nobody", Group("HR Department", "Okta")),
        ReviewItemChange("revoke", "cdiaz", Group("Contractors", "Okta")),
    ]
    gl = connect(GL, box.url, token=box.governance_lifecycle.token)
    box.faults.next(operation="updateReviewItems", skip=1, drop="after")
    with pytest.raises(infosecops.PartialFailure) as caught:
        gl.update_review_items("UAR-3", iter(changes), chunk_size=1)
    left = caught.value.result.retry_failed(same_state_ok=True)
    assert list(left) == changes[1:]
    done = gl.update_review_items("UAR-3", left, chunk_size=1, same_state_ok=True, on_partial="return")
    assert (indexes(done, "succeeded"), indexes(done, "failed"), indexes(done, "unknown")) == ([0, 2], [1], [])
    assert done.failed[0].change == changes[2]
    assert gl.get_review_status(61).reviewed_entitlements == 3


def test_the_first_of_several_requests_without_an_answer(connect: Callable[..., Any]) -> None:
    with Wire(Drop()) as wire:
        gl = connect(GL, wire.url, token="t")
        with pytest.raises(infosecops.PartialFailure, match="request 1 of 3 failed") as caught:
            gl.update_review_items("UAR", USERS, chunk_size=2)
        assert caught.value.result.counts == {"succeeded": 0, "failed": 4, "unknown": 2}
        assert caught.value.outcome == "unknown"
        with pytest.raises(infosecops.TransportError):
            gl.update_review_items("UAR", USERS)
    with Wire(refused("The review is not an actionable state.")) as wire:
        with pytest.raises(infosecops.ConflictError):
            connect(GL, wire.url, token="t").update_review_items("UAR", USERS, chunk_size=2, on_partial="return")
        assert len(wire.requests) == 1


def test_results_travel_and_show_themselves(connect: Callable[..., Any]) -> None:
    result = broken_run(connect, on_partial="return", same_state_ok=True)
    again = pickle.loads(pickle.dumps(result))
    assert again == result
    assert again.to_dict() == result.to_dict()
    plain = result.to_dict()
    assert plain["changes"] == [change.to_dict() for change in USERS]
    assert (plain["succeeded"], plain["failed"], plain["unknown"]) == ([0], [1, 4, 5], [2, 3])
    assert plain["items"] == [item.to_dict() for item in result.items]
    assert dict(plain["reasons"])[5] == "not sent"
    assert result != broken_run(connect, on_partial="return")


def test_a_dry_run_gives_all_documents(connect: Callable[..., Any]) -> None:
    gl = connect(GL, "http://127.0.0.1:9", token="t")
    dry = gl.update_review_items("UAR", USERS, chunk_size=4, dry_run=True)
    assert [part.count("<ReviewItemChange ") for part in dry.raw_parts] == [4, 2]
    assert dry.raw == "\n".join(dry.raw_parts)
    assert dry.raw_parts[0] == gl.update_review_items("UAR", USERS[:4], dry_run=True).raw
    assert (dry.total, dry.updated, dry.ok, dry.items) == (6, 0, False, [])
    assert dry.counts == {"succeeded": 0, "failed": 0, "unknown": 0}


def test_a_line_of_an_item_in_the_wanted_state_is_fine_when_asked_for(connect: Callable[..., Any]) -> None:
    text = "Partial Success. Updated 1 of 2 review components successfully.\n"
    text += f"Status For Review (user1-HR)=Failure ({SAME})"
    with Wire(status(text)) as wire:
        result = connect(GL, wire.url, token="t").update_review_items("UAR", USERS[:2], same_state_ok=True)
        assert result.ok
        assert [item.ok for item in result.items] == [True]
        assert result.succeeded[1].reason == SAME
