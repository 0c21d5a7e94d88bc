"""What a slot is told to hold, and what it says of the engines it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from orchestrator.engines.lineage import Lineage
from orchestrator.residency.limits import LoopLimits
from orchestrator.residency.state import Footprint, Rung

#: `starting` for the first time or again; `up`; `resting` below the rung that answers, until it is
#: called; `draining` takes no calls and ends those it has; `closing`; `failed`; `waiting` for room.
EngineStage = Literal["starting", "up", "resting", "draining", "closing", "failed", "waiting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a slot should hold."""

    #: Names this assignment: a worker is not sent twice what it holds.
    stamp: str
    lineages: tuple[Lineage, ...]
    #: `Expert.key` of all their experts.
    keys: frozenset[str]
    #: Memory of one engine by lineage id and rung.
    footprints: Mapping[str, Mapping[Rung, Footprint]]
    room_gib: float
    #: Engines that may start at a time.
    at_once: int
    limits: LoopLimits
    #: Whether steps that take or give memory are made one at a time; see `roster.Room`.
    moves_alone: bool = False
    #: Engines of one lineage that may be up at once, memory permitting.
    num_engines: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineReport:
    """The engines of one lineage of a slot, by the one that is furthest."""

    lineage: str
    state: EngineStage
    #: One sentence: how far it is, or why it failed.
    detail: str
    is_wanted: bool
