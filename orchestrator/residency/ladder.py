"""Up the ladder: a sleeping or stopped engine comes back for what waits for it.

Where device memory is short others give way, see `eviction`.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf

from orchestrator.costs.costs import Costs
from orchestrator.costs.prior import Step
from orchestrator.residency.actions import Action, Start, Wait, Wake
from orchestrator.residency.eviction import Wish, room_for
from orchestrator.residency.ledger import fits
from orchestrator.residency.outlook import MARGIN_S, promised, worth
from orchestrator.residency.state import Change, EngineState, Rung, SlotState
from orchestrator.residency.tickets import Queues


def climb(
    state: SlotState, queues: Queues, costs: Costs, *, now_s: float, patience: float
) -> Action:
    """The next step up for what waits, or the next step down that makes room for it."""
    if all(engine.rung == "serving" for engine in state.engines) or not state.may_move:
        return Wait()
    review_s = inf
    for wish in _wishes(state, queues, costs, now_s=now_s):
        if isinstance(wish.up, Start) and not state.may_start:
            continue
        if fits(state, wish.up):
            return wish.up
        room = room_for(wish, state, queues, costs, now_s=now_s, patience=patience)
        if room is None:  # it is being made, and not to be taken by who comes after
            state = _promised_to(wish, state, now_s=now_s)
        elif not isinstance(room, Wait):
            return room
        else:
            review_s = min(review_s, inf if room.until_s is None else room.until_s)
    return Wait(until_s=None if review_s == inf else review_s)


def _promised_to(wish: Wish, state: SlotState, *, now_s: float) -> SlotState:
    """The slot as if the engine that is wished for had its room; it does not start yet."""
    change = Change(step=step_up(wish.engine), expert=wish.expert, began_s=now_s)
    engines = (replace(one, change=change) if one is wish.engine else one for one in state.engines)
    return replace(state, engines=tuple(engines), at_once=state.at_once + (change.step == "start"))


def is_called_up(state: SlotState, queues: Queues, *, now_s: float) -> bool:
    """Whether somebody waits for an engine that does not serve yet and could."""
    return any(
        expert not in _coming(state)
        and not _is_served(expert, state)
        and any(expert in engine.experts for engine in _able(state, now_s=now_s))
        for expert in queues.groups
    )


def step_up(engine: EngineState) -> Step:
    """What brings an engine that does not serve back."""
    by_rung: dict[Rung, Step] = {"asleep": "wake", "weightless": "reload"}
    return by_rung.get(engine.rung, "start")


def _wishes(state: SlotState, queues: Queues, costs: Costs, *, now_s: float) -> list[Wish]:
    """What waits for engines that do not serve, by turn.

    What others drain for already goes first, then what presses, then what is worth most.
    """
    coming, wishes = _coming(state), []
    for expert, group in queues.groups.items():
        if expert in coming or _is_served(expert, state):
            continue
        engine = _cheapest(expert, state, costs, now_s=now_s)
        if engine is None:
            continue
        ready_s = _ready_s(engine, expert, costs)
        cost_s = ready_s + costs.service(expert).mean_s
        wishes.append(
            Wish(
                expert=expert,
                engine=engine,
                up=_up(engine, expert),
                ready_s=ready_s,
                worth=worth(group, cost_s, now_s=now_s),
                wanted_s=group.wanted_s,
            )
        )
    pressing = {w.expert for w in wishes if w.wanted_s - w.ready_s - MARGIN_S <= now_s}
    begun = {engine.draining_for for engine in state.engines}
    return sorted(wishes, key=lambda w: (w.expert not in begun, w.expert not in pressing, -w.worth))


def _coming(state: SlotState) -> set[str]:
    return {expert for engine in state.engines for expert in promised(engine)}


def _is_served(expert: str, state: SlotState) -> bool:
    """Whether an engine that serves can become it; one that is to step down cannot."""
    return any(one.is_serving and expert in one.experts for one in state.engines)


def _able(state: SlotState, *, now_s: float) -> list[EngineState]:
    """Engines that could be brought back now."""
    return [
        engine
        for engine in state.engines
        if engine.rung != "serving"
        and engine.change is None
        and (engine.down is None or engine.retry_at_s <= now_s)
    ]


def _cheapest(expert: str, state: SlotState, costs: Costs, *, now_s: float) -> EngineState | None:
    able = [engine for engine in _able(state, now_s=now_s) if expert in engine.experts]
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
