"""The sandbox from Python: what it serves, what it writes down, what goes wrong on demand."""

from __future__ import annotations

import asyncio
import base64
import gc
import http.client
import json
import threading
import urllib.parse

import infosecops
import pytest
from infosecops import Retry, Secret
from infosecops.sandbox import JournalEntry, Sandbox

ONCE = Retry(attempts=1)


@pytest.fixture
def bamboo(box):
    with box.bamboo_agents(timeout=10.0, retry=ONCE, api="agent-config") as client:
        yield client


class Reply:
    def __init__(self, answer):
        self.status, self.headers, self.body = answer.status, answer.headers, answer.read()

    def json(self):
        return json.loads(self.body)


def send(box, method, target, *, headers=(), body=None):
    """One request without any client of ours; no proxy, no retry."""
    connection = http.client.HTTPConnection("127.0.0.1", box.port, timeout=10)
    try:
        connection.request(method, target, body=body, headers={"Connection": "close", **dict(headers)})
        return Reply(connection.getresponse())
    finally:
        connection.close()


def sde(box, method, path, data=None):
    headers = {"Authorization": f"Token {box.sd_elements.token.reveal()}", "Content-Type": "application/json"}
    body = None if data is None else json.dumps(data)
    return send(box, method, f"/api/v2/{path}", headers=headers, body=body).json()


def gl(box, command, *, body=None, **params):
    params = {"cmd": command, "format": "json", "token": box.governance_lifecycle.token.reveal(), **params}
    method = "GET" if body is None else "POST"
    return send(box, method, f"/aveksa/command.submit?{urllib.parse.urlencode(params)}", body=body)


def start_job(box, connection=12):
    return sde(box, "POST", "jobs/alm/", {"connection": connection, "automatic": False, "ready": False})["id"]


def test_starts_and_stops_without_with():
    box = Sandbox()
    assert not box.running
    assert repr(box) == "<Sandbox: not running>"
    for use in (lambda: box.url, lambda: box.sectona.access_key, lambda: len(box.journal), box.sectona):
        with pytest.raises(RuntimeError, match="was not started"):
            use()
    box.stop()
    assert box.start() is box.start()
    assert box.running
    assert box.url == f"http://127.0.0.1:{box.port}" == box.sectona.url
    assert repr(box) == f"<Sandbox: {box.url}>"
    assert not box.wait(0)
    with box.bamboo_agents() as bamboo:
        bamboo.tokens.list()
    key = box.sectona.access_key
    box.stop()
    box.stop()
    assert not box.running
    assert box.wait()
    assert len(box.journal) == 1, "the journal outlives the server"
    with pytest.raises(ConnectionRefusedError):
        send(box, "GET", "/")
    with box:
        assert box.running
        assert len(box.journal) == 0
        assert box.sectona.access_key != key


def test_two_at_once_know_nothing_of_each_other():
    with Sandbox() as one, Sandbox() as other:
        assert one.port != other.port
        one.faults.always(status=500)
        with other.bamboo_agents(api="agent-config") as bamboo:
            bamboo.tokens.create("x")
        with one.bamboo_agents(token=other.bamboo_agents.token, retry=ONCE) as bamboo:
            with pytest.raises(infosecops.ServerError):
                bamboo.tokens.list()
            one.faults.clear()
            with pytest.raises(infosecops.AuthenticationError):
                bamboo.tokens.list()
        assert (len(one.journal), len(other.journal)) == (2, 1)


def test_port_taken(box):
    with pytest.raises(OSError, match=f"127.0.0.1:{box.port}"):
        Sandbox(box.port).start()


def test_ends_when_it_is_let_go():
    gc.disable()
    try:
        box = Sandbox().start()
        port = box.port
        parts = [box.journal, box.faults, box.sectona]
        del box, parts
        with pytest.raises(ConnectionRefusedError):
            http.client.HTTPConnection("127.0.0.1", port, timeout=10).connect()
    finally:
        gc.enable()


def test_stop_cuts_what_hangs_and_wakes_who_waits(box, bamboo):
    box.faults.next(hang=True)
    seen = []
    waiting = threading.Thread(target=lambda: seen.append(box.wait()))
    waiting.start()

    def stop_when_asked():
        while box.journal.count() == 0:
            assert not box.wait(0.005)
        box.stop()

    stopping = threading.Thread(target=stop_when_asked)
    stopping.start()
    with pytest.raises(infosecops.TransportError):
        bamboo.tokens.list()
    stopping.join()
    waiting.join()
    assert seen == [True]


def test_wired_clients(box, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    here = box.bamboo_agents
    for client in (here(), here.client(timeout=5.0), here(token=here.token), here(api="agent-config")):
        with client:
            assert [token.name for token in client.tokens.list()] == ["readOnly", "read and write"]
    with here(token=here.limited_token) as client, pytest.raises(infosecops.PermissionDeniedError):
        client.tokens.list()
    with here(password="wrong") as client, pytest.raises(infosecops.AuthenticationError):
        client.tokens.list()
    with pytest.raises(TypeError, match="colour"):
        here(colour="red")


def test_wiring_of_every_client(box, monkeypatch):
    def recorder(name):
        return lambda url, **keywords: (name, url, keywords)

    for name in ("GovernanceLifecycle", "SDElements", "Sectona", "BambooAgents"):
        monkeypatch.setattr(infosecops, name, recorder(name), raising=False)
        monkeypatch.setattr(infosecops, f"Async{name}", recorder(f"Async{name}"), raising=False)
    monkeypatch.setattr(infosecops, "UserLogin", lambda *given: given, raising=False)
    gl, sde, pam, bamboo = box.governance_lifecycle, box.sd_elements, box.sectona, box.bamboo_agents
    direct = {"proxy": "direct"}
    user = {"username": bamboo.username, "password": bamboo.password}
    cases = [
        (gl(), "GovernanceLifecycle", {"login": (gl.username, gl.password)} | direct),
        (gl.client(token=gl.token, timeout=1.0), "GovernanceLifecycle", {"token": gl.token, "timeout": 1.0} | direct),
        (gl.async_client(login="app"), "AsyncGovernanceLifecycle", {"login": "app"} | direct),
        (sde(proxy=None), "SDElements", {"token": sde.token, "proxy": None}),
        (sde.async_client(token="x"), "AsyncSDElements", {"token": "x"} | direct),
        (pam(accept="xml"), "Sectona", {"access_key": pam.access_key, "accept": "xml"} | direct),
        (pam.async_client(), "AsyncSectona", {"access_key": pam.access_key} | direct),
        (bamboo.async_client(), "AsyncBambooAgents", user | direct),
        (bamboo(token=bamboo.limited_token), "BambooAgents", {"token": bamboo.limited_token} | direct),
        (bamboo(username="other"), "BambooAgents", user | {"username": "other"} | direct),
    ]
    for made, name, keywords in cases:
        assert made == (name, box.url, keywords)


def test_wired_async_client(box):
    async def work():
        async with box.bamboo_agents.async_client() as bamboo:
            await asyncio.gather(*(bamboo.tokens.create(f"node {n}") for n in range(5)))
            return len(await bamboo.tokens.list())

    assert asyncio.run(work()) == 7
    assert box.journal.count(operation="tokens.create") == 5


def test_bamboo_api():
    with Sandbox(bamboo_api="agent") as box, box.bamboo_agents() as bamboo:
        bamboo.tokens.list()
        assert box.journal[-1].target.startswith("/rest/agent/")
        for api, wanted in (("agent-config", "agent-config"), ("both", "agent")):
            box.bamboo_agents.set_api(api)
            with box.bamboo_agents(api=wanted) as other:
                other.tokens.list()
        box.bamboo_agents.set_agent_busy(box_agent(box), polls=1)


def box_agent(box):
    """An agent that exists: the sandbox's ids are small."""
    for agent_id in range(1, 1_000_000):
        try:
            box.bamboo_agents.set_agent_busy(agent_id, busy=False)
        except LookupError:
            continue
        return agent_id
    raise AssertionError("no agents")


def test_credentials(box):
    named = box.describe()
    assert {system for system, *_ in named} == {"governance_lifecycle", "sd_elements", "sectona", "bamboo_agents"}
    for system, url, name, value in named:
        assert url == box.url
        assert getattr(getattr(box, system), name) == value
        assert isinstance(value, str if name in {"username", "client_id"} else Secret)
    with pytest.raises(AttributeError):
        box.sectona.access_key = "x"
    assert repr(box.sectona) == f"<sectona of a sandbox: {box.url}>"


def test_journal(box, bamboo):
    made = bamboo.tokens.create("chef nodes", read=True, change=False)
    bamboo.tokens.list()
    entry = box.journal.last(operation="tokens.create")
    assert isinstance(entry, JournalEntry)
    assert (entry.sequence, entry.system, entry.method, entry.status) == (1, "bamboo_agents", "POST", 200)
    assert (entry.operation, entry.applied, entry.peer_port > 0) == ("tokens.create", True, True)
    assert entry.target == "/rest/agent-config/1.0/tokens/?os_authType=basic"
    assert json.loads(entry.body)["name"] == "chef nodes"
    assert entry.body_length == len(entry.body)
    assert entry.headers["authorization"] == "****"
    assert made.uuid.reveal() not in str(entry.to_dict())
    assert repr(entry) == "<JournalEntry 1: POST /rest/agent-config/1.0/tokens/?os_authType=basic -> 200, applied>"
    assert box.journal[0] == entry != box.journal[1]
    assert [entry.sequence for entry in box.journal] == [1, 2]
    assert box.journal[-1:] == box.journal.entries(method="get") == [box.journal.last()]
    assert (len(box.journal), box.journal.count(operation="tokens.*"), box.journal.count(system="sectona")) == (2, 2, 0)
    assert box.journal.last(system="sectona") is None
    assert repr(box.journal).count("\n") == 1
    with pytest.raises(AttributeError):
        entry.status = 404
    with pytest.raises(IndexError):
        box.journal[2]
    box.journal.clear()
    assert list(box.journal) == []
    assert repr(box.journal) == "<an empty journal>"


def test_no_credential_is_written_down(box):
    secrets = [value for *_, value in box.describe() if isinstance(value, Secret)]
    secrets += [account.password for account in box.sectona.accounts]
    secrets += [account.pass_phrase for account in box.sectona.accounts if account.pass_phrase]
    texts = [secret.reveal() for secret in secrets]
    assert len(texts) >= 14
    canary = "canary-5d1f0a"
    for text in [*texts, canary]:
        encoded = base64.b64encode(text.encode()).decode()
        headers = {"Authorization": f"Token {text}".encode().replace(b"\n", b""), "X-Api-Key": encoded}
        send(box, "GET", f"/aveksa/command.submit?cmd=about&token={urllib.parse.quote(text)}", headers=headers)
        send(box, "POST", "/api/v2/jobs/", body=json.dumps({"alm_pass": text}), headers={"Cookie": f"sid={encoded}"})
        send(
            box, "POST", "/aveksa/command.submit?cmd=loginUser", body=f"<username>u</username><password>{text}".encode()
        )
    for text in texts:
        send(box, "PUT", f"/rest/{urllib.parse.quote(text, safe='')}", body=json.dumps({"note": text}))
        send(box, "POST", f"/API/APP/x?{urllib.parse.urlencode({'note': text})}", body=text.encode())
        send(box, "GET", "/elsewhere", headers={"X-Note": urllib.parse.quote(text)})
    with box.bamboo_agents(api="agent-config") as bamboo:
        secrets.append(bamboo.tokens.create("n").uuid)
    with box.bamboo_agents(token=canary) as bamboo, pytest.raises(infosecops.AuthenticationError):
        bamboo.tokens.list()
    written = "\n".join(f"{entry!r} {json.dumps(entry.to_dict())} {entry.to_dict()}" for entry in box.journal).lower()
    for text in [*texts, secrets[-1].reveal(), canary]:
        forms = {
            text,
            base64.b64encode(text.encode()).decode(),
            urllib.parse.quote(text, safe=""),
            json.dumps(text)[1:-1],
        }
        assert [form for form in forms if form.lower() in written] == []
    assert len(box.journal) == 3 * (len(texts) + 1) + 3 * len(texts) + 2
    assert "****" in written


def test_job_progress(box):
    def ready(job):
        return sde(box, "GET", f"jobs/alm/{job}/")["ready"]

    assert ready(start_job(box))
    box.jobs.progress("polls", 3, then="failed", message="no such project")
    job = start_job(box)
    assert [ready(job) for _ in range(4)] == [False, False, False, True]
    ended = sde(box, "GET", f"jobs/alm/{job}/")
    assert (ended["succeeded"], ended["result_message"]) == (False, "no such project")
    box.jobs.progress("manual")
    job = start_job(box, 23)
    assert not ready(job)
    with pytest.raises(LookupError):
        box.jobs.finish(job, kind="ldap")
    box.jobs.finish(job, succeeded=True, message="done", kind="alm")
    assert sde(box, "GET", f"jobs/alm/{job}/")["result_message"] == "done"
    run = gl(box, "runReview", name="UAR").json()["data"]["run-id"]
    box.jobs.finish_run(run, succeeded=False)
    assert gl(box, "getRunStatus", **{"run-id": run}).json()["data"]["overall-status"] == "Aborted"


def test_governance_lifecycle(box):
    here = box.governance_lifecycle
    assert here.coverage(61) is None
    text = "user_id='lbelkin'|user|1=1|app-role|name='Datadog'|\n"
    assert gl(box, "uploadCoverage", id=61, type="reviewer", body=text).status == 200
    assert here.coverage(61) == here.coverage("61") == text
    assert gl(box, "runReview", name="UAR").status == 200
    here.expire_tokens()
    assert gl(box, "runReview", name="UAR").status == 401


def test_sectona(box):
    account = next(account for account in box.sectona.accounts if account.asset_host == "CENTOS7")
    assert (account.account_name, account.accessible, account.db_instance) == ("admin152", True, None)
    assert account.authentication_type == "KeyBased_SecretKey"
    wanted = {"AssetType": account.asset_type, "AssetHost": "CENTOS7", "AccountName": "admin152", "Instance": "Default"}
    key = base64.b64encode(f"accesskey:{box.sectona.access_key.reveal()}".encode()).decode()
    for form, kind in (("object", dict), ("text", str)):
        box.sectona.set_result_form(form)
        headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}
        reply = send(box, "POST", "/API/APP/APP008/RequestPassword", headers=headers, body=json.dumps(wanted)).json()
        result = reply["Result"] if kind is dict else json.loads(reply["Result"])
        assert isinstance(reply["Result"], kind)
        assert Secret(result["Password"]) == account.password
        assert Secret(result["PassPhrase"]) == account.pass_phrase
    assert box.journal.last(system="sectona").applied
    assert account.password.reveal() not in repr(account)


def test_connections(box, bamboo):
    bamboo.tokens.list()
    assert box.open_connections() == 1
    box.set_idle_timeout(60.0)
    box.set_idle_timeout(None)
    box.close_idle_connections()
    while box.open_connections():
        assert not box.wait(0.005)
    bamboo.tokens.create("on a new connection")
    assert box.journal[0].peer_port != box.journal[1].peer_port
