"""The endpoint of `make serve` with every part that can be asked, in this process.

Its router, compositions and registry are the demo's; experts answer at once, slots, moves and
restarts are told and not carried out.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.types import Receive, Scope, Send

from orchestrator.api.inside import InsideEndpoint
from orchestrator.api.restart_control import RestartState
from orchestrator.compositions.outline import outlined
from orchestrator.compositions.programs import Programs
from orchestrator.engines.fake import FakeEngine
from orchestrator.registry.document import parse
from orchestrator.registry.models import Registry
from orchestrator.residency.demand import Prices, demand_of
from orchestrator.residency.forecast import Arrangement
from orchestrator.residency.homes import Limits
from orchestrator.residency.load import Load
from orchestrator.residency.placement_report import PlacementReport
from orchestrator.residency.rearranging import proposed
from orchestrator.residency.spaces import Lineage, SlotSpace
from orchestrator.routing.building import Routers
from orchestrator.store.memory_keys import MemoryKeys
from orchestrator.store.memory_repeats import MemoryRepeats
from orchestrator.store.memory_usage import MemoryUsage
from orchestrator.store.usage import UsageRow, Used
from tests.batch_desk import Desk
from tests.page_blocks import ROOT, furnish
from tests.rollouts import Site
from tests.served import Service, running
from tests.slots import Slots

#: What is said of experts, which their weights are not needed for.
_TOLD = ("id", "skills", "tags", "license", "owner", "description", "parameters", "price")


class Restarts:
    """Has restarted whatever it is asked to."""

    async def restart(self, part: str) -> RestartState:
        return RestartState(asked=part, is_under_way=True, doing="begins", left=(part,))

    async def restarting(self) -> RestartState:
        return RestartState(asked="gateways", done=("gateways",))


class Placing:
    """One family of experts on two slots, as nobody has asked for it yet."""

    async def placement(self, carries_out: bool) -> PlacementReport:
        spaces = [SlotSpace(name=name, memory_gib=4.0) for name in ("local", "local-1")]
        family = Lineage(id="demo", experts=("capitals@1", "roman@1"), memory_gib=4.0)
        hosts: Mapping[str, tuple[str, ...]] = {"demo": ("local", "local-1")}
        demand = demand_of([family], spaces, Load(), Prices())
        now = Arrangement(hosts=hosts, homes={})
        proposal = proposed(demand, now, limits=Limits(), solver=lambda *_: None)
        return PlacementReport(
            is_observed=True,
            load=Load(),
            homes={},
            proposed_homes=proposal.arrangement.homes,
            hosts=hosts,
            proposed_hosts=proposal.arrangement.hosts,
            proposal=proposal,
            changed_s_ago=None,
            is_carried_out=carries_out and proposal.is_worth,
        )


def demo_registry() -> Registry:
    """The registry of `make serve`, with experts that answer at once."""
    written = parse((ROOT / "experts.yaml").read_text(encoding="utf-8"), file="experts.yaml").value
    experts = [
        {
            **{key: one[key] for key in _TOLD if key in one},
            "engine": {"kind": "vllm", "task": _task_of(one)},
        }
        for one in written["experts"]
    ]
    return Registry.model_validate(
        {
            "experts": experts,
            "routers": {
                name: {**spec, "artifact": str(ROOT / spec["artifact"])}
                for name, spec in written["routers"].items()
            },
            "compositions": written["compositions"],
            "slots": ({"name": "local", "memory_gib": 1},),
        }
    )


def _task_of(written: Mapping[str, Any]) -> str:
    return written.get("engine", {}).get("task", "generate")


@asynccontextmanager
async def whole_service(folder: Path) -> AsyncIterator[str]:
    """The URL of the service; its registry file and all that it names lie in `folder`."""
    furnish(folder)
    registry, engine = demo_registry(), FakeEngine("Nairobi")
    programs = Programs(
        registry, generation=1, routers=Routers().load(registry.routers), dispatch=engine
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await application(scope, receive, send)

    inside = InsideEndpoint(app, lambda: programs, outline=outlined, timeout_s=60.0)
    desk = Desk(endpoint=inside, now_s=time.time())
    keys = {one.id: one.key for one in registry.experts}
    served = Service(
        engine=engine,
        live=lambda: programs,
        registry=await Site().control(folder / "experts.yaml"),
        residency=Slots({keys["capitals"]: ("local",)}).oversight,
        placement=Placing(),
        restarts=Restarts(),
        batches=desk.office,
        storage=desk.storage,
        repeats=MemoryRepeats(),
        keys=MemoryKeys(),
        usage=await _used(),
    )
    application = served.app()
    async with desk, running(served) as url:
        yield url


async def _used() -> MemoryUsage:
    usage, today = MemoryUsage(), datetime.now(UTC).strftime("%Y%m%d")
    row = UsageRow(day=today, key_id="key-a", tags=("research",), expert="capitals")
    await usage.add("one", {row: Used(requests=12, prompt_tokens=7, nano_usd=2_500_000)})
    return usage
