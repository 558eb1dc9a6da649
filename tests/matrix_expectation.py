"""What an operation must do when a request of its goes wrong: derived from effect and fault, as the contract has it.

Knows nothing of the implementation. What differs from the rule for a reason of its own stands in OVERRIDES.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from matrix import ATTEMPTS, BAMBOO, GL, HASTY, PATIENT, Row
from matrix_faults import ANOTHER, OWN_PLACE, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

REDIRECTS = 5
# Faults that are sound JSON with a good status.
SOUND = {"empty object", "JSON of another shape", "JSON that is a text"}

# Effect -> what may be followed by another try.
PASSING = {"cut", 429, 502, 503, 504}
SENT_AGAIN: dict[str, set[object]] = {
    "read": PASSING,
    "idempotent": PASSING,
    "unsafe": {429},
    "audited": set(),
}
CLASSES = {
    302: "UnexpectedContentError",
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    409: "ConflictError",
    412: "PreconditionFailedError",
    429: "RateLimitedError",
    500: "ServerError",
    502: "ServerError",
    503: "ServerError",
    504: "ServerError",
    "cut": "TransportError",
    "late": "DeadlineExceeded",
    "unreadable": "UnexpectedContentError",
    "html": "UnexpectedContentError",
    "too large": "UnexpectedContentError",
    "gone": "ConnectError",
}


@dataclass(frozen=True)
class Expectation:
    """What has to happen."""

    requests: int
    """Requests of the struck kind, from the struck one on."""
    error: str | None = None
    outcome: str | None = None
    wire: tuple[str, ...] | None = None
    """All requests from the struck one on, where they are of several kinds."""

    def __str__(self) -> str:
        if self.error is None:
            return "ok" if self.requests == 1 else f"{self.requests} ok"
        short = {"rejected": "rej", "unknown": "unk", "not_sent": "not"}
        return f"{self.requests} {short[str(self.outcome)]}"


OK = Expectation(1)


def applies(row: Row, fault: Fault) -> bool:
    """Whether the pair means anything."""
    return row.system in fault.systems and (bool(row.another) or fault.options.get("body") != ANOTHER)


def expected(row: Row, fault: Fault) -> Expectation:
    """The rule, then what is special about the row."""
    expectation = by_rule(row, fault)
    for applies, change, _ in OVERRIDES:
        if applies(row, fault):
            expectation = change(row, fault, expectation)
    return expectation


def by_rule(row: Row, fault: Fault) -> Expectation:
    """What effect and fault alone lead to."""
    if fault.symptom == "fine":
        return OK
    if fault.symptom == "gone":
        return Expectation(0, CLASSES["gone"], "not_sent")
    times = fault.times or row.strikes
    if fault.symptom == "redirect" and row.effect == "read" and fault.options["redirect"] == OWN_PLACE:
        is_followed = times is not None and times <= REDIRECTS
        return Expectation(times + 1) if is_followed else Expectation(1 + REDIRECTS, CLASSES[302], "unknown")
    symptom = fault.status if fault.symptom in ("status", "redirect") else fault.symptom
    error = fault.error or CLASSES[symptom]
    limit = row.limit or (HASTY if fault.is_hasty else PATIENT)
    tries = ATTEMPTS if symptom in SENT_AGAIN[row.effect] and fault.asks < limit else 1
    if times is not None and times < tries:
        return Expectation(times + 1)
    return Expectation(tries, error, outcome(fault))


def outcome(fault: Fault) -> str:
    """A 4xx and a refusal inside a 2xx are a no; no answer, one that can't be understood and a 5xx are not."""
    status = fault.status
    is_no = status is not None and (400 <= status < 500 or (fault.symptom == "refusal" and 200 <= status < 300))
    return "rejected" if is_no else "unknown"


def _fails(expectation: Expectation) -> bool:
    return expectation.error is not None


def _log_in_again(row: Row, fault: Fault, _: Expectation) -> Expectation:
    login = "loginTrustedApp" if row.struck == "loginTrustedApp" else "loginUser"
    wire = (row.struck, login, row.struck)
    if fault.times:
        return Expectation(2, wire=wire)
    return Expectation(2, fault.error, "rejected", wire)


def _is_dead_token(row: Row, fault: Fault) -> bool:
    return row.system == GL and "expired" in fault.name


def _is_login(row: Row) -> bool:
    return row.struck.startswith("login")


def _look_again(row: Row, fault: Fault, expectation: Expectation) -> Expectation:
    if expectation.error not in {
        "TransportError",
        "ConnectError",
        "ServerError",
        "RateLimitedError",
        "DeadlineExceeded",
    }:
        return expectation
    if row.strikes and fault.symptom != "gone":
        return Expectation(row.strikes + 1)
    return replace(expectation, error="WaitTimeout", outcome="unknown")


OVERRIDES: tuple[tuple[Callable[..., bool], Callable[..., Expectation], str], ...] = (
    (
        lambda row, fault: row.is_raw and (fault.symptom in {"unreadable", "html"} or _inside_200(fault)),
        lambda *_: OK,
        "`request` hands a 2xx over as it is, whatever it says",
    ),
    (
        lambda row, fault: row.system == GL and row.operation == "command" and fault.name in SOUND,
        lambda *_: OK,
        "`command` runs commands whose answers nobody has modelled, so any sound JSON is one",
    ),
    (
        lambda row, fault: _is_dead_token(row, fault) and not _is_login(row) and row.operation != "logout",
        _log_in_again,
        "a token that has expired was refused unread: G&L logs in and sends once more, whatever the effect",
    ),
    (
        lambda row, fault: row.operation == "logout" and _is_dead_token(row, fault),
        lambda *_: OK,
        "a session that has ended already is fine",
    ),
    (
        lambda row, fault: _is_login(row) and fault.name == "200 with a failure",
        lambda _row, _fault, found: replace(found, error="AuthenticationError"),
        "what a login refuses is the credentials, whatever the status",
    ),
    (
        lambda row, fault: row.operation == "logout" and fault.status == 401,
        lambda *_: OK,
        "a session that is not known is one that has ended",
    ),
    (
        lambda row, fault: row.operation == "logout" and "in mid-body" in fault.name,
        lambda *_: Expectation(2),
        "the first one ended the session, so the second one is told that there is none",
    ),
    (
        lambda row, _: row.note in {"its login", "its list", "its look"},
        lambda _row, _fault, found: replace(found, outcome="not_sent") if found.outcome == "unknown" else found,
        "of the operation that needed the login, the list or the look nothing was sent",
    ),
    (
        lambda row, fault: row.note == "second chunk" and fault.symptom not in {"fine", "gone"},
        lambda _row, _fault, found: replace(found, error="PartialFailure") if _fails(found) else found,
        "the chunks before were applied, so the error carries them",
    ),
    (
        lambda row, _: row.is_wait,
        _look_again,
        "a look that fails for a passing reason does not end the wait",
    ),
    (
        lambda row, fault: row.system == BAMBOO and row.is_fresh and fault.status == 404,
        lambda _row, _fault, found: replace(found, requests=2),
        "a 404 may mean the other family of paths, which is asked too",
    ),
    (
        lambda row, fault: row.note == "its finish" and fault.symptom not in {"fine", "gone"},
        lambda _row, _fault, found: replace(found, error="TaskLeftOpen") if _fails(found) else found,
        "what could not be finished is named by the error",
    ),
    (
        lambda row, fault: (
            (row.operation, fault.name)
            in {
                ("agents.target_version", "truncated"),
                ("agents.clear_capabilities", "truncated"),
                ("agents.clear_capabilities", "drips"),
            }
        ),
        lambda *_: OK,
        "a version cut short is one, too, and an answer of two bytes can't be cut",
    ),
)


def _inside_200(fault: Fault) -> bool:
    return fault.symptom == "refusal" and fault.status == 200
