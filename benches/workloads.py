"""What is measured: each workload's entries, how much they do, and the goals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from goals import OURS, Goal

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOP, RAW = "limit: reqwest loop", "limit: raw socket"
COUNT_SEPARATOR = "@"
MIB = 1.048576
"""In MB."""


@dataclass(frozen=True)
class Workload:
    """One table of the report."""

    name: str
    title: str
    module: str
    entries: tuple[str, ...]
    """With `@` behind it, the number of items of an entry; without, `options` says it."""
    unit: str = "call"
    address: str = "plain"
    options: Mapping[str, Any] = field(default_factory=dict)
    quick: Mapping[str, Any] = field(default_factory=dict)
    """What differs in a short run."""
    limits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Entries in Rust: name and command."""
    rounds: int = 5
    awake: bool = True
    """Whether processes that run when nothing else does keep the cores from halting."""
    goals: tuple[Goal, ...] = ()
    picture: str = "cpu"


SYNC = ("requests", "niquests", "httpx", "urllib3", "http.client", "primp", "pyreqwest", "pycurl")
FAST = ("pycurl", "pyreqwest", "primp")
TIMED = ("{url}", "{ca}", "{seconds}")

SMALL = (
    Workload(
        "get", "W1: a small GET after the other (tokens of Bamboo)", "small_get", (OURS, *SYNC),
        limits={LOOP: ("get-reqwest", *TIMED), RAW: ("get-raw", *TIMED)}, rounds=7,
        goals=(
            Goal("cpu", "times", 12, ("requests",)),
            Goal("cpu", "times", 10, ("httpx",)),
            Goal("cpu", "times", 1.25, FAST, then=1.8),
            Goal("cpu", "times", 0.80, (LOOP,), then=1.0),
            Goal("wall", "times", 1.25, FAST, then=1.8),
            Goal("wall", "times", 0.80, (LOOP,), then=1.0),
        ),
    ),
    Workload(
        "get-tls", "W1 TLS: the same over TLS 1.3", "small_get", (OURS, *SYNC), address="tls",
        limits={LOOP: ("get-reqwest", *TIMED), RAW: ("get-raw", *TIMED)}, rounds=5,
        goals=(
            Goal("cpu", "times", 1.25, ("pyreqwest",)),
            Goal("cpu", "times", 1.15, ("primp",), then=1.4),
            Goal("cpu", "times", 0.80, (LOOP,)),
        ),
    ),
    Workload(
        "password", "W1 password: a vault request after the other (Sectona, POST, JSON in JSON)", "vault", (OURS, *SYNC),
        limits={LOOP: ("password-reqwest", *TIMED)}, rounds=5,
        goals=(Goal("cpu", "times", 1.25, FAST, then=1.8),),
    ),
    Workload(
        "password-tls", "W1 password over TLS", "vault", (OURS, *SYNC), address="tls",
        limits={LOOP: ("password-reqwest", *TIMED)}, rounds=5,
        goals=(Goal("cpu", "times", 1.25, FAST, then=1.8),),
    ),
)  # fmt: skip

MSGSPEC = ("http.client+msgspec", "urllib3+msgspec", "httpx+msgspec", "pyreqwest+msgspec")
LISTS = (*MSGSPEC, "httpx+pydantic", "httpx+json", "requests+json", "httpx+orjson", "pyreqwest+orjson")
JOBS = {"count": 50_000}
PARSED = "limit: raw socket + borrowed serde_json"

JOB_LISTS = (
    Workload(
        "jobs", "W3: 50 000 jobs of SD Elements (40 MB), every attribute but `params` read", "jobs",
        (OURS, *LISTS, "urllib3+msgspec text", "urllib3+msgspec text raw"), unit="job",
        options={**JOBS, "what": "scalars"}, quick={"count": 10_000},
        limits={PARSED: ("jobs", "{url}", "{count}", "scalars")},
        goals=(
            Goal("cpu", "times", 1.4, MSGSPEC, then=1.7),
            Goal("cpu", "times", 5, ("httpx+pydantic",)),
            Goal("cpu", "times", 2.8, ("httpx+json",)),
            Goal("peak", "share", 0.45, MSGSPEC, then=0.36),
            Goal("peak", "share", 0.20, ("httpx+pydantic",)),
        ),
    ),
    Workload(
        "jobs-params", "W3 full: the same, and all 15 `params` of each", "jobs",
        (OURS, *LISTS), unit="job", options={**JOBS, "what": "params"}, quick={"count": 10_000},
        limits={PARSED: ("jobs", "{url}", "{count}", "params")},
        goals=(
            Goal("cpu", "times", 0.95, MSGSPEC, then=1.2),
            Goal("cpu", "times", 3, ("httpx+pydantic",)),
            Goal("cpu", "times", 1.9, ("httpx+json",)),
            Goal("peak", "share", 0.45, MSGSPEC),
        ),
    ),
)  # fmt: skip

NATIVE = "infosecops native"
BY_HAND = ("pyreqwest+html.escape", "urllib3+html.escape", "requests+html.escape", "requests+saxutils")
TREES = ("requests+etree", "requests+lxml", "requests+lxml.xmlfile")
FORMATTED = "limit: raw socket + Rust by hand"

REVIEWS = (
    Workload(
        "review", "W4: 100 000 changes of review items, made into XML and sent (29 MB)", "reviews",
        (OURS, NATIVE, *BY_HAND, *TREES), unit="change", options={"count": 100_000}, quick={"count": 20_000},
        limits={FORMATTED: ("review", "{url}", "{count}")},
        goals=(
            Goal("cpu", "times", 4, BY_HAND),
            Goal("cpu", "times", 20, ("requests+etree", "requests+lxml")),
            Goal("cpu", "times", 7, BY_HAND, ours=NATIVE),
            Goal("extra", "at most", 4 * MIB, then=MIB),
            Goal("extra", "at most", 4 * MIB, then=MIB, ours=NATIVE),
        ),
    ),
)  # fmt: skip

WORKLOADS = {workload.name: workload for workload in (*SMALL, *JOB_LISTS, *REVIEWS)}
