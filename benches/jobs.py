"""W3 and W7: a long list of SD Elements jobs, every attribute read, then every parameter too.

All entries give the same sum. What reads structs or objects reads the time of the last run as a datetime, as this
package gives it; plain dicts and rows marked `text` leave it a text.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from meter import Meter
from place import TOKEN, Place
from sync_clients import SEND_WITH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from place import Figures

PATH = "/api/v2/jobs/alm/"
PAGED_PATH = "/api/v2/jobs/analysis/"
HEADERS = {"Authorization": f"Token {TOKEN}", "Accept": "application/json"}
PARAMS = (
    *("alm_server", "alm_method", "alm_user", "alm_pass", "alm_project", "alm_context", "conflict_policy"),
    *("alm_title_format", "start_date", "alm_parent_issue", "selected_tasks", "sde_min_priority"),
    *("sde_statuses_in_scope", "task_status_mapping", "use_proxy"),
)


def read_params(params: dict[str, Any]) -> int:
    read = 0
    for name in PARAMS:
        if params[name] is not None:
            read += 1
    return read + params["sde_min_priority"]


def read_objects(jobs: Iterable[Any], what: str) -> tuple[int, str]:
    """How many, and the sum over what was read."""
    count = total = params = 0
    as_text, with_params = what == "text", what == "params"
    for job in jobs:
        count += 1
        linked = job.connection
        total += len(job.user) + len(job.result_message) + job.succeeded + job.automatic + job.ready + job.id
        total += len(linked.alias) + len(linked.system) + len(linked.frequency) + len(linked.command)
        total += linked.id + linked.project
        total += int(job.last_run[14:16]) if as_text else job.last_run.minute
        if with_params:
            params += read_params(linked.params)
    return count, f"{total} {params}" if with_params else str(total)


def read_dicts(jobs: Iterable[dict[str, Any]], what: str) -> tuple[int, str]:
    """The same of plain data."""
    count = total = params = 0
    with_params = what == "params"
    for job in jobs:
        count += 1
        linked = job["connection"]
        total += len(job["user"]) + len(job["result_message"]) + job["succeeded"] + job["automatic"] + job["ready"]
        total += len(linked["alias"]) + len(linked["system"]) + len(linked["frequency"]) + len(linked["command"])
        total += job["id"] + linked["id"] + linked["project"] + int(job["last_run"][14:16])
        if with_params:
            params += read_params(linked["params"])
    return count, f"{total} {params}" if with_params else str(total)


def msgspec_decoder(last_run: type, params: Any) -> Callable[[bytes], Any]:  # noqa: ANN401 - a type, or a special form
    import msgspec

    fields = [("id", int), ("alias", str), ("system", str), ("frequency", str), ("command", str), ("project", int)]
    linked = msgspec.defstruct("Connection", [*fields, ("params", params)])
    fields = [("id", int), ("user", str), ("succeeded", bool), ("automatic", bool), ("ready", bool)]
    fields += [("result_message", str), ("last_run", last_run), ("connection", linked)]
    job = msgspec.defstruct("Job", fields)
    page = msgspec.defstruct("Page", [("results", list[job]), ("next", str | None)])
    return msgspec.json.Decoder(page).decode


def pydantic_decoder() -> Callable[[bytes], Any]:
    from pydantic import BaseModel, create_model

    linked = create_model(
        "Connection", id=int, alias=str, system=str, frequency=str, command=str, project=int, params=dict[str, Any]
    )
    job = create_model(
        "Job", id=int, user=str, succeeded=bool, automatic=bool, ready=bool, result_message=str, last_run=datetime,
        connection=linked,
    )  # fmt: skip
    page: type[BaseModel] = create_model("Page", results=list[job], next=(str | None))
    return page.model_validate_json


def decoder(name: str) -> tuple[Callable[[bytes], Any], bool]:
    """A page's reader, and whether it gives dicts."""
    if name == "json":
        return json.loads, True
    if name == "orjson":
        import orjson

        return orjson.loads, True
    if name == "pydantic":
        return pydantic_decoder(), False
    import msgspec

    last_run = str if "text" in name else datetime
    return msgspec_decoder(last_run, msgspec.Raw if "raw" in name else dict[str, Any]), False


def their_jobs(entry: str, place: Place, path: str, *, paged: bool) -> tuple[Callable[[int], Iterator[Any]], bool]:
    """A function that gives all jobs by pages of a size, until there is no next one; and whether they are dicts."""
    client, _, form = entry.partition("+")
    send, (decode, dicts) = SEND_WITH[client](place, HEADERS), decoder(form)

    def pages(size: int) -> Iterator[Any]:
        following: str | None = f"{path}?page_size={size}"
        while following:
            page = decode(send("GET", following.removeprefix(place.url), None))
            following = page["next"] if dicts else page.next
            yield page["results"] if dicts else page.results

    if paged:
        return lambda size: (job for page in pages(size) for job in page), dicts
    return lambda size: next(pages(size)), dicts


def our_jobs(place: Place, kind: str) -> Callable[[int], Iterable[Any]]:
    from infosecops import SDElements

    jobs = SDElements(place.url, token=TOKEN, proxy="direct", timeout=300).jobs.kind(kind)
    return lambda size: jobs.list(page_size=size)


def run(entry: str, place: Place) -> Figures:
    """Measure one entry.

    `pages` walks through many pages of `count` jobs, everything else takes one such page. With `growth`, connection and
    client are ready before the clock starts, so that a short list shows the cost of its jobs.
    """
    paged = place.what == "pages"
    what = "text" if "text" in entry else place.what
    if entry == "infosecops":
        take = our_jobs(place, "analysis" if paged else "alm")
        read = read_objects
    else:
        take, dicts = their_jobs(entry, place, PAGED_PATH if paged else PATH, paged=paged)
        read = read_dicts if dicts else read_objects
    if place.what == "growth":
        read(take(1), what)
    meter = Meter()
    count, check = read(take(place.count), what)
    return meter.stop(count, check)
