"""What a 200 of Governance & Lifecycle must hold to be a success: JSON alone says nothing about what was done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import Group, ReviewItemChange, UserLogin
from wire import Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable

GL = "GovernanceLifecycle"
COVERAGE = "user_id='a'|user|1=1|ent|1=1|"
CHANGE = ReviewItemChange("revoke", "jdoe", Group("HR", "Okta"))
UPDATED = "Success. Updated all 1 review components with specified states."

# Operation -> the call, the command, a good answer's fields, whether it changes anything.
OPERATIONS: dict[str, tuple[Callable[[Any], Any], str, dict[str, Any], bool]] = {
    "upload_coverage": (
        lambda gl: gl.upload_coverage(COVERAGE, type="reviewer", id=61),
        "uploadCoverage",
        {"status": "success"},
        True,
    ),
    "set_review_state": (lambda gl: gl.set_review_state(61, "active"), "setReviewState", {"status": "success"}, True),
    "refresh_review": (lambda gl: gl.refresh_review(61), "refreshReview", {"name": "UAR-3", "run-id": "9"}, True),
    "update_unreviewed_items": (
        lambda gl: gl.update_unreviewed_items(61, "revoke"),
        "updateUnreviewedItems",
        {"name": "UAR-3", "status": "success"},
        True,
    ),
    "keep_alive": (lambda gl: gl.keep_alive(), "keepAlive", {}, False),
    "logout": (lambda gl: gl.logout(), "logoutUser", {}, True),
    "get_review_status": (
        lambda gl: gl.get_review_status(61),
        "getReviewStatus",
        {"name": "UAR-3", "state": "Active"},
        False,
    ),
    "get_security_settings": (
        lambda gl: gl.get_security_settings(),
        "getSecuritySettings",
        {"token-inactivity-timeout": "10", "token-lifespan-timeout": "120"},
        False,
    ),
    "run_review": (lambda gl: gl.run_review("UAR"), "runReview", {"run-id": "17"}, True),
    "get_run_status": (lambda gl: gl.get_run_status(17), "getRunStatus", {"overall-status": "Running"}, False),
    "get_review_result": (lambda gl: gl.get_review_result(17), "getReviewResult", {"id": "61"}, False),
    "update_review_items": (
        lambda gl: gl.update_review_items("UAR-3", [CHANGE]),
        "updateReviewItems",
        {"Status": UPDATED},
        True,
    ),
}
EVERY = pytest.mark.parametrize("operation", OPERATIONS)
OTHERS = [
    "{}",
    "[]",
    "null",
    "true",
    "12",
    '"text"',
    '{"data":{}}',
    '{"data":[]}',
    '{"data":null}',
    '{"data":"done"}',
    '{"error":"The database is read-only"}',
    '{"error":{"code":7}}',
    '{"data":{"error":"The database is read-only"}}',
    '{"message":"ok"}',
    '{"detail":"Not found."}',
    '{"status":"UP"}',
    '{"id":"61","name":"x","state":"Active","run-id":"17","status":"success","overall-status":"New"}',
    '{"status":"success","data":null}',
    '{"jobs":[{"id":12}]}',
    '{"data":{"type":"findReviews","id":"61"}}',
    "<ok/>",
    "done=1\n",
]


def fails(connect: Callable[..., Any], operation: str, body: str | bytes) -> infosecops.Error:
    with Wire(body if isinstance(body, bytes) else ok(body)) as wire:
        with pytest.raises(infosecops.Error) as caught:
            OPERATIONS[operation][0](connect(GL, wire.url, token="t"))
        assert len(wire.requests) == 1, "neither is sent again"
    assert caught.value.operation == operation
    return caught.value


def document(operation: str, **changes: Any) -> str:
    _, command, fields, _ = OPERATIONS[operation]
    return json.dumps({"data": {"type": command, **fields, **changes}})


@EVERY
def test_the_documented_answer_is_good_in_any_case_and_envelope(connect: Callable[..., Any], operation: str) -> None:
    call, command, fields, _ = OPERATIONS[operation]
    bodies = [
        document(operation),
        document(operation, type=command.upper()),
        json.dumps({command: {**fields, "type": command}}),
    ]
    if fields:
        bodies += [json.dumps({"data": fields}), "".join(f"{key}={value}\n" for key, value in fields.items())]
    for body in bodies:
        with Wire(ok(body)) as wire:
            call(connect(GL, wire.url, token="t"))
            assert len(wire.requests) == 1


@EVERY
@pytest.mark.parametrize("body", OTHERS)
def test_any_other_content_leaves_the_outcome_unknown(connect: Callable[..., Any], operation: str, body: str) -> None:
    error = fails(connect, operation, body)
    assert type(error) is infosecops.UnexpectedContentError
    assert error.outcome == "unknown"
    assert ("may have been applied" in str(error)) is OPERATIONS[operation][3]


@EVERY
def test_an_answer_of_another_command_is_none(connect: Callable[..., Any], operation: str) -> None:
    for other in ("about", "findReviews", "loginUser"):
        error = fails(connect, operation, document(operation, type=other))
        assert (type(error), error.outcome) == (infosecops.UnexpectedContentError, "unknown")


@EVERY
@pytest.mark.parametrize("word", ["failure", "Failed", "ERROR", "Error: the database is read-only", "fail"])
@pytest.mark.parametrize("key", ["status", "Status"])
def test_the_words_for_failure_are_a_refusal(connect: Callable[..., Any], operation: str, word: str, key: str) -> None:
    command, why = OPERATIONS[operation][1], "not today"
    told = {key: word, "message": why}
    bodies = [
        json.dumps({"data": {"type": command, **told}}),
        json.dumps({command: told}),
        json.dumps(told),
        f"{key}={word}\nmessage={why}\n",
    ]
    if operation != "update_review_items":
        bodies.append(json.dumps({**told, "data": {}}))
    for body in bodies:
        error = fails(connect, operation, body)
        assert (type(error), error.outcome) == (infosecops.ApiError, "rejected"), body
        assert why in str(error)


@pytest.mark.parametrize(
    ("operation", "field"),
    [(name, field) for name, (_, _, fields, _) in OPERATIONS.items() for field in fields if field != "name"]
    + [("get_review_status", "name")],
)
@pytest.mark.parametrize("value", ["", " ", None, True, False, {}, [], ["17"]])
def test_a_field_that_says_nothing_is_missing(
    connect: Callable[..., Any], operation: str, field: str, value: object
) -> None:
    if operation == "get_security_settings":
        body = document(operation, **dict.fromkeys(OPERATIONS[operation][2], value))
    else:
        body = document(operation, **{field: value})
    error = fails(connect, operation, body)
    assert (type(error), error.outcome) == (infosecops.UnexpectedContentError, "unknown")


@pytest.mark.parametrize("word", ["warning", "pending", "unsuccessful", "ok", "1"])
@pytest.mark.parametrize("operation", ["upload_coverage", "set_review_state", "update_unreviewed_items"])
def test_a_status_that_is_not_documented_is_no_success(connect: Callable[..., Any], operation: str, word: str) -> None:
    error = fails(connect, operation, document(operation, status=word))
    assert (type(error), error.outcome) == (infosecops.UnexpectedContentError, "unknown")


@pytest.mark.parametrize(
    ("operation", "parameter"),
    [
        ("upload_coverage", "id"),
        ("set_review_state", "id"),
        ("refresh_review", "id"),
        ("update_unreviewed_items", "id"),
        ("get_review_status", "id"),
        ("get_run_status", "run-id"),
        ("get_review_result", "run-id"),
    ],
)
def test_an_answer_about_another_object_is_none(connect: Callable[..., Any], operation: str, parameter: str) -> None:
    asked = {"id": 61, "run-id": 17}[parameter]
    for same in (asked, str(asked), f"0{asked}", None):
        with Wire(ok(document(operation, **{parameter: same}))) as wire:
            OPERATIONS[operation][0](connect(GL, wire.url, token="t"))
    for other in (asked + 1, f"{asked}0", "UAR-3"):
        error = fails(connect, operation, document(operation, **{parameter: other}))
        assert (type(error), error.outcome) == (infosecops.UnexpectedContentError, "unknown")


def test_texts_and_numbers_of_a_status_are_read_whatever_they_are_written_as(connect: Callable[..., Any]) -> None:
    fields = {"name": 7, "state": "Active", "total-users": 12, "saved-users": "3", "reviewed-users": True, "id": 61}
    with Wire(ok(document("get_review_status", **fields))) as wire:
        status = connect(GL, wire.url, token="t").get_review_status(61)
    assert (status.name, status.state, status.total_users, status.saved_users) == ("7", "Active", 12, 3)
    assert status.reviewed_users is None, "true is no count"
    assert dict(status.extra) == {"reviewed-users": True, "id": 61}


@pytest.mark.parametrize("body", ['{"data":{"type":"getReviewStatus","token":"ws1:-2"}}', *OTHERS])
@pytest.mark.parametrize("call", ["login", "run_review"])
def test_a_login_without_its_own_answer_is_an_error(connect: Callable[..., Any], call: str, body: str) -> None:
    with Wire(ok(body)) as wire:
        gl = connect(GL, wire.url, login=UserLogin("jdoe", "pw"))
        with pytest.raises(infosecops.UnexpectedContentError) as caught:
            gl.login() if call == "login" else gl.run_review("UAR")
        assert len(wire.requests) == 1
        assert caught.value.outcome == ("unknown" if call == "login" else "not_sent")
        assert caught.value.body_excerpt is None


def test_a_logout_that_is_not_understood_keeps_the_token_for_another_one(connect: Callable[..., Any]) -> None:
    login = ok('{"data":{"type":"loginUser","token":"ws1:-2"}}')
    with Wire(login, ok("{}"), ok('{"data":{"type":"logoutUser"}}')) as wire:
        gl = connect(GL, wire.url, login=UserLogin("jdoe", "pw"))
        gl.login()
        with pytest.raises(infosecops.UnexpectedContentError):
            gl.logout()
        gl.logout()
        assert wire.requests[2].headers["authorization"] == "Bearer ws1:-2"


# Any other command: what a good answer holds is not known.


@pytest.mark.parametrize(
    ("body", "kind", "outcome"),
    [
        ('{"data":{"status":"error"}}', infosecops.ApiError, "rejected"),
        ('{"x":{"Status":"Failed"}}', infosecops.ApiError, "rejected"),
        ("Status=failure\n", infosecops.ApiError, "rejected"),
        ('{"error":"The database is read-only"}', infosecops.UnexpectedContentError, "unknown"),
        ('{"Error":"x","path":"/aveksa"}', infosecops.UnexpectedContentError, "unknown"),
    ],
)
def test_any_command_fails_where_its_answer_says_so(
    connect: Callable[..., Any], body: str, kind: type[infosecops.Error], outcome: str
) -> None:
    with Wire(ok(body)) as wire:
        with pytest.raises(infosecops.Error) as caught:
            connect(GL, wire.url, token="t").command("x")
        assert (type(caught.value), caught.value.outcome) == (kind, outcome)


@pytest.mark.parametrize(
    "body",
    [
        '{"data":{"error":null,"id":"1"}}',
        '{"error":null}',
        '{"x":[{"status":"error"}]}',
        '{"data":{"state":"Error"}}',
        "{}",
    ],
)
def test_any_other_answer_of_any_command_is_given(connect: Callable[..., Any], body: str) -> None:
    with Wire(ok(body)) as wire:
        document = json.loads(body)
        wanted = document.get("data", document.get("x", document))
        assert connect(GL, wire.url, token="t").command("x").data == wanted
