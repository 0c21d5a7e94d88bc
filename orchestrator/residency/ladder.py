"""Up the ladder: a sleeping or stopped engine comes back for what waits for it.

Where device memory is short others give way, see `eviction`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from math import inf

from orchestrator.costs.costs import Costs
from orchestrator.costs.prior import Step
from orchestrator.residency.actions import Action, Start, Wait, Wake
from orchestrator.residency.eviction import Eviction, Wish
from orchestrator.residency.ledger import fits
from orchestrator.residency.outlook import MARGIN_S, promised
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import Change, EngineState, Rung, SlotState

#: Rungs that an engine comes back from, the nearest first.
_UP: tuple[Rung, ...] = ("asleep", "weightless", "stopped")


def climb(
    state: SlotState, queues: Queues, costs: Costs, *, now_s: float, patience: float
) -> Action:
    """The next step up for what waits, or the next step down that makes room for it."""
    if all(engine.rung == "serving" for engine in state.engines) or not state.may_move:
        return Wait()
    wishes = _wishes(state, queues, costs, now_s=now_s)
    eviction = Eviction(state, queues, costs, now_s=now_s, patience=patience)
    review_s = inf
    for wish in wishes:
        if isinstance(wish.up, Start) and not state.may_start:
            continue
        if fits(state, wish.up):
            return wish.up
        room = eviction.room_for(wish, state)
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
    able = _able(state, now_s=now_s)
    return bool(able) and next(_called(state, queues, able), None) is not None


def step_up(engine: EngineState) -> Step:
    """What brings an engine that does not serve back."""
    by_rung: dict[Rung, Step] = {"asleep": "wake", "weightless": "reload"}
    return by_rung.get(engine.rung, "start")


def _wishes(state: SlotState, queues: Queues, costs: Costs, *, now_s: float) -> list[Wish]:
    """What waits for engines that do not serve, one wish an engine, by turn.

    What others drain for already goes first, then what presses, then what is worth most: an
    engine, all that waits for it.
    """
    able = _able(state, now_s=now_s)
    called: dict[str, list[str]] = {}
    for expert, engine in _called(state, queues, able):
        called.setdefault(engine.id, []).append(expert)
    begun = {engine.draining_for for engine in state.engines}
    wishes = [
        _wish(engine, called[engine.id], begun, queues, costs, now_s=now_s)
        for engine in able
        if engine.id in called
    ]
    return sorted(
        wishes, key=lambda one: (one.expert not in begun, one.presses_s > now_s, -one.worth)
    )


def _wish(
    engine: EngineState,
    experts: Sequence[str],
    begun: Collection[str | None],
    queues: Queues,
    costs: Costs,
    *,
    now_s: float,
) -> Wish:
    """The expert that an engine is to come up with: the first wanted, unless it is begun."""
    expert = next((one for one in experts if one in begun), experts[0])
    ready_s = _ready_s(engine, expert, costs)
    urgency = sum(queues.groups[one].urgency(now_s) for one in experts)
    return Wish(
        expert=expert,
        engine=engine,
        up=_up(engine, expert),
        worth=urgency / max(ready_s + costs.service(expert).mean_s, 1e-6),
        presses_s=queues.groups[expert].wanted_s - ready_s - MARGIN_S,
    )


def _called(
    state: SlotState, queues: Queues, able: Iterable[EngineState]
) -> Iterator[tuple[str, EngineState]]:
    """Experts that wait for an engine to come up, the first wanted first, each with the nearest."""
    nearest: dict[str, EngineState] = {}
    for engine in sorted(able, key=lambda one: _UP.index(one.rung)):
        for expert in engine.experts:
            nearest.setdefault(expert, engine)
    for engine in state.engines:
        for expert in engine.experts if engine.is_serving else promised(engine):
            nearest.pop(expert, None)
    for _, _, expert in queues.by_wanted:
        if expert in nearest:
            yield expert, nearest[expert]


def _able(state: SlotState, *, now_s: float) -> list[EngineState]:
    """Engines that could be brought back now."""
    return [
        engine
        for engine in state.engines
        if engine.rung != "serving"
        and engine.change is None
        and (engine.down is None or engine.retry_at_s <= now_s)
    ]


def _ready_s(engine: EngineState, expert: str, costs: Costs) -> float:
    step = step_up(engine)
    ready_s = costs.step(step, expert).safe_s
    is_other = step == "wake" and expert not in engine.residents
    return ready_s + (costs.step("swap", expert).safe_s if is_other else 0.0)


def _up(engine: EngineState, expert: str) -> Wake | Start:
    if engine.rung == "stopped":
        return Start(engine=engine.id, expert=expert)
    return Wake(engine=engine.id, expert=expert)
