"""Slots as an operator meets them: what workers say is given, and wishes end as they are told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from orchestrator.engines.recent_uses import Reuse
from orchestrator.engines.slot import HostReport, SlotReport, Waiting
from orchestrator.engines.steering import Steering
from orchestrator.errors import EngineDeadError, OrchestratorError
from orchestrator.registry.models import key_of
from orchestrator.residency.placement import DispatchTable
from orchestrator.residency.wishes import Granted, Wish
from orchestrator.service.oversight import Oversight
from orchestrator.service.reports import WorkerReport
from tests.served import REGISTRY

#: The one expert of the served registry that needs a slot, by its live definition and an older one.
PLAIN = next(one.key for one in REGISTRY.experts if one.id == "plain")
OLD = key_of("plain", "0" * 12)

HOST = HostReport(
    engine="e1",
    lineage="llama",
    experts=(OLD, PLAIN),
    rung="serving",
    step="swap",
    step_s=0.25,
    draining_for=None,
    pinned=(PLAIN,),
    residents=(OLD,),
    swapping_to=PLAIN,
    in_flight={OLD: 2},
    last_swap_s=0.04,
    down=None,
)
REPORT = SlotReport(
    name="local",
    hosts=(HOST,),
    waiting=(Waiting(expert=PLAIN, num_calls=3, oldest_s=1.5, expected_s=0.5),),
    action=f"swap for {PLAIN!r} on engine 'e1'",
    why=f"3 calls wait for {PLAIN!r}, the first for 1.50 s, wanted within 3.50 s",
    device_gib=2.0,
    device_room_gib=4.0,
    num_steps={"swap": 7},
    num_admitted=40,
    num_hits=30,
    broken={OLD: "its canary differs"},
    reuse=Reuse(num_uses=40, horizon=64, capacity=1, srp=0.5, sch=0.25),
)
READY = WorkerReport(slot="local", state="ready", detail="ready", report=REPORT)
SILENT = WorkerReport(slot="local-1", state="silent", detail="its worker gave no answer in 1 s")


@dataclass
class Steered:
    """A slot that does as it is told: a load waits for `is_free`, and then fails with `breaks`."""

    wishes: list[tuple[str, str]] = field(default_factory=list)
    is_begun: asyncio.Event = field(default_factory=asyncio.Event)
    is_free: asyncio.Event = field(default_factory=asyncio.Event)
    breaks: OrchestratorError | None = None

    def __post_init__(self) -> None:
        self.is_free.set()

    async def load(self, key: str) -> None:
        await self._step("load", key)

    async def unload(self, key: str) -> None:
        await self._step("unload", key)

    def pin(self, key: str) -> None:
        self.wishes.append(("pin", key))

    def unpin(self, key: str) -> None:
        self.wishes.append(("unpin", key))

    async def _step(self, kind: str, key: str) -> None:
        self.wishes.append((kind, key))
        self.is_begun.set()
        await self.is_free.wait()
        if self.breaks is not None:
            raise self.breaks


class Slots:
    """Two slots: `local` answers, `local-1` is silent; implements `service.oversight.Workers`."""

    def __init__(
        self,
        hosts: Mapping[str, tuple[str, ...]] | None = None,
        *,
        homes: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        hosts = {PLAIN: ("local",)} if hosts is None else dict(hosts)
        table = DispatchTable(slots_by_expert=hosts, homes_by_expert=homes and dict(homes))
        self.reports = {one.slot: one for one in (READY, SILENT)}
        self.now_s = 100.0
        self.steered = Steered()
        self.oversight = Oversight(
            self,
            table=lambda: table,
            clock=lambda: self.now_s,
        )

    @property
    def slots(self) -> list[str]:
        return list(self.reports)

    async def look(self, slot: str) -> WorkerReport:
        return self.reports[slot]

    async def steer(self, slot: str, wish: Wish) -> Granted:
        if self.reports[slot].state == "silent":
            raise EngineDeadError("its worker is gone")
        clock = asyncio.get_running_loop()
        return await Steering(slot, self.steered, clock=clock).carry_out(wish)

    def fall_silent(self, slot: str = "local") -> None:
        self.reports[slot] = replace(SILENT, slot=slot)
