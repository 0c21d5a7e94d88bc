"""What is done with a slot's engines when nobody's turn asks for anything: a pure function.

Engines that are not wanted end once they are idle, those that are to rest step down, and those
that are wanted come up ahead of need, in their order, where they fit without taking anybody's
place. Where the slot is to hold more than fits, the rest comes when it is called, see `ladder`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import inf

from orchestrator.residency.actions import Sleep, Start, StepAction, Stop, Wait, Wake
from orchestrator.residency.eviction import lowest
from orchestrator.residency.ladder import is_called_up
from orchestrator.residency.ledger import fits
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import EngineState, SlotState


def upkeep(state: SlotState, queues: Queues, *, now_s: float) -> StepAction | Wait:
    """The next step that nobody waits for, or when to look again.

    Asked again after each event, it leads to what is wanted: an engine that is wanted starts once
    it has room, and none overtakes an earlier one whose room is about to be given back.
    """
    if all(engine.is_settled for engine in state.engines) or not state.may_move:
        return Wait()
    down = next(_partings(state, queues), None)
    if down is not None:
        return down
    if not is_called_up(state, queues, now_s=now_s):
        for engine in _to_come(state, now_s=now_s):
            step = _up(engine, state)
            if step is None:
                continue
            if _fits_ahead(state, step) and (state.may_start or isinstance(step, Wake)):
                return step
            if _fits_ahead(without_unwanted(state), step):
                break
    retries_s = [one.retry_at_s for one in state.engines if one.is_wanted and one.down is not None]
    review_s = min(retries_s, default=inf)
    return Wait(until_s=review_s if review_s < inf else None)


def waits_to_start(engine: EngineState, state: SlotState) -> bool:
    """Whether a stopped engine starts ahead of need as soon as others have started or ended."""
    step = _up(engine, state)
    return step is not None and _fits_ahead(without_unwanted(state), step)


def without_unwanted(state: SlotState) -> SlotState:
    """The slot once all that it should not hold has ended."""
    return replace(
        state,
        engines=tuple(
            one if one.is_wanted else replace(one, rung="stopped", change=None)
            for one in state.engines
        ),
    )


def _fits_ahead(state: SlotState, step: Start | Wake) -> bool:
    device_gib = min(state.device_gib, state.ahead_gib)
    return fits(replace(state, device_gib=device_gib), step)


def _partings(state: SlotState, queues: Queues) -> Iterator[Sleep | Stop]:
    """Steps down of engines that are idle and that nobody waits for."""
    for engine in state.engines:
        if engine.change is not None or engine.in_flight or engine.rung == "stopped":
            continue
        if not engine.is_wanted:
            if not any(expert in engine.experts for expert in queues.called):
                yield Stop(engine=engine.id)
        elif engine.is_surplus or (
            engine.is_resting and not any(one in engine.experts for one in queues.called)
        ):
            down = lowest(engine, state)
            if down is not None:
                yield down


def _to_come(state: SlotState, *, now_s: float) -> Iterator[EngineState]:
    for engine in state.engines:
        is_still = engine.change is None and engine.rung != "serving"
        is_due = engine.down is None or engine.retry_at_s <= now_s
        if is_still and is_due and engine.is_wanted and not engine.is_resting:
            yield engine


def _up(engine: EngineState, state: SlotState) -> Start | Wake | None:
    """What brings an engine back with what it held last, or else with its first expert."""
    if engine.rung != "stopped":
        resident = next(iter(engine.residents), None) or _first(engine, state)
        return None if resident is None else Wake(engine=engine.id, expert=resident)
    first = _first(engine, state)
    return None if first is None else Start(engine=engine.id, expert=first)


def _first(engine: EngineState, state: SlotState) -> str | None:
    """What it held last, else its first expert, rather one with weights of its own."""
    whole = [one for one in engine.starters or engine.experts if one not in state.broken]
    if engine.last_expert in whole:
        return engine.last_expert
    own = (one for one in whole if one not in engine.weights_by_adapter)
    return next(own, next(iter(whole), None))
