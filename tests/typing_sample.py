"""A program that uses every public name: type checkers read it in their strictest mode, and a test runs it."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

import infosecops
from infosecops import (
    AccessToken,
    AccountRequest,
    Agent,
    AgentState,
    AmbiguousMatch,
    ApiError,
    ApplicationRole,
    AsyncBambooAgents,
    AsyncGovernanceLifecycle,
    AsyncLazyList,
    AsyncSDElements,
    AsyncSectona,
    AuthenticationError,
    BadRequestError,
    BambooAgents,
    BulkEntry,
    BulkResult,
    Capability,
    ChangeResult,
    CommandResult,
    ConfigEntry,
    ConfigError,
    ConfigReport,
    ConflictError,
    ConnectError,
    Connection,
    CoverageProblem,
    CoverageReport,
    CoverageRule,
    DeadlineExceeded,
    EnsureResult,
    Entitlement,
    Envelope,
    Error,
    Event,
    GlobalRole,
    GovernanceLifecycle,
    Group,
    Job,
    JobFailed,
    LazyList,
    MaintenanceTask,
    NotFoundError,
    PartialFailure,
    PermissionDeniedError,
    PreconditionFailedError,
    ProxyError,
    RateLimitedError,
    Response,
    Retry,
    RevieweeAccount,
    ReviewItemChange,
    ReviewItemResult,
    ReviewStatus,
    ReviewUpdate,
    RunStatus,
    SDElements,
    Secret,
    SecretFile,
    Sectona,
    SecuritySettings,
    ServerError,
    TaskLeftOpen,
    TlsError,
    TransportError,
    TrustedApp,
    UnexpectedContentError,
    UserLogin,
    VaultAccount,
    WaitTimeout,
    check_coverage,
    equals,
)
from infosecops.bamboo_agents import Agents, AsyncAgents
from infosecops.sandbox import (
    BambooAgentsEndpoint,
    Faults,
    GovernanceLifecycleEndpoint,
    Jobs,
    Journal,
    JournalEntry,
    Sandbox,
    SandboxAccount,
    SDElementsEndpoint,
    SectonaEndpoint,
)
from infosecops.sectona import VaultCredential

if TYPE_CHECKING:
    from typing_extensions import assert_type
else:

    def assert_type(value, _):
        """Only type checkers look."""
        return value


QUICK = Retry(attempts=2, base=0.0)
SOURCE = "CyberArk (REST)"
UNKNOWN = ReviewItemChange("revoke", "nobody", GlobalRole("Nothing", "Nowhere"))
CHANGES = [
    ReviewItemChange("revoke", "achen", Group("Auditors", SOURCE), comments="left", expires_on=None),
    ReviewItemChange("maintain", "bjones", ApplicationRole("Approver", "Datadog"), expires_on=date(2031, 1, 2)),
    ReviewItemChange("revoke", "asmith", Entitlement("Dynatrace", "-", "Dynatrace")),
    ReviewItemChange(
        "revoke", "cdiaz", Group("Contractors", "Okta"), account={"name": "cdiaz", "business_source": "Okta"}
    ),
]


def governance_lifecycle(box: Sandbox) -> None:
    endpoint = assert_type(box.governance_lifecycle, GovernanceLifecycleEndpoint)
    login = UserLogin(endpoint.username, assert_type(endpoint.password, Secret), auth_source=None)
    with GovernanceLifecycle(endpoint.url, login=login, proxy="direct", retry=QUICK) as gl:
        assert_type(gl.login(), None)
        status = assert_type(gl.get_review_status(61), ReviewStatus)
        assert_type(status.start_date, datetime | None)
        assert_type(status.total_entitlements, int | None)
        assert_type(status.extra, dict[str, Any])
        rule = CoverageRule(equals("user_id", "lbelkin"), "app-role", objects=equals("name", "Datadog"))
        report = assert_type(check_coverage([rule], type="monitor"), CoverageReport)
        assert assert_type(report.problems, list[CoverageProblem]) == []
        uploaded = assert_type(gl.upload_coverage([rule], type="reviewer", id=61, check=True), CommandResult)
        assert_type(uploaded.message, str | None)
        assert endpoint.coverage(61) is not None
        gl.upload_coverage(str(rule), type="reviewer", id="61")
        update = assert_type(gl.update_review_items("UAR-3", CHANGES, on_progress=told), ReviewUpdate)
        assert (update.ok, update.updated, update.total) == (True, 4, 4)
        assert_type(update.succeeded[0], ChangeResult)
        assert_type(update.succeeded[0].change.item, Entitlement | ApplicationRole | Group | GlobalRole)
        assert_type(update.succeeded[0].change.account, RevieweeAccount | None)
        again = gl.update_review_items(
            "UAR-3",
            [
                {
                    "state": "revoke",
                    "reviewee": "achen",
                    "item": {"kind": "group", "name": "Auditors", "business_source": SOURCE},
                }
            ],
            same_state_ok=True,
        )
        assert again.ok
        assert len(assert_type(again.raw_parts, list[str])) == assert_type(again.counts, dict[str, int])["succeeded"]
        try:
            gl.update_review_items("UAR-3", [UNKNOWN], progress=False)
        except PartialFailure as error:
            update = error.result
            assert isinstance(update, ReviewUpdate)
            for entry in update.iter_results("failed"):
                assert_type(entry, ChangeResult)
            for change in update.retry_failed(same_state_ok=False):
                assert_type(change, ReviewItemChange)
            failed = assert_type(update.failed, list[ChangeResult])
            assert failed[0].change == UNKNOWN
            item = assert_type(update.items[0], ReviewItemResult)
            assert_type(item.reason, str | None)
        else:
            raise AssertionError
        run_id = assert_type(gl.run_review("UAR"), str)
        assert_type(gl.get_run_status(run_id), RunStatus).to_dict()
        assert_type(gl.wait_for_run(run_id, timeout=60, poll_interval=0.02), RunStatus)
        assert_type(gl.get_review_result(run_id), str)
        gl.refresh_review(61, coverage=True, applications=["Okta"])
        gl.update_unreviewed_items(61, "maintain", unassigned=False, comment="as before")
        gl.set_review_state(61, "onhold")
        assert_type(gl.get_security_settings(), SecuritySettings)
        assert_type(gl.command("about", params={"verbose": True}, effect="read").data, Any)
        gl.keep_alive()
        gl.logout()
    app = TrustedApp(endpoint.client_id, lambda: endpoint.client_secret)
    with box.governance_lifecycle(login=app, timeout=10.0) as gl:
        assert_type(gl, GovernanceLifecycle).get_review_status("61")


def files() -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        path.write_text("Status;reviewee;kind;name;business_source\nrevoke;achen;group;Auditors;Okta\n")
        changes = ReviewItemChange.from_csv(path, encoding="utf-8", delimiter=";", columns={"Status": "state"})
        assert assert_type(list(changes), list[ReviewItemChange])[0].item == Group("Auditors", "Okta")
        path.write_text("reviewer.user_id,object_type\nlbelkin,ent\n")
        rules = CoverageRule.from_csv(path)
        assert (len(rules), assert_type(list(rules), list[CoverageRule])[0].object_type) == (1, "ent")
        assert check_coverage(rules).ok


def told(answered: int, of: int, not_done: int) -> None:
    assert answered <= of >= not_done


def sd_elements(box: Sandbox) -> None:
    endpoint = assert_type(box.sd_elements, SDElementsEndpoint)
    with SDElements(endpoint.url, token=endpoint.token, proxy="direct") as sde:
        connections = assert_type(sde.connections.alm.list(page_size=1), LazyList[Connection])
        connection = connections.collect()[0]
        assert_type(connection.params, dict[str, Any] | None)
        assert connection.id is not None
        assert_type(sde.connections.kind("alm").get(connection.id), Connection)
        box.jobs.progress("polls", 1)
        job = assert_type(sde.jobs.alm.start(connection.id), Job)
        done = assert_type(sde.jobs.alm.wait(job, poll_interval=0.01, on_progress=seen), Job)
        assert_type(done.last_run, datetime | None)
        assert_type(done.user, str | int | None)
        assert_type(done.connection, Connection | None)
        assert_type(sde.jobs.alm.get(job.id), Job)
        assert_type(sde.jobs.alm.report(connection.id, succeeded=True, result_message="ok"), Job)
        for page in sde.jobs.alm.list(connection=connection.id, limit=3).pages():
            assert_type(page, list[Job])
        for one in sde.jobs.list(succeeded=True, limit=1):
            assert_type(one, Job)
        box.jobs.progress("immediate", then="failed", message="no such project")
        try:
            sde.jobs.alm.wait(sde.jobs.alm.start(connection.id), poll_interval=0.01)
        except JobFailed as error:
            assert error.job.succeeded is False
        else:
            raise AssertionError
        box.jobs.progress("manual")
        assert_type(sde.jobs.alm.wait_all([job, done.id]), BulkResult[int, Job])
        assert assert_type(sde.jobs.wait_all([job]).values(), list[Job]) == [done]
        assert assert_type(sde.jobs.alm.find_running(connection.id), Job | None) is None
        waiting = sde.jobs.alm.start(connection.id)
        try:
            sde.jobs.alm.wait(waiting, timeout=0.05, poll_interval=0.01)
        except WaitTimeout as error:
            assert error.last is not None
        else:
            raise AssertionError
        box.jobs.finish(waiting.id, kind="alm")
        assert sde.jobs.kind("alm").wait(waiting.id, on_failure="return").succeeded


def seen(job: Job) -> None:
    assert job.kind == "alm"


def sectona(box: Sandbox) -> None:
    endpoint = assert_type(box.sectona, SectonaEndpoint)
    known = assert_type(next(account for account in endpoint.accounts if account.accessible), SandboxAccount)
    with Sectona(endpoint.url, access_key=lambda: endpoint.access_key, accept="xml", proxy="direct") as pam:
        account = assert_type(
            pam.request_password(known.asset_type, known.asset_host, known.account_name, db_instance=known.db_instance),
            VaultAccount,
        )
        assert assert_type(account.password, Secret) == known.password
        assert_type(account.password.reveal(), str)
        assert_type(account.password.reveal_bytes(), bytes)
        assert_type(account.created_on, datetime | None)
        assert_type(account.kind, Literal["password", "key", "key_with_secret", "other"])
        assert isinstance(account.to_dict(reveal=True)["password"], str)
        in_file = SecretFile("/run/secrets/sectona", allow_others=True)
        Sectona(endpoint.url, access_key=in_file)
        token = assert_type(pam.credential("Application", "sde.example.net", "sde-api"), VaultCredential)
        assert_type(box.sd_elements(token=token), SDElements).close()
        wanted = AccountRequest(known.asset_type, known.asset_host, known.account_name, db_instance=known.db_instance)
        counts: list[int] = []
        heard: list[BulkEntry[AccountRequest, VaultAccount]] = []
        result = assert_type(
            pam.request_passwords(
                [wanted, ("t", "h", "n"), {"asset_type": "t", "asset_host": "h", "account_name": "n"}],
                on_partial="return",
                on_progress=lambda done, total, failed: counts.append(done * total + failed),
                on_result=heard.append,
            ),
            BulkResult[AccountRequest, VaultAccount],
        )
        assert_type(result.failed, tuple[BulkEntry[AccountRequest, VaultAccount], ...])
        assert_type([entry.value for entry in result], list[VaultAccount | None])
        assert_type(result.values(), list[VaultAccount])
        envelope = assert_type(pam.call("/API/APP/APP007/GetInstances", {}), Envelope)
        assert_type(envelope.timestamp, datetime | None)


def bamboo_agents(box: Sandbox) -> None:
    endpoint = assert_type(box.bamboo_agents, BambooAgentsEndpoint)
    events: list[Event] = []
    with BambooAgents(
        endpoint.url, username=endpoint.username, password=endpoint.password, proxy="direct", on_event=events.append
    ) as bamboo:
        made = assert_type(bamboo.tokens.ensure("chef nodes", read=True), EnsureResult)
        token = assert_type(made.token, AccessToken)
        assert_type(bamboo.tokens.update(token, change=True).change, bool)
        assert_type(bamboo.tokens.find("chef nodes"), AccessToken | None)
        assert_type(bamboo.tokens.list(), list[AccessToken])
        bamboo.tokens.revoke(assert_type(token.uuid, Secret))
        bamboo.tokens.create("chef nodes")
        try:
            bamboo.tokens.find("chef nodes")
        except AmbiguousMatch as error:
            assert_type(error.hint, str | None)
        else:
            raise AssertionError
        answer = assert_type(
            bamboo.request("GET", "/rest/agent-config/1.0/tokens/", headers={"Accept": "*/*"}), Response
        )
        assert_type(answer.status, int)
        assert_type(answer.headers, dict[str, str])
        assert_type(answer.content, bytes)
        assert_type(answer.text, str)
        assert_type(answer.json(), Any)
        build_agents(box, bamboo)
    assert_type(events[0].kind, Literal["request", "response", "retry", "warning", "failure"])
    assert_type(events[0].status, int | None)


def build_agents(box: Sandbox, bamboo: BambooAgents) -> None:
    uuid = assert_type(box.bamboo_agents.access_token, Secret)
    agents = assert_type(bamboo.agents(lambda: uuid), Agents)
    first = assert_type(agents.list(), list[Agent])[0]
    assert_type(first.online, bool | None)
    assert_type(agents.state(first.id, form="text").enabled, bool)
    assert_type(agents.disable(first.id), AgentState)
    assert_type(agents.wait_until_idle(first.id, settle=0, poll_interval=0.01, on_progress=idle), AgentState)
    agents.enable(first.id)
    assert_type(agents.capabilities(first.id), list[Capability])
    agents.clear_capabilities(first.id)
    assert_type(agents.target_version(), str)
    task = assert_type(agents.maintenance(first.id), MaintenanceTask)
    assert assert_type(task.granted, bool)
    try:
        agents.maintenance(first.id)
    except TaskLeftOpen as error:
        assert_type(error.task, MaintenanceTask | None)
    else:
        raise AssertionError
    agents.finish_maintenance(first.id, task)
    with agents.maintenance_window(first.id, settle=0, poll_interval=0.01, on_progress=told_of_agent) as task:
        assert_type(task, MaintenanceTask)


def idle(state: AgentState) -> None:
    assert not state.busy


def told_of_agent(seen: MaintenanceTask | AgentState) -> None:
    assert not seen.enabled


def errors(box: Sandbox) -> None:
    """Every class of error, by the way that users meet it or by its place in the hierarchy."""
    faults = assert_type(box.faults, Faults)
    answers: dict[int, type[ApiError]] = {
        400: BadRequestError,
        401: AuthenticationError,
        403: PermissionDeniedError,
        404: NotFoundError,
        409: ConflictError,
        412: PreconditionFailedError,
        429: RateLimitedError,
        500: ServerError,
    }
    with box.sd_elements(retry=Retry(attempts=1)) as sde:
        for status, expected in answers.items():
            faults.next(system="sd_elements", status=status)
            try:
                sde.request("GET", "/api/v2/users/me/", effect="read")
            except expected as error:
                assert assert_type(error.status, int | None) == status
                assert_type(error.outcome, Literal["not_sent", "rejected", "unknown"] | None)
                assert_type(error.elapsed, float)
            else:
                raise AssertionError(status)
        faults.next(html=True, times=1)
        try:
            sde.jobs.alm.get(1)
        except UnexpectedContentError as error:
            assert_type(error.body_excerpt, str | None)
        else:
            raise AssertionError
        faults.always(hang=True)
        try:
            box.sd_elements(timeout=0.2).jobs.alm.get(1)
        except DeadlineExceeded as error:
            assert isinstance(error, TimeoutError)
        else:
            raise AssertionError
        faults.clear()
        assert assert_type(faults.pending, int) == 0
    try:
        SDElements("http://sde.example.com", token="x")
    except ConfigError as error:
        assert isinstance(error, ValueError)
    else:
        raise AssertionError
    below: list[type[TransportError]] = [ConnectError, TlsError, ProxyError]
    assert all(issubclass(each, Error) for each in below)


def configuration(box: Sandbox) -> None:
    """Clients of the environment and of profiles; keywords are those of the constructor."""
    endpoint = box.sectona
    found = Sectona.from_env(url=endpoint.url, access_key=endpoint.access_key, accept="xml", timeout=5)
    report = assert_type(assert_type(found, Sectona).config_report(), ConfigReport)
    entry = assert_type(report["timeout"], ConfigEntry)
    assert_type(entry.source, str)
    assert_type(entry.shadowed, tuple[tuple[str, Any], ...])
    assert_type([each.name for each in report], list[str])
    assert_type(report.to_dict(), dict[str, dict[str, Any]])
    try:
        assert_type(AsyncBambooAgents.from_profile("no such profile", username="u", token=None), AsyncBambooAgents)
    except ConfigError as error:
        assert_type(error.hint, str | None)
    else:
        raise AssertionError


def sandbox(box: Sandbox) -> None:
    assert_type(box.jobs, Jobs)
    journal = assert_type(box.journal, Journal)
    last = assert_type(journal.last(system="sectona"), JournalEntry | None)
    assert last is not None
    assert_type(last.status, int | None)
    assert_type(journal[-1], JournalEntry)
    assert_type(journal[:2], list[JournalEntry])
    assert_type(journal.count(method="POST"), int)
    for system, url, name, value in box.describe():
        assert_type((system, url, name), tuple[str, str, str])
        assert_type(value, str | Secret)
    assert_type(box.wait(0), bool)


async def twins(box: Sandbox) -> None:
    async def token() -> Secret:
        return box.sd_elements.token

    async def heard(job: Job) -> None:
        seen(job)

    gl_place, pam_place = box.governance_lifecycle, box.sectona
    async with (
        AsyncGovernanceLifecycle(gl_place.url, token=gl_place.token, proxy="direct") as gl,
        AsyncSDElements(box.sd_elements.url, token=token, proxy="direct") as sde,
        AsyncSectona(pam_place.url, access_key=pam_place.access_key, proxy="direct") as pam,
        assert_type(box.bamboo_agents.async_client(), AsyncBambooAgents) as bamboo,
    ):
        assert_type(await gl.get_review_status("61"), ReviewStatus)
        account = RevieweeAccount("mason.stewart@example.com", "Okta")
        change = ReviewItemChange("revoke", "asmith", Group("HR Department", "Okta"), account=account)
        dry = await gl.update_review_items("UAR-3", [change], dry_run=True)
        assert assert_type(dry, ReviewUpdate).raw
        jobs = assert_type(sde.jobs.alm.list(limit=2), AsyncLazyList[Job])
        async for job in jobs:
            assert_type(job, Job)
        async for page in jobs.pages():
            assert_type(page, list[Job])
        assert_type(await jobs.collect(), list[Job])
        box.jobs.progress("immediate")
        started = await sde.jobs.alm.start(12)
        assert_type(await sde.jobs.alm.wait(started, on_progress=heard), Job)
        both = await asyncio.gather(sde.connections.alm.get(12), bamboo.tokens.list())
        assert_type(both, tuple[Connection, list[AccessToken]])
        assert_type(await pam.request_password("Unix Based", "web01.example.net", "deploy"), VaultAccount)
        assert_type(await bamboo.tokens.ensure("chef nodes 2"), EnsureResult)
        assert_type(await bamboo.request("GET", "/rest/agent-config/1.0/tokens/", effect="read"), Response)
        agents = assert_type(bamboo.agents(box.bamboo_agents.access_token), AsyncAgents)
        async with agents.maintenance_window(131073, settle=0, poll_interval=0.01) as task:
            assert_type(task, MaintenanceTask)
        assert_type(await agents.state(131073), AgentState)
        await gl.aclose()


if TYPE_CHECKING:

    def refused(sde: SDElements, job: Job, secret: Secret) -> None:
        """What checkers must refuse: an ignore that is not needed is an error, too."""
        job.id = 5  # type: ignore[misc]
        len(secret)  # type: ignore[arg-type]
        sde.jobs.alm.list(10)  # type: ignore[call-arg, arg-type]
        sde.jobs.alm.start("12")  # type: ignore[arg-type]
        SDElements("https://sde.example.com")  # type: ignore[call-arg]
        SDElements("https://sde.example.com", token="x", time_out=1)  # type: ignore[call-arg]
        Sectona("https://pam.example.com", access_key="x", accept="yaml")  # type: ignore[arg-type]
        Sectona.from_env(accept="yaml")  # type: ignore[arg-type]
        Sectona.from_profile()  # type: ignore[call-arg]
        SDElements.from_profile("prod", time_out=1)  # type: ignore[call-arg]


def main() -> str:
    with Sandbox() as box:
        governance_lifecycle(box)
        files()
        sd_elements(box)
        sectona(box)
        bamboo_agents(box)
        errors(box)
        configuration(box)
        sandbox(box)
    with Sandbox(bamboo_api="both") as box:
        asyncio.run(twins(box))
    return assert_type(infosecops.__version__, str)


if __name__ == "__main__":
    main()
