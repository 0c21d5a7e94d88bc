"""The ledger of a slot's memory: what engines hold, and whether one more step fits.

During a step an engine is counted with the most of both its ends. What was once asleep in host
memory keeps its buffer there until the process ends: vLLM does not give it back by waking.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from orchestrator.residency.actions import Sleep, StepAction, Stop
from orchestrator.residency.state import EngineState, Footprint, Rung, SlotState

#: Rounding of sums of GiB that is no overdraft.
_SLACK_GIB = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Memory in use on a slot."""

    device_gib: float
    host_gib: float


def usage(state: SlotState) -> Usage:
    """What the engines hold now, steps under way included."""
    held = [_held(engine) for engine in state.engines]
    return Usage(
        device_gib=sum(one.device_gib for one in held), host_gib=sum(one.host_gib for one in held)
    )


def after(state: SlotState, action: StepAction) -> SlotState:
    """The slot while `action` is under way, in memory alone: at the most it holds."""
    engine = state.engine(action.engine)
    to = rung_after(action)
    wider = replace(
        engine,
        has_slept=engine.has_slept or to == "asleep",
        footprints={**engine.footprints, engine.rung: _most(engine, engine.rung, to)},
    )
    engines = tuple(wider if one is engine else one for one in state.engines)
    return replace(state, engines=engines)


def fits(state: SlotState, action: StepAction) -> bool:
    """Whether `action` overdraws nothing at any moment of it."""
    used = usage(after(state, action))
    return (
        used.device_gib <= state.device_gib + _SLACK_GIB
        and used.host_gib <= state.host_gib + _SLACK_GIB
        and _denied_by_gib(state, action) == 0
    )


def rung_after(action: StepAction) -> Rung:
    """The rung an engine stands on once `action` is done."""
    match action:
        case Sleep(rung=rung):
            return rung
        case Stop():
            return "stopped"
        case _:
            return "serving"


def shortfall_gib(state: SlotState, action: StepAction) -> float:
    """Device memory that others must free before `action` fits, GiB; 0 where none."""
    short_gib = usage(after(state, action)).device_gib - state.device_gib
    return max(0.0, short_gib, _denied_by_gib(state, action))


def has_room(state: SlotState) -> bool:
    """Whether what the engines hold now is within what the slot has: an edit may have cut it."""
    used = usage(state)
    return (
        used.device_gib <= state.device_gib + _SLACK_GIB
        and used.host_gib <= state.host_gib + _SLACK_GIB
    )


def freed_gib(engine: EngineState, rung: Rung) -> float:
    """Device memory that `engine` gives back by stepping down to `rung`, GiB."""
    below = engine.footprints.get(rung, Footprint())
    return engine.footprint.device_gib - below.device_gib


def _denied_by_gib(state: SlotState, action: StepAction) -> float:
    """What must be given back before an engine that found too little is tried again, GiB."""
    denied_gib = state.engine(action.engine).denied_gib
    if denied_gib is None or rung_after(action) != "serving":
        return 0.0
    over_gib = usage(state).device_gib - denied_gib
    return 0.0 if over_gib < -_SLACK_GIB else over_gib + 2 * _SLACK_GIB


def _held(engine: EngineState) -> Footprint:
    to = engine.rung if engine.change is None else engine.change.to
    most = _most(engine, engine.rung, to)
    has_buffer = engine.has_slept and engine.rung != "stopped"
    buffer_gib = engine.footprints.get("asleep", Footprint()).host_gib if has_buffer else 0.0
    return replace(most, host_gib=max(most.host_gib, buffer_gib))


def _most(engine: EngineState, one: Rung, other: Rung) -> Footprint:
    ends = [engine.footprints.get(rung, Footprint()) for rung in (one, other)]
    return Footprint(
        device_gib=max(end.device_gib for end in ends), host_gib=max(end.host_gib for end in ends)
    )
