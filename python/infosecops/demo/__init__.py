"""``python -m infosecops demo``: every operation of the four clients, against a sandbox, each of them checked.

Systems whose address and credentials stand in the environment are looked at instead, and nothing is changed there. The
variables are those of ``from_env``, such as ``INFOSECOPS_SD_ELEMENTS_URL`` and ``INFOSECOPS_SD_ELEMENTS_TOKEN``;
docs/configuration.md lists them. A vault records every request for a password, so one is made only for the account of
``INFOSECOPS_SECTONA_ACCOUNT``: ``asset_type|asset_host|account_name``. The agents of Bamboo are looked at with
``INFOSECOPS_BAMBOO_AGENTS_ACCESS_TOKEN``, the uuid of an access token.

None of these values is printed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory

import infosecops
from infosecops.demo import bamboo_agents, governance_lifecycle, sd_elements, sectona
from infosecops.demo.real import masks, real_systems
from infosecops.demo.screen import Screen
from infosecops.demo.show import Tally, show_summary, show_system
from infosecops.demo.stage import Side
from infosecops.sandbox import Sandbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TextIO

    from infosecops.demo.real import Real

__all__ = ["main"]

_LEGEND = (
    ("ok", "as expected"),
    ("no", "refused or failed, as expected"),
    ("!!", "not as expected"),
    (">", "a request, secrets masked -> status of the answer, and whether it changed something"),
    ("<", "what the call returned or raised"),
    ("=", "what else was checked, and holds"),
)
_TOURS: dict[str, Any] = {
    "governance_lifecycle": governance_lifecycle,
    "sd_elements": sd_elements,
    "sectona": sectona,
    "bamboo_agents": bamboo_agents,
}


def main(
    *,
    prepare: Callable[[Sandbox], object] | None = None,
    out: TextIO | None = None,
) -> int:
    """Take the tour.

    Args:
        prepare: Is given every sandbox before it is used, to let something go wrong.
        out: Where to write; standard output by default.

    Returns:
        0 if everything was as expected, 1 otherwise.
    """
    try:
        return _tour(os.environ, prepare, out or sys.stdout)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever reads has seen enough; nothing must be written when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _tour(environment: Mapping[str, str], prepare: Callable[[Sandbox], object] | None, out: TextIO) -> int:
    screen = Screen(out)
    try:
        real = real_systems(environment)
    except infosecops.ConfigError as error:
        screen.mask(masks(environment))
        screen.line(str(error))
        return 1
    _show_head(screen, real)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        loop = stack.enter_context(closing(asyncio.new_event_loop()))
        tallies: list[Tally] = []
        secrets: list[str] = []
        for system, module in _TOURS.items():
            screen.line()
            if system in real:
                screen.mask(masks(environment))
                tallies.append(_read(screen, module, real[system], loop, folder))
                screen.mask({})
            else:
                tally, known = _try_out(screen, module, prepare, loop, folder)
                tallies.append(tally)
                secrets += known
    screen.line()
    show_summary(screen, tallies)
    return _show_verdict(screen, tallies, secrets)


def _show_head(screen: Screen, real: Mapping[str, Real]) -> None:
    screen.rule(f"infosecops {infosecops.__version__}: a tour of the four clients")
    screen.line()
    for system, module in _TOURS.items():
        where = "YOUR system, reading only" if system in real else "a sandbox on this machine, every operation"
        screen.line(where, first=f"{module.TITLE:<28}")
    screen.line()
    if real:
        screen.line("Nothing is changed on your systems. They are asked for what is there already, and for no more.")
    else:
        screen.line(
            "Nothing outside this machine is asked. `python -m pydoc infosecops.demo` says how to look at real systems."
        )
    screen.line()
    screen.line(
        "Every step is taken twice: by the blocking client and by its Async twin, whose milliseconds stand at the"
        " right. In a sandbox, of which each has its own, what a client says it sent is compared with what was"
        " received."
    )
    screen.line()
    for mark, meaning in _LEGEND:
        screen.line(meaning, first=f"{mark:>6}  ")


def _try_out(
    screen: Screen,
    system: Any,  # noqa: ANN401
    prepare: Callable[[Sandbox], object] | None,
    loop: asyncio.AbstractEventLoop,
    folder: Path,
) -> tuple[Tally, list[str]]:
    with Sandbox() as box, Sandbox() as other:
        for one in (box, other):
            if prepare is not None:
                prepare(one)
        sides = [Side("sync", None, folder, box), Side("async", loop, folder, other)]
        screen.rule(f"{system.TITLE}: sandbox")
        screen.line()
        tally = show_system(screen, system.TITLE, box.url, sides, system.tour)
        secrets = [value for one in (box, other) for *_, value in one.describe()]
        for side in sides:
            secrets += side.secrets
            side.close()
    return tally, [secret.reveal() for secret in secrets if isinstance(secret, infosecops.Secret) and secret]


def _read(screen: Screen, system: Any, real: Real, loop: asyncio.AbstractEventLoop, folder: Path) -> Tally:  # noqa: ANN401
    screen.rule(f"{system.TITLE}: your system, reading only")
    screen.line()
    sides = [Side("sync", None, folder), Side("async", loop, folder)]
    try:
        clients = {side.name: side.real_client(real.client) for side in sides}
    except (infosecops.Error, OSError) as error:
        screen.line(str(error), first="!!  ")
        return Tally(system.TITLE, wrong=1)
    for note in system.notes(real):
        screen.line(note)
        screen.line()
    try:
        return show_system(
            screen,
            system.TITLE,
            clients["sync"].url,
            sides,
            lambda side: system.reading(clients[side.name], real),
        )
    finally:
        for side in sides:
            side.close()


def _show_verdict(screen: Screen, tallies: list[Tally], secrets: list[str]) -> int:
    wrong = sum(tally.wrong for tally in tallies)
    leaks = screen.leaks(secrets)
    screen.line()
    if secrets:
        screen.line(f"Secrets of the sandboxes that stand in the text above: {leaks} of {len(set(secrets))}.")
    if wrong or leaks:
        screen.line(f"NOT as expected: {wrong} calls. Look for !! above.")
        return 1
    calls = sum(tally.calls for tally in tallies)
    screen.line(f"All {calls} calls came out as expected.")
    return 0
