"""Bulk calls that every kind of executor makes, against a server whose every answer is a function of the request."""

from __future__ import annotations

import json
import os
import re
import signal
from typing import TYPE_CHECKING, Any

import infosecops
from infosecops import Group, ReviewItemChange
from test_sectona import envelope, record
from wire import Drop, Received, html, ok

if TYPE_CHECKING:
    from concurrent.futures import Executor

COUNT = 200
CHUNK = 10
USER = re.compile(rb"<RevieweeUserId>user(\d+)</RevieweeUserId>")
LOCKED = "The review component is locked and can not be changed."
ACCOUNTS = [("Unix Based", f"host{number}", f"a{number}") for number in range(COUNT)]
CHANGES = [ReviewItemChange("revoke", f"user{number}", Group(f"g{number}", "AD")) for number in range(COUNT)]

# The sandbox has its item.
KNOWN = ReviewItemChange("revoke", "achen", Group("Auditors", "CyberArk (REST)"))


def key() -> str:
    """What workers ask for."""
    return "key"


def clients(url: str, prefix: str = "") -> tuple[Any, Any, Any]:
    options = {"proxy": "direct", "retry": infosecops.Retry(attempts=1)}
    return (
        getattr(infosecops, f"{prefix}Sectona")(url, access_key=key, **options),
        getattr(infosecops, f"{prefix}SDElements")(url, token=key, **options),
        getattr(infosecops, f"{prefix}GovernanceLifecycle")(url, token=key, **options),
    )


def answer(request: Received) -> bytes | Drop:
    """Something is wrong with one in ten."""
    if "RequestPassword" in request.target:
        return of_account(json.loads(request.body)["AccountName"])
    if "/api/v2/" in request.target:
        number = int(request.target.rstrip("/").rpartition("/")[2])
        if number % 10 == 3:
            return html("", "404 Not Found")
        return ok(json.dumps({"id": number, "ready": True, "succeeded": number % 10 != 7, "result_message": "m"}))
    return of_changes([int(number) for number in USER.findall(request.body)])


def of_account(name: str) -> bytes | Drop:
    number = int(name[1:])
    if number % 10 == 3:
        faults = (ok(envelope(IsSuccess=False, LogCode="011670", Result=None)), html("", "503 Busy"), Drop())
        return faults[number // 10 % 3]
    return ok(envelope(Result=record(AccountName=name, Password=f"secret of {name}")))


def of_changes(users: list[int]) -> bytes | Drop:
    if users[0] % 100 == 50:
        return html("", "503 Busy") if users[0] == 50 else Drop()
    locked = [number for number in users if number % 10 == 0]
    head = f"Partial Success. Updated {len(users) - len(locked)} of {len(users)} review components successfully."
    lines = [f"Status For Review Item(user{number}-g{number})=Failure ({LOCKED}" for number in locked]
    return ok(json.dumps({"data": {"type": "updateReviewItems", "Status": "\n".join([head, *lines])}}))


def check(entry: Any) -> None:
    """Runs where the secret is."""
    if entry.value is not None:
        assert entry.value.password.reveal() == f"secret of {entry.input.account_name}"
        assert entry.input.account_name == f"a{entry.index}"


def kill_itself(entry: Any) -> None:
    """Ends the worker after its first answer."""
    if entry.index == 0:
        os.kill(os.getpid(), signal.SIGKILL)


def shown(result: Any) -> list[list[Any]]:
    """What became of each input, as plain data."""
    found = []
    for entry in result:
        error = None if entry.error is None else [type(entry.error).__name__, entry.error.outcome]
        found.append([entry.index, str(entry.input), None if entry.value is None else repr(entry.value)[:60], error])
    return found


def shown_update(update: Any) -> dict[str, Any]:
    told = update.to_dict()
    indexes = {name: told[name] for name in ("updated", "total", "succeeded", "failed", "unknown")}
    reasons = [[index, re.sub(r"127\.0\.0\.1:\d+", "host", reason)] for index, reason in told["reasons"]]
    return {**indexes, "reasons": [reason for reason in reasons if "answered 503" not in reason[1]]}


def everything(url: str, executor: Executor | None) -> list[Any]:
    """All bulk calls."""
    pam, sde, gl = clients(url)
    passwords = pam.request_passwords(ACCOUNTS, on_partial="return", on_result=check, executor=executor)
    jobs = sde.jobs.alm.wait_all(range(1, COUNT + 1), on_failure="return", executor=executor)
    if executor is None:
        return [shown(passwords), shown(jobs)]
    update = gl.update_review_items("R", iter(CHANGES), chunk_size=CHUNK, on_partial="return", executor=executor)
    return [shown(passwords), shown(jobs), shown_update(update)]
