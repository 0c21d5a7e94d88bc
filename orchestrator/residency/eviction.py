"""Who gives way: which engines step down, and how far, so that another has room on the device.

The one that is worth least goes first, to the highest rung that frees enough and that host memory
has room for. What answers calls is drained first, and only for something worth more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf

from orchestrator.costs.costs import Costs
from orchestrator.residency.actions import Action, Drain, Sleep, Start, Stop, Wait, Wake
from orchestrator.residency.ledger import fits, freed_gib, shortfall_gib
from orchestrator.residency.outlook import MARGIN_S, drain_s
from orchestrator.residency.state import EngineState, Rung, SlotState
from orchestrator.residency.tickets import Queues

#: Rungs below serving, the one that is left soonest first.
_DOWN: tuple[Rung, ...] = ("asleep", "weightless", "stopped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An expert that waits for an engine which does not serve."""

    expert: str
    engine: EngineState
    up: Wake | Start
    #: Seconds until it would serve, apart from making room.
    ready_s: float
    worth: float
    #: By when it is wanted: its bound, or its age.
    wanted_s: float


def room_for(
    wish: Wish,
    state: SlotState,
    queues: Queues,
    costs: Costs,
    *,
    now_s: float,
    patience: float,
) -> Action | None:
    """A step down of an engine worth little, or its drain; or when to look again.

    All that must step down is chosen at once, so that none does in vain.

    Returns:
        `None` while the room is being made.
    """
    short_gib = shortfall_gib(state, wish.up)
    short_gib -= sum(_coming_free_gib(one) for one in state.engines)
    if short_gib <= 0:
        return None
    chosen = _victims(wish, state, queues, costs, now_s=now_s, short_gib=short_gib)
    busy = [one for one, _ in chosen if one.in_flight or _is_wanted(one, queues, wish.expert)]
    for victim in busy:
        if victim.draining_for == wish.expert:
            continue
        presses_s = wish.wanted_s - wish.ready_s - MARGIN_S
        presses_s -= drain_s(victim, costs, now_s=now_s)
        gain = wish.worth * (1 - patience)
        if now_s < presses_s and gain <= _held_worth(victim, queues, costs, now_s=now_s):
            return Wait(until_s=None if presses_s == inf else presses_s)
    for victim, down in chosen:
        if victim not in busy:
            return down
        if victim.draining_for is None:
            return Drain(engine=victim.id, expert=wish.expert)
    return None if chosen else Wait()


def _victims(
    wish: Wish,
    state: SlotState,
    queues: Queues,
    costs: Costs,
    *,
    now_s: float,
    short_gib: float,
) -> list[tuple[EngineState, Sleep | Stop]]:
    """Engines whose steps down free enough together, the least worth first; none if they cannot."""
    others = [
        one
        for one in state.engines
        if one is not wish.engine and one.change is None and not _is_held(one, queues, wish.expert)
    ]
    ranked = sorted(
        others,
        key=lambda one: (one.is_wanted, _held_worth(one, queues, costs, now_s=now_s), one.id),
    )
    # Not further down than needed; else as far as they can.
    return _enough(ranked, _down, state, short_gib) or _enough(ranked, lowest, state, short_gib)


def _enough(
    ranked: list[EngineState],
    way: Callable[[EngineState, SlotState], Sleep | Stop | None],
    state: SlotState,
    short_gib: float,
) -> list[tuple[EngineState, Sleep | Stop]]:
    """As many steps down as free so much, none if all do not."""
    chosen: list[tuple[EngineState, Sleep | Stop]] = []
    for one in ranked:
        down = way(one, state)
        if down is not None:
            chosen.append((one, down))
            short_gib -= freed_gib(one, _rung(down))
            if short_gib <= 0:
                return chosen
    return []


def _is_held(engine: EngineState, queues: Queues, expert: str) -> bool:
    """Whether an engine cannot give way to `expert`: pinned, or taken, or its turn goes on.

    Who waited when it came up is let in first: else two that want the same room would take it
    from each other for ever, and serve nobody.
    """
    if engine.is_pinned or engine.draining_for not in (None, expert):
        return True
    if engine.draining_for == expert or engine.rung != "serving":
        return False
    groups = (queues.groups[one] for one in engine.residents if one in queues.groups)
    return any(group.oldest.arrived_s <= engine.since_s for group in groups)


def _coming_free_gib(engine: EngineState) -> float:
    """Device memory that a step down under way gives back."""
    if engine.change is None or engine.change.to == "serving":
        return 0.0
    return max(0.0, freed_gib(engine, engine.change.to))


def _is_wanted(engine: EngineState, queues: Queues, but_for: str) -> bool:
    """Whether somebody waits for what an engine holds; one that drains for `but_for` gives way."""
    if engine.draining_for == but_for or engine.rung != "serving":
        return False
    return any(expert in queues.groups for expert in engine.residents)


def _held_worth(engine: EngineState, queues: Queues, costs: Costs, *, now_s: float) -> float:
    if engine.rung != "serving":
        return 0.0
    total = 0.0
    for expert in {*engine.residents, *engine.in_flight}:
        group = queues.groups.get(expert)
        calls = engine.in_flight.get(expert, 0) + (group.urgency(now_s) if group else 0.0)
        total += calls / max(costs.service(expert).mean_s, 1e-6)
    return total


def _down(engine: EngineState, state: SlotState) -> Sleep | Stop | None:
    """The shortest way down that frees device memory and fits, if the engine can take one."""
    for rung in _below(engine):
        if (down := _step_down(engine, rung, state)) is not None:
            return down
    return None


def _below(engine: EngineState) -> tuple[Rung, ...]:
    """Rungs that an engine can step down to: one that sleeps can only end."""
    return _DOWN if engine.rung == "serving" else _DOWN[-1:]


def _step_down(engine: EngineState, rung: Rung, state: SlotState) -> Sleep | Stop | None:
    """The step to `rung`, if the engine can take it, it frees device memory and fits."""
    if rung not in engine.rungs or freed_gib(engine, rung) <= 0:
        return None
    if rung == "stopped":
        return Stop(engine=engine.id)
    down = Sleep(engine=engine.id, rung="asleep" if rung == "asleep" else "weightless")
    return down if fits(replace(state, device_gib=inf), down) else None


def _rung(down: Sleep | Stop) -> Rung:
    return down.rung if isinstance(down, Sleep) else "stopped"


def lowest(engine: EngineState, state: SlotState) -> Sleep | Stop | None:
    """The step down that frees most device memory, `None` where it can take none."""
    for rung in reversed(_below(engine)):
        if (down := _step_down(engine, rung, state)) is not None:
            return down
    return None


def can_give(engine: EngineState) -> bool:
    """Whether an engine could ever give device memory back to another."""
    downs = (rung for rung in _below(engine) if rung in engine.rungs)
    return not engine.is_pinned and any(freed_gib(engine, rung) > 0 for rung in downs)
