"""W5: a coverage file sent from disk to Governance & Lifecycle. The server says no unless every byte has come.

Pieces are of 1 MiB wherever a client lets one choose; requests takes 16 KiB.
"""

from __future__ import annotations

import json
import ssl
from pathlib import Path

from meter import Meter
from place import TIMEOUT, TOKEN, Place
from small_get import our_ca

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from place import Figures

PIECE = 1024 * 1024


def headers(place: Place) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {TOKEN}",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(Path(place.file).stat().st_size),
    }


def path(place: Place) -> str:
    size = Path(place.file).stat().st_size
    return f"/aveksa/command.submit?cmd=uploadCoverage&format=json&id={size}&type=reviewer"


def pieces(place: Place) -> Iterator[bytes]:
    with Path(place.file).open("rb", buffering=0) as file:
        while piece := file.read(PIECE):
            yield piece


def ours(place: Place) -> Callable[[], str]:
    from infosecops import GovernanceLifecycle

    gl = GovernanceLifecycle(place.url, token=TOKEN, proxy="direct", ca_file=our_ca(place))
    file = Path(place.file)
    size = file.stat().st_size
    return lambda: gl.upload_coverage(file, type="reviewer", id=size).status


def with_requests(place: Place) -> Callable[[], bytes]:
    import requests

    session = requests.Session()
    session.verify = place.verify

    def send() -> bytes:
        with Path(place.file).open("rb") as file:
            answer = session.post(place.url + path(place), data=file, headers=headers(place), timeout=TIMEOUT)
        return answer.content

    return send


def with_httpx(place: Place) -> Callable[[], bytes]:
    import httpx

    trust = True if place.ca == "-" else ssl.create_default_context(cafile=place.ca)
    session = httpx.Client(trust_env=False, verify=trust, timeout=TIMEOUT)
    return lambda: session.post(place.url + path(place), content=pieces(place), headers=headers(place)).content


def with_urllib3(place: Place) -> Callable[[], bytes]:
    import urllib3

    trust = {} if place.ca == "-" else {"ca_certs": place.ca}
    pool = urllib3.PoolManager(timeout=TIMEOUT, blocksize=PIECE, **trust)

    def send() -> bytes:
        with Path(place.file).open("rb") as file:
            return pool.request("POST", place.url + path(place), body=file, headers=headers(place)).data

    return send


def with_http_client(place: Place) -> Callable[[], bytes]:
    import http.client

    host, port = place.origin()
    if place.ca == "-":
        connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT, blocksize=PIECE)
    else:
        trust = ssl.create_default_context(cafile=place.ca)
        connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT, blocksize=PIECE, context=trust)

    def send() -> bytes:
        with Path(place.file).open("rb") as file:
            connection.request("POST", path(place), file, headers(place))
        return connection.getresponse().read()

    return send


def with_pyreqwest(place: Place) -> Callable[[], bytes]:
    from datetime import timedelta

    from pyreqwest.client import SyncClientBuilder

    builder = SyncClientBuilder().no_proxy().timeout(timedelta(seconds=TIMEOUT))
    if place.ca != "-":
        builder = builder.add_root_certificate_pem(Path(place.ca).read_bytes())
    client = builder.build()

    def send() -> bytes:
        request = client.post(place.url + path(place)).headers(headers(place)).body_stream(pieces(place))
        return memoryview(request.build().send().bytes())

    return send


def with_pycurl(place: Place) -> Callable[[], bytes]:
    from io import BytesIO

    import pycurl

    curl = pycurl.Curl()
    lines = [f"{name}: {value}" for name, value in headers(place).items() if name != "Content-Length"]

    def send() -> bytes:
        received = BytesIO()
        with Path(place.file).open("rb") as file:
            curl.setopt(pycurl.URL, place.url + path(place))
            curl.setopt(pycurl.POST, True)
            curl.setopt(pycurl.HTTPHEADER, [*lines, "Expect:"])
            curl.setopt(pycurl.READDATA, file)
            curl.setopt(pycurl.POSTFIELDSIZE_LARGE, Path(place.file).stat().st_size)
            curl.setopt(pycurl.UPLOAD_BUFFERSIZE, PIECE)
            curl.setopt(pycurl.TIMEOUT, TIMEOUT)
            curl.setopt(pycurl.PROXY, "")
            curl.setopt(pycurl.WRITEDATA, received)
            if place.ca != "-":
                curl.setopt(pycurl.CAINFO, place.ca)
            curl.perform()
        return received.getvalue()

    return send


SEND_WITH = {
    "requests": with_requests,
    "httpx": with_httpx,
    "urllib3": with_urllib3,
    "http.client": with_http_client,
    "pyreqwest": with_pyreqwest,
    "pycurl": with_pycurl,
}


def run(entry: str, place: Place) -> Figures:
    """Measure one entry."""
    if entry == "infosecops":
        send = ours(place)
        meter = Meter()
        return meter.stop(1, send())
    send = SEND_WITH[entry](place)
    meter = Meter()
    answer = send()
    return meter.stop(1, json.loads(bytes(answer))["data"]["status"])
