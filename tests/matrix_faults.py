"""Everything that can go wrong with a request, as orders to the sandbox: the columns of the matrix."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from math import inf
from typing import TYPE_CHECKING, Any

from infosecops.sandbox import Sandbox
from matrix import BAMBOO, GL, HASTY, MAX_BYTES, PAM, SDE

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN_PLACE = "the request's own address"
ANOTHER = "an answer about another object"


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong."""

    name: str
    symptom: str
    """What the client gets to see: fine, status, refusal, cut, late, unreadable, too large, redirect or gone."""
    options: dict[str, Any] = field(default_factory=dict)
    status: int | None = None
    error: str = ""
    """The class that the system's own code stands for."""
    times: int | None = None
    """How many requests it strikes; None is all."""
    asks: float = 0.0
    """Seconds to wait that the server asks for."""
    is_slow: bool = False
    """Whether the client has to run into its deadline, or to wait."""
    is_hasty: bool = False
    """Whether the client has little time."""
    systems: tuple[str, ...] = (GL, SDE, PAM, BAMBOO)

    def __str__(self) -> str:
        return self.name


def _statuses() -> Iterator[Fault]:
    for status in (400, 401, 403, 404, 409, 412, 429, 500, 502, 503, 504):
        yield Fault(f"{status}", "status", {"status": status}, status)
    page = "<html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>"
    yield Fault("502 of a gateway", "status", {"status": 502, "body": page, "content_type": "text/html"}, 502)
    yield Fault("500, though done", "status", {"status": 500, "apply": True}, 500)
    yield Fault("503, though done", "status", {"status": 503, "apply": True}, 503)
    yield Fault("429 once", "status", {"status": 429}, 429, times=1)
    yield Fault("503 once", "status", {"status": 503}, 503, times=1)
    yield Fault("503 thrice", "status", {"status": 503}, 503, times=3)
    yield Fault("503 once, wait 0 s", "status", {"status": 503, "retry_after": 0}, 503, times=1)
    yield Fault("503, wait 600 s", "status", {"status": 503, "retry_after": 600}, 503, asks=600)


def _rate_limits() -> Iterator[Fault]:
    waits = {
        "wait 0 s": (0, 0.0),
        "wait 600 s": (600, 600.0),
        "wait until 2015": ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        "wait until 2199": ("Tue, 31 Dec 2199 23:59:59 GMT", inf),
        "wait soon": ("soon", 0.0),
        "wait -1": ("-1", 0.0),
    }
    for name, (value, asks) in waits.items():
        yield Fault(f"429, {name}", "status", {"status": 429, "retry_after": value}, 429, asks=asks)
    yield Fault("429 once, wait 1 s", "status", {"status": 429, "retry_after": 1}, 429, times=1, asks=1.0, is_slow=True)


def _refusals() -> Iterator[Fault]:
    def refusal(name: str, error: str, system: str, code: str, status: int = 200, **more: Any) -> Fault:
        options = {"code": code} if status == 200 else {"code": code, "status": status}
        return Fault(name, "refusal", options, status, error, systems=(system,), **more)

    yield refusal("200 with a failure", "ApiError", GL, "refused on purpose")
    yield refusal("401, no right", "PermissionDeniedError", GL, "The token is not valid for the command 'x'. ", 401)
    dead = "The token is not valid for the command 'x'. Token is invalid or expired"
    yield refusal("401, token expired", "AuthenticationError", GL, dead, 401)
    yield refusal("401, token expired, once", "AuthenticationError", GL, dead, 401, times=1)
    yield refusal("400 with detail", "BadRequestError", SDE, "refused on purpose", 400)
    yield refusal("409 with detail", "ConflictError", SDE, "refused on purpose", 409)
    yield refusal("400 with message", "BadRequestError", BAMBOO, "refused on purpose", 400)
    codes = {
        "011688": "AuthenticationError",
        "011670": "NotFoundError",
        "011672": "PermissionDeniedError",
        "011689": "BadRequestError",
        "011692": "ServerError",
    }
    for code, error in codes.items():
        yield refusal(f"code {code}", error, PAM, code)
    yield refusal("400, code 011670", "NotFoundError", PAM, "011670", 400)
    yield refusal("500, code 011692", "ServerError", PAM, "011692", 500)


def _connections() -> Iterator[Fault]:
    for place in ("before", "after", "mid_body"):
        name = place.replace("mid_body", "in mid-body")
        yield Fault(f"cut {name}", "cut", {"drop": place})
        yield Fault(f"cut {name}, once", "cut", {"drop": place}, times=1)
    yield Fault("no answer", "late", {"hang": True}, is_slow=True, is_hasty=True)
    yield Fault("answer too late", "late", {"delay": 30.0}, is_slow=True, is_hasty=True)
    yield Fault("answer late, in time", "fine", {"delay": HASTY / 10}, is_slow=True)
    yield Fault("drips", "late", {"drip": HASTY / 5}, is_slow=True, is_hasty=True)
    yield Fault("says it closes", "fine", {"close": True})


def _contents() -> Iterator[Fault]:
    yield Fault("empty 200", "unreadable", {"truncate": 0})
    yield Fault("truncated", "unreadable", {"truncate": 10})
    yield Fault("broken JSON", "unreadable", {"broken_json": True})
    yield Fault("no text", "unreadable", {"body": b"\xff\xfe\x00{", "content_type": "application/json"})
    yield Fault("login page", "html", {"html": True})
    # Sound JSON with a good status, for a request that was carried out.
    sound = {"content_type": "application/json", "apply": True}
    yield Fault("empty object", "unreadable", {"body": b"{}", **sound})
    yield Fault("JSON of another shape", "unreadable", {"body": b'{"unexpected": [{"is": true}]}', **sound})
    yield Fault("JSON that is a text", "unreadable", {"body": b'"done"', **sound})
    yield Fault("about another object", "unreadable", {"body": ANOTHER, **sound})
    yield Fault("says text/plain", "fine", {"content_type": "text/plain"})
    yield Fault("says text/html", "fine", {"content_type": "text/html; charset=utf-8"})
    yield Fault("too large", "too large", {"oversize": 2 * MAX_BYTES})
    yield Fault("bomb", "too large", {"bomb": 8 * MAX_BYTES})
    yield Fault("redirect to itself, once", "redirect", {"redirect": OWN_PLACE}, 302, times=1)
    yield Fault("redirect to itself", "redirect", {"redirect": OWN_PLACE}, 302)
    yield Fault("redirect elsewhere", "redirect", {"redirect": "http://192.0.2.1/"}, 302)


GONE = Fault("nobody listens", "gone")
"""The sandbox is stopped, so this one comes last."""

FAULTS = (*_statuses(), *_rate_limits(), *_refusals(), *_connections(), *_contents(), GONE)


@cache
def is_known(option: str) -> bool:
    """Whether the installed sandbox takes this option."""
    with Sandbox() as box:
        try:
            box.faults.always(**{option: 1})
        except TypeError:
            return False
        except ValueError:
            return True
        return True


def available() -> tuple[Fault, ...]:
    """The faults that the installed sandbox can make."""
    newer = {"drip", "oversize", "bomb"}
    return tuple(fault for fault in FAULTS if all(is_known(option) for option in newer & fault.options.keys()))
