"""Every slot as it is seen from outside, at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from orchestrator.engines.assignment import EngineReport
from orchestrator.engines.slot import SlotReport
from orchestrator.residency.placement import DispatchTable

#: `silent`: the worker did not answer in time; it may be restarting.
SlotHealth = Literal["starting", "ready", "failed", "silent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One slot; what a silent one is doing is what it said last."""

    slot: str
    health: SlotHealth
    #: One sentence: what it is doing, or why it failed.
    detail: str
    engines: tuple[EngineReport, ...] = ()
    #: What it said last, `None` where nobody heard it yet.
    report: SlotReport | None = None
    #: How long ago it said so, seconds.
    age_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Residency:
    """All slots, and who hosts what."""

    slots: tuple[Sighting, ...]
    #: Where the gateways may send calls, and where experts are at home.
    table: DispatchTable
