"""The ledger of a slot's memory: what engines hold, and whether one more step fits.

During a step an engine is counted with the most of both its ends. What was once asleep in host
memory keeps its buffer there until the process ends: vLLM does not give it back by waking.
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.residency.actions import Sleep, StepAction, Stop
from orchestrator.residency.state import EngineState, Footprint, Rung, SlotState

#: Rounding of sums of GiB that is no overdraft.
_SLACK_GIB = 1e-6
_NOTHING = Footprint()


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


def during(state: SlotState, action: StepAction) -> Usage:
    """What the engines hold while `action` is under way, at the most."""
    engine, used, to = state.engine(action.engine), usage(state), rung_after(action)
    now, then = _held(engine), _held_on_the_way(engine, to)
    return Usage(
        device_gib=used.device_gib - now.device_gib + then.device_gib,
        host_gib=used.host_gib - now.host_gib + then.host_gib,
    )


def fits(state: SlotState, action: StepAction) -> bool:
    """Whether `action` overdraws nothing at any moment of it."""
    used = during(state, action)
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
    short_gib = during(state, action).device_gib - state.device_gib
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
    below = engine.footprints.get(rung, _NOTHING)
    return engine.footprint.device_gib - below.device_gib


def _denied_by_gib(state: SlotState, action: StepAction) -> float:
    """What must be given back before an engine that found too little is tried again, GiB."""
    denied_gib = state.engine(action.engine).denied_gib
    if denied_gib is None or rung_after(action) != "serving":
        return 0.0
    over_gib = usage(state).device_gib - denied_gib
    return 0.0 if over_gib < -_SLACK_GIB else over_gib + 2 * _SLACK_GIB


def _held(engine: EngineState) -> Footprint:
    if engine.change is None and not engine.has_slept:
        return engine.footprint
    return _held_on_the_way(engine, engine.rung if engine.change is None else engine.change.to)


def _held_on_the_way(engine: EngineState, to: Rung) -> Footprint:
    """The most of both ends, and the buffer of what has slept or is about to."""
    ends = [engine.footprint, engine.footprints.get(to, _NOTHING)]
    if to == "asleep" or (engine.has_slept and engine.rung != "stopped"):
        buffer = engine.footprints.get("asleep", _NOTHING)
        ends.append(Footprint(host_gib=buffer.host_gib))
    return Footprint(
        device_gib=max(end.device_gib for end in ends), host_gib=max(end.host_gib for end in ends)
    )
