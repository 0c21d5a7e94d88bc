"""Where it is to be done, as far as a plan goes: slots, what they hold, and what experts cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertCost:
    """What one expert takes on a slot of speed 1, seconds."""

    #: Experts of one lineage become each other in place.
    lineage: str
    #: The expert whose weights an adapter lies on; `None` of an expert with weights of its own.
    base: str | None = None
    #: What an engine of its lineage holds of the slot's memory while it serves, GiB.
    memory_gib: float = 0.0
    #: To put it in the place of a sibling, or an adapter on its base.
    swap_s: float = 0.0
    #: To wake an engine of its lineage with its weights.
    wake_s: float = inf
    #: To start an engine with it.
    start_s: float = 0.0
    #: Slot time that a token takes among as many as the engine has at once.
    prompt_token_s: float = 0.0
    output_token_s: float = 0.0
    #: What a run takes beside its tokens: its last call runs on while the engine empties.
    tail_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSlot:
    """One slot at the moment of planning; it works on one expert at a time."""

    name: str
    #: Experts it may be asked for; `None` is all.
    experts: frozenset[str] | None = None
    memory_gib: float = inf
    #: What answers without a step.
    residents: tuple[str, ...] = ()
    #: Lineages with an engine that serves, and those whose engine sleeps.
    serving: tuple[str, ...] = ()
    asleep: tuple[str, ...] = ()
    #: Seconds from now until it can begin.
    free_s: float = 0.0
    #: Work it does in the time of a slot of speed 1.
    speed: float = 1.0


#: By expert id.
ExpertCosts = Mapping[str, ExpertCost]
