"""The tour of Agent APIs for Bamboo."""

from __future__ import annotations

from collections import Counter

import infosecops
from infosecops.demo import agents
from infosecops.demo.stage import Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from infosecops.demo.real import Real
    from infosecops.demo.stage import Proof, Side, Tour

TITLE = "Agent APIs for Bamboo"
_FAMILIES = (("agent-config", "version 1.5 and later"), ("agent", "versions before 1.5"))


def tour(side: Side) -> Tour:
    """Do everything, in the sandbox: with the paths of version 1.5 and later, then with those before."""
    for api, versions in _FAMILIES:
        yield from _tokens(side, api, versions)
    limited = side.client("bamboo_agents", token=side.box.bamboo_agents.limited_token, api="agent")
    yield Step(
        "tokens.list",
        "without an administrator's rights",
        limited.tokens.list,
        refused=(infosecops.PermissionDeniedError, "rejected"),
    )
    yield from agents.tour(side)


def notes(real: Real) -> list[str]:
    """Say what is not obvious about reading."""
    if real.access_token is None:
        return ["Set INFOSECOPS_BAMBOO_AGENTS_ACCESS_TOKEN to the uuid of an access token to look at the agents, too."]
    return []


def reading(bamboo: Any, real: Real) -> Tour:  # noqa: ANN401
    """Look at a real system, and change nothing."""
    listed = yield Step(
        "tokens.list",
        "",
        bamboo.tokens.list,
        lambda tokens: f"{len(tokens)} tokens",
        needed=False,
    )
    counted = Counter(token.name for token in listed or ())
    name = next((name for name, times in counted.items() if times == 1), None)
    if name is not None:
        yield Step("tokens.find", "by a name of the list", lambda: bamboo.tokens.find(name), _token, needed=False)
    if real.access_token is not None:
        yield from agents.reading(bamboo.agents(real.access_token))


def _tokens(side: Side, api: Any, versions: str) -> Tour:  # noqa: ANN401
    side.box.bamboo_agents.set_api(api)
    tokens = side.client("bamboo_agents").tokens
    chef, puppet = f"chef, {api}", f"puppet, {api}"

    listed = yield Step(
        "tokens.list",
        f"paths of {versions}",
        tokens.list,
        lambda tokens: [token.name for token in tokens][:2],
        ["readOnly", "read and write"],
    )
    side.secrets += [token.uuid for token in listed]
    token = yield Step(
        "tokens.create",
        "",
        lambda: tokens.create(chef, read=True, change=False),
        _token,
        f"{chef!r}, read={True}, change={False}, Secret(****)",
        applied=1,
        proof=lambda _: [_sent_once(side, "tokens.create", chef)],
    )
    side.secrets.append(token.uuid)
    yield Step(
        "tokens.update",
        "one more right",
        lambda: tokens.update(token, change=True),
        _token,
        f"{chef!r}, read={True}, change={True}, Secret(****)",
        applied=1,
        proof=lambda updated: [("the same token", True, updated.uuid == token.uuid)],
    )
    yield Step(
        "tokens.find",
        "",
        lambda: tokens.find(chef),
        _token,
        f"{chef!r}, read={True}, change={True}, Secret(****)",
    )
    made = yield Step(
        "tokens.ensure",
        "there was none",
        lambda: tokens.ensure(puppet),
        lambda ensured: f"changed={ensured.changed}, {_token(ensured.token)}",
        f"changed=True, {puppet!r}, read=True, change=False, Secret(****)",
        applied=1,
        proof=lambda _: [_sent_once(side, "tokens.create", puppet)],
    )
    side.secrets.append(made.token.uuid)
    yield Step(
        "tokens.ensure",
        "again, nothing to do",
        lambda: tokens.ensure(puppet),
        lambda ensured: {"changed": ensured.changed},
        {"changed": False},
        proof=lambda again: [
            ("the same token", True, again.token.uuid == made.token.uuid),
            _sent_once(side, "tokens.create", puppet),
        ],
    )
    yield Step(
        "tokens.revoke",
        "all rights taken away",
        lambda: tokens.revoke(made.token),
        _token,
        f"{puppet!r}, read={False}, change={False}, Secret(****)",
        applied=1,
    )


def _token(token: Any) -> str:  # noqa: ANN401
    return f"{token.name!r}, read={token.read}, change={token.change}, {token.uuid}"


def _sent_once(side: Side, operation: str, name: str) -> Proof:
    entries = side.box.journal.entries(operation=operation)
    return "made exactly once", 1, sum(f'"name":"{name}"' in entry.body and entry.applied for entry in entries)
