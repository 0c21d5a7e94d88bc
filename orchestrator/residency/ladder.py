"""Up and down the ladder: experts that no engine of a slot serves yet, and room on its device.

A sleeping or stopped engine comes back for what waits for it. Where device memory is short others
step down, the one that is worth least first, each to the highest rung that frees enough and that
host memory has room for. What answers calls is drained first, and only for something worth more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

from orchestrator.costs.costs import Costs
from orchestrator.costs.prior import Step
from orchestrator.residency.actions import Action, Drain, Sleep, Start, Stop, Wait, Wake
from orchestrator.residency.ledger import fits, freed_gib, shortfall_gib
from orchestrator.residency.outlook import MARGIN_S, drain_s, promised, worth
from orchestrator.residency.state import EngineState, Rung, SlotState
from orchestrator.residency.tickets import Queues

#: Rungs below serving, the one that is left soonest first.
_DOWN: tuple[Rung, ...] = ("asleep", "weightless", "stopped")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """An expert that waits for an engine which does not serve."""

    expert: str
    engine: EngineState
    up: Wake | Start
    #: Seconds until it would serve, apart from making room.
    ready_s: float
    worth: float
    due_s: float


def climb(
    state: SlotState, queues: Queues, costs: Costs, *, now_s: float, patience: float
) -> Action:
    """The next step up for what waits, or the next step down that makes room for it."""
    if all(engine.rung == "serving" for engine in state.engines):
        return Wait()
    review_s = inf
    for wish in _wishes(state, queues, costs, now_s=now_s):
        if fits(state, wish.up):
            return wish.up
        room = _room_for(wish, state, queues, costs, now_s=now_s, patience=patience)
        if not isinstance(room, Wait):
            return room
        review_s = min(review_s, inf if room.until_s is None else room.until_s)
    return Wait(until_s=None if review_s == inf else review_s)


def step_up(engine: EngineState) -> Step:
    """What brings an engine that does not serve back."""
    by_rung: dict[Rung, Step] = {"asleep": "wake", "weightless": "reload"}
    return by_rung.get(engine.rung, "start")


def _wishes(state: SlotState, queues: Queues, costs: Costs, *, now_s: float) -> list[_Wish]:
    """What waits for engines that do not serve: first what presses, then what is worth most."""
    coming = {expert for engine in state.engines for expert in promised(engine)}
    serving = [engine for engine in state.engines if engine.rung == "serving"]
    wishes = []
    for expert, group in queues.groups.items():
        if expert in coming or any(expert in engine.experts for engine in serving):
            continue
        engine = _cheapest(expert, state, costs)
        if engine is None:
            continue
        ready_s = _ready_s(engine, expert, costs)
        cost_s = ready_s + costs.service(expert).mean_s
        wishes.append(
            _Wish(
                expert=expert,
                engine=engine,
                up=_up(engine, expert),
                ready_s=ready_s,
                worth=worth(group, cost_s, now_s=now_s),
                due_s=group.due_s,
            )
        )
    pressing = {w.expert for w in wishes if w.due_s - w.ready_s - MARGIN_S <= now_s}
    return sorted(wishes, key=lambda w: (w.expert not in pressing, -w.worth))


def _cheapest(expert: str, state: SlotState, costs: Costs) -> EngineState | None:
    able = [
        engine
        for engine in state.engines
        if engine.rung != "serving"
        and engine.change is None
        and engine.down is None
        and expert in engine.experts
    ]
    return min(able, key=lambda engine: _ready_s(engine, expert, costs), default=None)


def _ready_s(engine: EngineState, expert: str, costs: Costs) -> float:
    step = step_up(engine)
    ready_s = costs.step(step, expert).safe_s
    is_other = step == "wake" and expert not in engine.residents
    return ready_s + (costs.step("swap", expert).safe_s if is_other else 0.0)


def _up(engine: EngineState, expert: str) -> Wake | Start:
    if engine.rung == "stopped":
        return Start(engine=engine.id, expert=expert)
    return Wake(engine=engine.id, expert=expert)


def _room_for(
    wish: _Wish,
    state: SlotState,
    queues: Queues,
    costs: Costs,
    *,
    now_s: float,
    patience: float,
) -> Action:
    """A step down of the engine worth least, or its drain; or when to look again."""
    others = [one for one in state.engines if one is not wish.engine and one.change is None]
    ranked = sorted(others, key=lambda one: (_held_worth(one, queues, costs, now_s=now_s), one.id))
    downs = [(one, down) for one in ranked if (down := _down(one, state)) is not None]
    freeable_gib = sum(freed_gib(one, _rung(down)) for one, down in downs)
    if freeable_gib < shortfall_gib(state, wish.up):
        return Wait()
    for victim, down in downs:
        if not victim.in_flight and not _is_wanted(victim, queues, but_for=wish.expert):
            return down
        if victim.draining_for is not None:
            continue
        presses_s = wish.due_s - wish.ready_s - drain_s(victim, costs, now_s=now_s) - MARGIN_S
        gain = wish.worth * (1 - patience)
        if now_s >= presses_s or gain > _held_worth(victim, queues, costs, now_s=now_s):
            return Drain(engine=victim.id, expert=wish.expert)
        return Wait(until_s=None if presses_s == inf else presses_s)
    return Wait()


def _is_wanted(engine: EngineState, queues: Queues, *, but_for: str) -> bool:
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
    below = _DOWN if engine.rung == "serving" else _DOWN[_DOWN.index(engine.rung) + 1 :]
    for rung in below:
        if rung not in engine.rungs or freed_gib(engine, rung) <= 0:
            continue
        down = (
            Stop(engine=engine.id)
            if rung == "stopped"
            else Sleep(engine=engine.id, rung="asleep" if rung == "asleep" else "weightless")
        )
        if fits(replace(state, device_gib=inf), down):
            return down
    return None


def _rung(down: Sleep | Stop) -> Rung:
    return down.rung if isinstance(down, Sleep) else "stopped"
