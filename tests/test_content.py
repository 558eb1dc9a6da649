"""What the bytes of an answer mean: encodings of its content, and of its text."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import infosecops
import pytest
from wire import LIMIT, Hang, Wire, ok

Connect = "Callable[..., Any]"

LIST = [{"id": number, "ready": True, "result_message": f"Prüfung {number} €"} for number in range(40)]
PAGE = json.dumps({"results": LIST}, ensure_ascii=False)
BODY = PAGE.encode()
MEMBERS = gzip.compress(BODY[:70]) + gzip.compress(b"") + gzip.compress(BODY[70:])
CASES = {
    "gzip": ("gzip", gzip.compress(BODY)),
    "members": ("gzip", MEMBERS),
    "padded": ("gzip", MEMBERS + bytes(512)),
    "x-gzip": ("x-gzip", MEMBERS),
    "upper case": ("GZIP", MEMBERS),
    "blanks": (" X-Gzip\t", MEMBERS),
    "identity": ("Identity", BODY),
    "both": ("identity, gzip", MEMBERS),
    "nothing": (",", BODY),
}
WRONG = {
    "rubbish": ("gzip", MEMBERS + b"rubbish behind it", "gzip"),
    "data behind the padding": ("gzip", MEMBERS + b"\0\0" + MEMBERS, "gzip"),
    "half a member": ("gzip", MEMBERS[:-20], "gzip"),
    "half a trailer": ("gzip", MEMBERS[:-3], "gzip"),
    "half a head": ("gzip", gzip.compress(BODY) + MEMBERS[:5], "gzip"),
    "plain": ("gzip", BODY, "gzip"),
    "damaged": ("gzip", MEMBERS[:-6] + b"\0\0" + MEMBERS[-4:], "gzip"),
    "brotli": ("br", BODY, "'br'|\"br\""),
    "deflate": ("deflate", zlib.compress(BODY), '"deflate"'),
    "twice": ("gzip, GZIP", gzip.compress(gzip.compress(BODY)), '"gzip, GZIP"'),
    "two kinds": ("gzip, br", BODY, '"gzip, br"'),
}


def through(way: str, url: str) -> dict[str, str]:
    """Where to connect, straight or by a proxy that is the server itself."""
    return {"url": url, "proxy": "direct"} if way == "direct" else {"url": "http://sde.test", "proxy": url}


def sde(connect: Connect, way: str, wire: Wire, **options: Any) -> Any:
    return connect("SDElements", token="t", allow_http=True, **through(way, wire.url), **options)


@pytest.mark.parametrize("way", ["direct", "proxied"])
@pytest.mark.parametrize("case", CASES)
def test_gzip_is_decoded_wholly(connect: Connect, way: str, case: str) -> None:
    name, body = CASES[case]
    chunked = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:9], body[9:])) + b"0\r\n\r\n"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding:{name}\r\n"
    answers = [
        head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunked,
        head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body,
    ]
    with Wire(*answers) as wire:
        api = sde(connect, way, wire)
        for _ in range(2):
            jobs = list(api.jobs.alm.list())
            assert [job.result_message for job in jobs] == [job["result_message"] for job in LIST]
            response = api.request("GET", "/x", effect="read")
            assert response.content == BODY
            assert "content-encoding" not in response.headers
            wire.answers.pop(0) if len(wire.answers) > 1 else None
        assert wire.connections == 1
        assert {request.headers["accept-encoding"] for request in wire.requests} == {"gzip"}


@pytest.mark.parametrize("way", ["direct", "proxied"])
@pytest.mark.parametrize("case", WRONG)
def test_what_is_not_the_whole_is_an_error(connect: Connect, way: str, case: str) -> None:
    name, body, told = WRONG[case]
    with Wire(ok(body, Content_Encoding=name)) as wire:
        api = sde(connect, way, wire)
        for ask in (
            lambda: api.jobs.alm.start(3),
            lambda: api.request("POST", "/x", json={}),
            lambda: list(api.jobs.alm.list()),
        ):
            wire.requests.clear()
            with pytest.raises(infosecops.UnexpectedContentError, match=told) as caught:
                ask()
            assert caught.value.outcome == "unknown"
            assert caught.value.status == 200
            assert len(wire.requests) == 1
        wire.answers = [ok(body, status="403 Forbidden", Content_Encoding=name)]
        with pytest.raises(infosecops.PermissionDeniedError, match="Content-Encoding") as refused:
            api.jobs.alm.start(3)
        assert refused.value.outcome == "rejected"
        wire.answers = [ok(b"", status="204 No Content", Content_Encoding=name)]
        assert api.request("GET", "/x").content == b""


@pytest.mark.parametrize("way", ["direct", "proxied"])
def test_what_unpacks_to_too_much_is_given_up_on_the_way(connect: Connect, way: str) -> None:
    bomb = gzip.compress(bytes(50_000_000)) * 40
    # A status other than 2xx has settled it.
    for status, kind, outcome in (
        ("200 OK", infosecops.UnexpectedContentError, "unknown"),
        ("403 Forbidden", infosecops.PermissionDeniedError, "rejected"),
        ("500 Internal Server Error", infosecops.ServerError, "unknown"),
    ):
        with Wire(ok(bomb, status=status, Content_Encoding="gzip")) as wire:
            api = sde(connect, way, wire, max_response_bytes=1_000_000)
            with pytest.raises(kind) as caught:
                api.request("POST", "/x")
            assert caught.value.outcome == outcome
            assert ("max_response_bytes" in str(caught.value)) == status.startswith("200")


def test_the_deadline_ends_the_decoding(connect: Connect) -> None:
    bomb = gzip.compress(b"") * 3_000_000
    with Wire(ok(bomb, Content_Encoding="gzip")) as wire:
        api = connect("SDElements", wire.url, token="t", timeout=0.5)
        with pytest.raises(infosecops.DeadlineExceeded) as caught:
            api.jobs.alm.get(3)
        assert caught.value.elapsed < 10


TEXT = "Prüfung “ok” €"
CHARSETS = {
    "utf-8": ("UTF-8", TEXT.encode()),
    "quoted": ('"utf-8"', TEXT.encode()),
    "none": ("", TEXT.encode()),
    "mark": ("", b"\xef\xbb\xbf" + TEXT.encode()),
    "latin-1": ("ISO-8859-1", TEXT.encode("cp1252")),
    "windows-1252": ("windows-1252", TEXT.encode("cp1252")),
    "latin-1 by its mark": ("ISO-8859-1", b"\xef\xbb\xbf" + TEXT.encode()),
    "utf-16 with mark": ("UTF-16", TEXT.encode("utf-16")),
    "utf-16 without": ("utf-16", TEXT.encode("utf-16-le")),
    "utf-16le": ("utf-16le", TEXT.encode("utf-16-le")),
    "utf-16be": ("UTF-16BE", TEXT.encode("utf-16-be")),
    "utf-16 undeclared": ("", "\ufeff".encode("utf-16-be") + TEXT.encode("utf-16-be")),
    "gb18030": ("gb18030", TEXT.encode("gb18030")),
}
MISFITS = {
    "undeclared": ("", b"Pr\xfcfung", "UTF-8"),
    "declared": ("utf-8", b"Pr\xfcfung", "utf-8"),
    "ascii": ("US-ASCII", b"Pr\xfcfung", "US-ASCII"),
    "utf-16": ("utf-16le", TEXT.encode("utf-16-le") + b"\0\xd8", "utf-16le"),
    "shift-jis": ("shift_jis", b"\x83", "shift_jis"),
    "unknown": ("klingon", b"plIn", "klingon"),
    "utf-7": ("utf-7", b"Pr+APw-fung", "utf-7"),
}


def typed(media_type: str, charset: str) -> str:
    return f"{media_type};charset={charset}" if charset else media_type


def same(charset: str, body: bytes, *around: str) -> bytes:
    """The body between two texts in its encoding."""
    if body.startswith(b"\xef\xbb\xbf"):
        return b"\xef\xbb\xbf" + around[0].encode() + body[3:] + around[1].encode()
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        name = "utf-16-le" if body.startswith(b"\xff\xfe") else "utf-16-be"
        return body[:2] + around[0].encode(name) + body[2:] + around[1].encode(name)
    name = {"utf-16": "utf-16-le", "": "utf-8"}.get(charset.lower(), charset.strip('"'))
    try:
        return around[0].encode(name) + body + around[1].encode(name)
    except LookupError:
        return around[0].encode() + body + around[1].encode()


@pytest.mark.parametrize("way", ["direct", "proxied"])
@pytest.mark.parametrize("case", CHARSETS)
def test_text_is_decoded_as_declared(connect: Connect, way: str, case: str) -> None:
    charset, body = CHARSETS[case]
    job = same(charset, body, '{"id": 3, "result_message": "', '"}')
    jobs = same(charset, body, '[{"id": 3, "result_message": "', '"}]')
    with Wire(ok(job, typed("application/json", charset))) as wire:
        api = sde(connect, way, wire)
        assert api.jobs.alm.get(3).result_message == TEXT
        response = api.request("GET", "/x")
        assert response.json()["result_message"] == TEXT
        assert response.text == f'{{"id": 3, "result_message": "{TEXT}"}}'
        assert response.content == (job[3:] if job.startswith(b"\xef\xbb\xbf") else job)
        wire.answers = [ok(jobs, typed("application/json", charset))]
        assert [job.result_message for job in api.jobs.alm.list()] == [TEXT]
        wire.answers = [
            ok(same(charset, body, '{"detail": "', '"}'), typed("application/json", charset), "409 Conflict")
        ]
        with pytest.raises(infosecops.ConflictError, match=TEXT):
            api.jobs.alm.start(3)


@pytest.mark.parametrize("case", MISFITS)
def test_what_is_no_text_is_an_error_that_names_the_encoding(connect: Connect, case: str) -> None:
    charset, body, told = MISFITS[case]
    job = same(charset, body, '{"id": 3, "result_message": "', '"}')
    with Wire(ok(job, typed("application/json", charset))) as wire:
        api = connect("SDElements", wire.url, token="t")
        response = api.request("GET", "/x")
        jobs = ok(
            same(charset, body, '[{"id": 1}, {"id": 3, "result_message": "', '"}]'), typed("application/json", charset)
        )
        for answer, ask in (
            (None, lambda: api.jobs.alm.start(3)),
            (None, lambda: api.jobs.alm.get(3)),
            (None, lambda: response.text),
            (None, lambda: response.json()),  # noqa: PLW0108
            (jobs, lambda: list(api.jobs.alm.list())),
        ):
            wire.answers = [answer] if answer else wire.answers
            with pytest.raises(infosecops.UnexpectedContentError, match=told) as caught:
                ask()
            assert caught.value.system == "sd_elements"
            assert "\ufffd" not in str(caught.value).split("[")[0]
        assert response.content == job


def test_texts_of_every_system_are_decoded(connect: Connect) -> None:
    text = "Prüfung"
    latin = "ISO-8859-1"
    with Wire(ok(f"STATUS={text}".encode("latin-1"), typed("text/plain", latin))) as wire:
        gl = connect("GovernanceLifecycle", wire.url, token="t")
        result = gl.command("getThing")
        assert text in (result.message or "") + str(result.data)
        page = f"<html><body><h1>{text} fehlt</h1></body></html>".encode("latin-1")
        wire.answers = [ok(page, typed("text/html", latin), "400 Bad Request")]
        with pytest.raises(infosecops.BadRequestError, match=f"{text} fehlt"):
            gl.command("getThing")
        declared = b"<html><head><meta charset=iso-8859-1></head><body>" + page[12:]
        wire.answers = [ok(declared, "text/html", "400 Bad Request")]
        with pytest.raises(infosecops.BadRequestError, match=f"{text} fehlt"):
            gl.command("getThing")
        envelope = {"IsSuccess": True, "Result": json.dumps({"Password": text, "PassPhrase": ""}, ensure_ascii=False)}
        body = json.dumps(envelope, ensure_ascii=False)
        xml = (
            "<?xml version='1.0' encoding='ISO-8859-1'?><R><IsSuccess>true</IsSuccess>"
            f"<Result>{{&quot;Password&quot;:&quot;{text}&quot;}}</Result></R>"
        )
        for answer in (
            ok(body.encode("latin-1"), typed("application/json", latin)),
            ok(body.encode("utf-16"), "application/json"),
            ok(xml.encode("latin-1"), "application/xml"),
            ok(xml.encode("latin-1"), typed("text/xml", latin)),
        ):
            wire.answers = [answer]
            pam = connect("Sectona", wire.url, access_key="k")
            assert pam.request_password("Unix Based", "web01", "deploy").password.reveal() == text
        wire.answers = [ok(body.encode("latin-1"), "application/json")]
        with pytest.raises(infosecops.UnexpectedContentError, match="UTF-8"):
            pam.request_password("Unix Based", "web01", "deploy")
        tokens = json.dumps([{"uuid": "u1", "name": text, "read": True, "change": False}], ensure_ascii=False)
        wire.answers = [ok(tokens.encode("latin-1"), typed("application/json", latin))]
        bamboo = connect("BambooAgents", wire.url, token="t", api="agent-config")
        assert [token.name for token in bamboo.tokens.list()] == [text]


ENDLESS = {
    "plain": ("", b"no such thing " * 40_000),
    "bomb": ("Content-Encoding: gzip\r\n", gzip.compress(b"no such thing " * 4_000_000)),
    "latin-1": ("", "f\u00fcr Pr\u00fcfung ".encode("latin-1") * 40_000),
}


@pytest.mark.parametrize("way", ["direct", "proxied"])
@pytest.mark.parametrize("case", ENDLESS)
def test_a_refusal_is_read_no_further_than_it_is_shown(connect: Connect, way: str, case: str) -> None:
    field, body = ENDLESS[case]
    charset = "iso-8859-1" if case == "latin-1" else "utf-8"
    head = f"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain;charset={charset}\r\n{field}"
    hang = Hang(f"{head}Content-Length: 1000000000000\r\n\r\n".encode() + body)
    with Wire(hang) as wire:
        client = sde(connect, way, wire, timeout=60.0)
        with pytest.raises(
            infosecops.PermissionDeniedError, match=r"403: no such thing no|403: f\u00fcr Pr\u00fcfung"
        ) as caught:
            client.jobs.alm.start(5)
        assert caught.value.outcome == "rejected"
        assert caught.value.elapsed < 30.0, "nobody waits for the rest"
        assert hang.released.wait(LIMIT), "the connection was closed"
        assert wire.only.method == "POST"


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "POST", "PUT", "PATCH"])
def test_methods_that_usually_have_a_body_tell_its_length(connect: Connect, method: str) -> None:
    with Wire(ok("" if method == "HEAD" else "{}")) as wire:
        client = connect("SDElements", wire.url, token="t")
        client.request(method, "/api/v2/x/", effect="unsafe")
        client.request("POST", "/api/v2/x/", json={}, effect="unsafe")
        empty, full = wire.requests
        expected = "0" if method in ("POST", "PUT", "PATCH") else None
        assert empty.headers.get("content-length") == expected
        assert empty.raw.lower().count(b"content-length") == (expected is not None)
        assert full.headers["content-length"] == "2"
