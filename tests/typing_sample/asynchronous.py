"""The clients' twins for asyncio."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from infosecops import (
    AccessToken,
    AgentState,
    AsyncBambooAgents,
    AsyncGovernanceLifecycle,
    AsyncLazyList,
    AsyncSDElements,
    AsyncSectona,
    Connection,
    EnsureResult,
    Group,
    Job,
    MaintenanceTask,
    Response,
    RevieweeAccount,
    ReviewItemChange,
    ReviewStatus,
    ReviewUpdate,
    Secret,
    Table,
    VaultAccount,
)
from infosecops.bamboo_agents import AsyncAgents

from .asserted import assert_type
from .elements import seen

if TYPE_CHECKING:
    from infosecops.sandbox import Sandbox


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
        assert_type(await jobs.collect(), Table[Job])
        box.jobs.progress("immediate")
        started = await sde.jobs.alm.start(12)
        assert_type(await sde.jobs.alm.wait(started, on_progress=heard), Job)
        both = await asyncio.gather(sde.connections.alm.get(12), bamboo.tokens.list())
        assert_type(both, tuple[Connection, Table[AccessToken]])
        assert_type(await pam.request_password("Unix Based", "web01.example.net", "deploy"), VaultAccount)
        assert_type(await bamboo.tokens.ensure("chef nodes 2"), EnsureResult)
        assert_type(await bamboo.request("GET", "/rest/agent-config/1.0/tokens/", effect="read"), Response)
        agents = assert_type(bamboo.agents(box.bamboo_agents.access_token), AsyncAgents)
        async with agents.maintenance_window(131073, settle=0, poll_interval=0.01) as task:
            assert_type(task, MaintenanceTask)
        assert_type(await agents.state(131073), AgentState)
        await gl.aclose()
