"""Actions that take time, by the names their costs go by."""

from __future__ import annotations

from orchestrator.costs.prior import Step
from orchestrator.residency.actions import Add, Sleep, Start, StepAction, Stop, Swap, Wake
from orchestrator.residency.state import EngineState, Rung


def step_of(action: StepAction, engine: EngineState) -> Step:
    """What `action` is in the cost model, taken by `engine` as it stands now."""
    return step_from(action, engine.rung)


def step_from(action: StepAction, rung: Rung) -> Step:
    """What `action` is in the cost model, taken by an engine that stands on `rung`."""
    match action:
        case Swap():
            return "swap"
        case Add():
            return "add"
        case Wake():
            return "wake" if rung == "asleep" else "reload"
        case Sleep():
            return "sleep"
        case Start():
            return "start"
        case Stop():
            return "stop"


def expert_of(action: StepAction) -> str | None:
    """What the engine will answer for, `None` after a step down."""
    return None if isinstance(action, Sleep | Stop) else action.expert
