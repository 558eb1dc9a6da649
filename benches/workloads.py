"""What is measured: each workload's entries, how much they do, and the goals."""

from __future__ import annotations

from goals import OURS, Goal
from imports import SNIPPETS
from workload import COUNT_SEPARATOR, MIB, Workload

LOOP, RAW = "limit: reqwest loop", "limit: raw socket"
SYNC = (
    *("requests", "requests, trust_env off", "niquests", "httpx", "urllib3", "http.client"),
    *("primp", "pyreqwest", "pycurl"),
)
FAST = ("pycurl", "pyreqwest", "primp")
TIMED = ("{url}", "{ca}", "{seconds}")
ROUNDS = 11
"""Of what is soon done."""

SMALL = (
    Workload(
        "get", "W1: a small GET after the other (tokens of Bamboo)", "small_get", (OURS, *SYNC),
        limits={LOOP: ("get-reqwest", *TIMED), RAW: ("get-raw", *TIMED)}, rounds=ROUNDS,
        picture="cpu",
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
        limits={LOOP: ("get-reqwest", *TIMED), RAW: ("get-raw", *TIMED)}, rounds=ROUNDS,
        goals=(
            Goal("cpu", "times", 1.25, ("pyreqwest",)),
            Goal("cpu", "times", 1.15, ("primp",), then=1.4),
            Goal("cpu", "times", 0.80, (LOOP,)),
        ),
    ),
    Workload(
        "password", "W1 password: a vault request after the other (POST, JSON in JSON)", "vault", (OURS, *SYNC),
        limits={LOOP: ("password-reqwest", *TIMED)}, rounds=ROUNDS,
        picture="cpu",
        goals=(Goal("cpu", "times", 1.25, FAST, then=1.8),),
    ),
    Workload(
        "password-tls", "W1 password over TLS", "vault", (OURS, *SYNC), address="tls",
        limits={LOOP: ("password-reqwest", *TIMED)}, rounds=ROUNDS,
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
        picture="cpu",
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
        picture="cpu",
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
        limits={FORMATTED: ("review", "{url}", "{count}")}, rounds=ROUNDS,
        picture="cpu",
        goals=(
            Goal("cpu", "times", 4, BY_HAND),
            Goal("cpu", "times", 20, ("requests+etree", "requests+lxml")),
            Goal("cpu", "times", 7, BY_HAND, ours=NATIVE),
            Goal("extra", "at most", 4 * MIB, then=MIB),
            Goal("extra", "at most", 4 * MIB, then=MIB, ours=NATIVE),
        ),
    ),
)  # fmt: skip

FLIGHT = (
    *(OURS, "infosecops+uvloop", "pyreqwest", "pyreqwest+uvloop", "aiohttp", "aiohttp+uvloop"),
    *("primp", "httpx", "niquests"),
)
WIDE = {"width": 256, "seconds": 0.6}
AT_ONCE = {LOOP: ("flight-reqwest", "{url}", "{width}", "{seconds}")}
THREADS = (OURS, "pyreqwest", "primp", "pycurl", "urllib3", "requests")

CONCURRENT = (
    Workload(
        "async", "W1 async: the small GET from asyncio, one call after the other", "in_flight", FLIGHT,
        limits={LOOP: ("get-reqwest", *TIMED)},
        slow=True,
        goals=(
            Goal("cpu", "times", 1.4, ("pyreqwest",)),
            Goal("cpu", "times", 2.8, ("aiohttp",)),
            Goal("cpu", "times", 0.5, (LOOP,), then=0.55),
            Goal("wall", "times", 1.4, ("pyreqwest",)),
            Goal("wall", "times", 2.8, ("aiohttp",)),
            Goal("wall", "times", 0.5, (LOOP,), then=0.55),
        ),
    ),
    Workload(
        "flight", "W2 async: the small GET from asyncio, 256 at a time", "in_flight", FLIGHT,
        options=WIDE, limits=AT_ONCE, awake=False,
        picture="wall",
        slow=True,
        goals=(
            Goal("wall", "times", 1.3, ("pyreqwest",)),
            Goal("wall", "times", 1.2, ("pyreqwest+uvloop",), ours="infosecops+uvloop"),
            Goal("wall", "times", 4, ("aiohttp",)),
            Goal("wall", "times", 0.55, (LOOP,), then=0.7),
            Goal("cpu", "times", 1.3, ("pyreqwest",)),
            Goal("cpu", "times", 4, ("aiohttp",)),
        ),
    ),
    Workload(
        "flight-delayed", "W2 async with 20 ms before every answer", "in_flight", FLIGHT, address="delayed",
        options=WIDE, limits=AT_ONCE, awake=False,
        slow=True,
        goals=(
            Goal("wall", "times", 1.15, ("pyreqwest",)),
            Goal("wall", "times", 0.85, (LOOP,), then=0.95),
        ),
    ),
    Workload(
        "threads", "W2 threads: the small GET from 256 threads", "threads", THREADS,
        options=WIDE, limits=AT_ONCE, awake=False,
        slow=True,
        goals=(
            Goal("wall", "times", 1.2, ("pyreqwest",), then=1.4),
            Goal("wall", "times", 6, ("requests",)),
            Goal("cpu", "times", 1.2, ("pyreqwest",), then=1.4),
            Goal("peak", "share", 0.4, ("pyreqwest",)),
        ),
    ),
    Workload(
        "threads-delayed", "W2 threads with 20 ms before every answer", "threads", THREADS, address="delayed",
        options=WIDE, limits=AT_ONCE, awake=False,
        slow=True,
        goals=(
            Goal("wall", "times", 1.1, ("pyreqwest",), then=1.3),
            Goal("wall", "times", 6, ("requests",)),
            Goal("peak", "share", 0.4, ("pyreqwest",)),
        ),
    ),
)  # fmt: skip

STREAMING = ("pycurl", "pyreqwest", "urllib3", "httpx", "requests")
SENDERS = (OURS, *STREAMING, "http.client")
FILE = {"count": 100 * 1024 * 1024}
COPY = "limit: read + write"

UPLOADS = (
    Workload(
        "upload", "W5: a coverage file of 100 MiB from disk", "uploads", SENDERS, unit="file",
        options=FILE, limits={COPY: ("upload", "{url}", "{ca}", "{file}")}, rounds=ROUNDS,
        picture="cpu",
        goals=(
            Goal("cpu", "times", 1.1, STREAMING, then=1.25),
            Goal("cpu", "times", 1.4, ("requests",)),
            Goal("cpu", "times", 0.8, (COPY,)),
            Goal("extra", "at most", 4 * MIB),
        ),
    ),
    Workload(
        "upload-tls", "W5 TLS: the same over TLS 1.3", "uploads", SENDERS, unit="file", address="tls",
        options=FILE, limits={COPY: ("upload", "{url}", "{ca}", "{file}")}, rounds=ROUNDS,
        goals=(
            Goal("cpu", "times", 1.05, STREAMING, then=1.15),
            Goal("cpu", "times", 1.35, ("requests",)),
            Goal("cpu", "times", 0.8, (COPY,)),
            Goal("extra", "at most", 4 * MIB),
        ),
    ),
)  # fmt: skip

STARTS = (
    Workload(
        "start", "W6: import, client and first answer, over an interpreter that does nothing", "imports",
        tuple(SNIPPETS), unit="start (time: of the import)", rounds=3, slow=True,
        picture="cpu",
        goals=(
            Goal("cpu", "times", 3, ("pyreqwest",), then=6),
            Goal("cpu", "times", 30, ("requests",)),
            Goal("cpu", "at most", 5000, ours="infosecops, import alone"),
            Goal("cpu", "at most", 5000, ours="infosecops, import of a client"),
        ),
    ),
)  # fmt: skip

SIZES = (1_000, 10_000, 100_000)


def sized(*entries: str) -> tuple[str, ...]:
    """Every entry with every number of items."""
    return tuple(f"{entry}{COUNT_SEPARATOR}{size}" for entry in entries for size in SIZES)


GROWING = {"what": "growth"}
LARGEST = f"{OURS}{COUNT_SEPARATOR}100000"
MIDDLE = f"{OURS}{COUNT_SEPARATOR}10000"

GROWTH = (
    Workload(
        "growth-jobs", "W7: lists of 1 000, 10 000 and 100 000 jobs", "jobs",
        sized(OURS, "urllib3+msgspec", "httpx+json", "httpx+pydantic"), unit="job", options=GROWING,
        slow=True,
        goals=(
            Goal("cpu", "share", 1.3, (MIDDLE,), ours=LARGEST),
            Goal("extra", "at most", 120, then=90, ours=LARGEST),
        ),
    ),
    Workload(
        "growth-reviews", "W7: 1 000, 10 000 and 100 000 changes of review items", "reviews",
        sized(OURS, "urllib3+html.escape", "requests+etree"), unit="change", options=GROWING, slow=True,
        goals=(
            Goal("cpu", "share", 1.3, (MIDDLE,), ours=LARGEST),
            Goal("extra", "at most", 4 * MIB, then=MIB, ours=LARGEST),
        ),
    ),
    Workload(
        "growth-uploads", "W7: coverage files of 1, 10 and 100 MiB", "uploads",
        tuple(f"{entry}@{size * 1024 * 1024}" for entry in (OURS, "requests") for size in (1, 10, 100)), unit="file",
        slow=True,
        goals=(Goal("extra", "at most", 4 * MIB, ours=f"{OURS}@{100 * 1024 * 1024}"),),
    ),
)  # fmt: skip

READERS = ("pyreqwest", "pyreqwest+uvloop", "aiohttp", "aiohttp+uvloop", "urllib3+threads", "requests+threads")

APPLICATIONS = (
    Workload(
        "vault-reads", "Application: 100 000 vault reads, 64 at a time", "vault_reads", (OURS, *READERS), unit="read",
        options={"count": 100_000, "width": 64}, quick={"count": 10_000}, rounds=2, awake=False, slow=True,
    ),
    Workload(
        "review-million", "Application: 1 000 000 changes of review items, 1 000 in a request", "reviews",
        (OURS, NATIVE, "urllib3+html.escape", "pyreqwest+html.escape"), unit="change",
        options={"count": 1_000_000, "what": "chunks"}, quick={"count": 100_000}, rounds=2, slow=True,
    ),
    Workload(
        "job-pages", "Application: 200 pages of 500 jobs", "jobs",
        (OURS, "urllib3+msgspec", "pyreqwest+msgspec", "httpx+json", "httpx+pydantic"), unit="job",
        options={"count": 500, "what": "pages"}, rounds=3, slow=True,
    ),
)  # fmt: skip

GROUPS = (SMALL, CONCURRENT, JOB_LISTS, REVIEWS, UPLOADS, STARTS, GROWTH, APPLICATIONS)
WORKLOADS = {workload.name: workload for group in GROUPS for workload in group}
