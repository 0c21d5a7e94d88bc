"""What a slot is told to hold, and what it says of the engines it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.engines.lineage import Lineage
from orchestrator.residency.limits import LoopLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a slot should hold."""

    #: Names this assignment: a worker is not sent twice what it holds.
    stamp: str
    lineages: tuple[Lineage, ...]
    #: `Expert.key` of all their experts.
    keys: frozenset[str]
    #: By lineage id, all of it.
    memory_gib: Mapping[str, float]
    room_gib: float
    #: Engines that may start at a time.
    at_once: int
    #: For each of its engines.
    limits: LoopLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineReport:
    """One engine of a slot, or one that waits to be started."""

    lineage: str
    #: `residency.tenancy.State`, or `waiting` for one that is not begun.
    state: str
    #: One sentence: how far it is, or why it failed.
    detail: str
    is_wanted: bool
