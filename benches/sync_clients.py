"""The blocking clients that people use instead, each as one who knows it would use it.

One kept connection or pool, headers set once, a time limit. Each becomes a function that sends one request and gives
the body of the answer.
"""

from __future__ import annotations

from place import TIMEOUT, Place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from place import Send

ERRORS_FROM = 400


class RefusedError(Exception):
    """An answer that is no success."""


def send_with_requests(place: Place, headers: dict[str, str], *, trust_env: bool = True) -> Send:
    import requests

    session = requests.Session()
    adapter = requests.adapters.HTTPAdapter(pool_maxsize=max(place.width, 10))
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    session.trust_env = trust_env
    session.verify = place.verify
    session.headers.update(headers)

    def send(method: str, path: str, body: bytes | None = None) -> bytes:
        answer = session.request(method, place.url + path, data=body, timeout=TIMEOUT)
        answer.raise_for_status()
        return answer.content

    return send


def send_with_requests_alone(place: Place, headers: dict[str, str]) -> Send:
    """Without a look at the environment's variables and netrc before every call, which the default is."""
    return send_with_requests(place, headers, trust_env=False)


def send_with_niquests(place: Place, headers: dict[str, str]) -> Send:
    import niquests

    session = niquests.Session()
    session.verify = place.verify
    session.headers.update(headers)

    def send(method: str, path: str, body: bytes | None = None) -> bytes:
        answer = session.request(method, place.url + path, data=body, timeout=TIMEOUT)
        answer.raise_for_status()
        return answer.content or b""

    return send


def send_with_httpx(place: Place, headers: dict[str, str]) -> Send:
    import ssl

    import httpx

    trust = True if place.ca == "-" else ssl.create_default_context(cafile=place.ca)
    session = httpx.Client(trust_env=False, verify=trust, headers=headers, timeout=TIMEOUT)

    def send(method: str, path: str, body: bytes | None = None) -> bytes:
        return session.request(method, place.url + path, content=body).raise_for_status().content

    return send


def send_with_urllib3(place: Place, headers: dict[str, str]) -> Send:
    import urllib3

    trust = {} if place.ca == "-" else {"ca_certs": place.ca}
    pool = urllib3.PoolManager(headers=headers, timeout=TIMEOUT, maxsize=max(place.width, 1), **trust)

    def send(method: str, path: str, body: bytes | None = None) -> bytes:
        answer = pool.request(method, place.url + path, body=body)
        if answer.status >= ERRORS_FROM:
            raise RefusedError(answer.data)
        return answer.data

    return send


def send_with_http_client(place: Place, headers: dict[str, str]) -> Send:
    import http.client
    import ssl

    host, port = place.origin()
    if place.ca == "-":
        connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    else:
        trust = ssl.create_default_context(cafile=place.ca)
        connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=trust)

    def send(method: str, path: str, body: bytes | None = None) -> bytes:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status >= ERRORS_FROM:
            raise RefusedError(content)
        return content

    return send


def send_with_pyreqwest(place: Place, headers: dict[str, str]) -> Send:
    from datetime import timedelta
    from pathlib import Path

    from pyreqwest.client import SyncClientBuilder

    builder = SyncClientBuilder().no_proxy().error_for_status().default_headers(headers)
    builder = builder.timeout(timedelta(seconds=TIMEOUT))
    if place.ca != "-":
        builder = builder.add_root_certificate_pem(Path(place.ca).read_bytes())
    client = builder.build()

    def send(method: str, path: str, body: bytes | None = None) -> bytes:
        request = client.request(method, place.url + path)
        if body is not None:
            request = request.body_bytes(body)
        return memoryview(request.build().send().bytes())

    return send


def send_with_primp(place: Place, headers: dict[str, str]) -> Send:
    import primp

    trust = {} if place.ca == "-" else {"ca_cert_file": place.ca}
    client = primp.Client(headers=headers, cookie_store=False, referer=False, timeout=TIMEOUT, **trust)

    def send(method: str, path: str, body: bytes | None = None) -> bytes:
        answer = client.request(method, place.url + path, content=body)
        if answer.status_code >= ERRORS_FROM:
            raise RefusedError(answer.content)
        return answer.content

    return send


def send_with_pycurl(place: Place, headers: dict[str, str]) -> Send:
    from io import BytesIO

    import pycurl

    curl = pycurl.Curl()
    lines = [f"{name}: {value}" for name, value in headers.items()]
    curl.setopt(pycurl.HTTPHEADER, [*lines, "Expect:"])
    curl.setopt(pycurl.TIMEOUT, TIMEOUT)
    curl.setopt(pycurl.FAILONERROR, True)
    curl.setopt(pycurl.PROXY, "")
    if place.ca != "-":
        curl.setopt(pycurl.CAINFO, place.ca)

    def send(method: str, path: str, body: bytes | None = None) -> bytes:
        received = BytesIO()
        curl.setopt(pycurl.URL, place.url + path)
        if method == "POST":
            curl.setopt(pycurl.POSTFIELDS, body)
        curl.setopt(pycurl.WRITEDATA, received)
        curl.perform()
        return received.getvalue()

    return send


SEND_WITH: dict[str, Callable[[Place, dict[str, str]], Send]] = {
    "requests": send_with_requests,
    "requests, trust_env off": send_with_requests_alone,
    "niquests": send_with_niquests,
    "httpx": send_with_httpx,
    "urllib3": send_with_urllib3,
    "http.client": send_with_http_client,
    "primp": send_with_primp,
    "pyreqwest": send_with_pyreqwest,
    "pycurl": send_with_pycurl,
}


def loads_of(client: str) -> Callable[[bytes | str], Any]:
    """Whoever takes one of the three fast clients takes a fast JSON reader too."""
    if client in {"primp", "pyreqwest", "pycurl", "aiohttp"}:
        import orjson

        return orjson.loads
    import json

    return json.loads
