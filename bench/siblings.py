"""Engines of the shipped siblings in this process, and a slot that drives them as the service's do.

What is measured so is the policy and the swaps, and neither HTTP nor Ray.
"""

from __future__ import annotations

import asyncio
import importlib
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from bench.process import BenchError
from orchestrator.costs.costs import Costs
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.seat import Seat
from orchestrator.engines.sibling_host import SiblingHost
from orchestrator.engines.slot import Slot
from orchestrator.engines.vllm_settings import prepare_environment
from orchestrator.registry.loader import load
from orchestrator.registry.models import Expert
from orchestrator.residency.policy import Policy
from orchestrator.service.layout import grouped

#: Siblings that a load needs.
MIN_EXPERTS = 10


class TimedHost(SiblingHost):
    """A host that notes what its swaps take, seconds."""

    def __init__(self, lineage: Lineage) -> None:
        # As in a slot of one CPU: threads of engines beside each other spin while they wait.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        prepare_environment()  # vLLM reads its environment when it is imported
        super().__init__(lineage, importlib.import_module("orchestrator.engines.vllm_host").begin)
        self.swaps_s: list[float] = []

    async def become(self, expert: Expert) -> None:
        """See `Host.become`."""
        began_s = perf_counter()
        await super().become(expert)
        self.swaps_s.append(perf_counter() - began_s)


@dataclass(slots=True, kw_only=True)
class Siblings:
    """The registry's largest family of experts that share an engine, and engines of it."""

    lineage: Lineage
    experts: tuple[Expert, ...]
    hosts: list[TimedHost] = field(default_factory=list)
    starts_s: list[float] = field(default_factory=list)

    async def start(self, num_engines: int) -> None:
        """Start engines until there are so many, one after another, each with another expert."""
        while len(self.hosts) < num_engines:
            began_s = perf_counter()
            host = await asyncio.to_thread(TimedHost, self.lineage)
            await host.start(self.experts[len(self.hosts) % len(self.experts)])
            self.hosts.append(host)
            self.starts_s.append(perf_counter() - began_s)

    async def stop_s(self) -> float:
        """Stop the last engine; the seconds that took."""
        began_s = perf_counter()
        await self.hosts.pop().close()
        return perf_counter() - began_s

    def slot(self, policy: Policy, *, num_engines: int, costs: Costs | None = None) -> Slot:
        """A slot of its own over the first engines, which takes calls for every expert.

        Args:
            policy: decides for it.
            num_engines: so many.
            costs: what slots before it learned.
        """
        slot = Slot("bench", clock=asyncio.get_running_loop(), policy=policy, costs=costs)
        names = [f"engine-{number}" for number in range(num_engines)]
        for name, host in zip(names, self.hosts, strict=False):
            slot.add(name, Seat(self.lineage.id, host=host))
        slot.hold(names)
        slot.assign(self.lineage.id, self.experts)
        return slot


@asynccontextmanager
async def siblings_of(registry: Path) -> AsyncIterator[Siblings]:
    """The siblings of a registry; their engines are closed at the end.

    Raises:
        BenchError: there are fewer than ten.
    """
    lineage = max(grouped(load(registry), registry.parent), key=lambda one: len(_weights(one)))
    experts = _weights(lineage)
    if len(experts) < MIN_EXPERTS:
        raise BenchError(f"{registry} has no {MIN_EXPERTS} experts that share an engine")
    siblings = Siblings(lineage=lineage, experts=tuple(experts))
    try:
        yield siblings
    finally:
        while siblings.hosts:
            await siblings.stop_s()


def _weights(lineage: Lineage) -> Sequence[Expert]:
    return [expert for expert in lineage.experts if not expert.is_adapter]
