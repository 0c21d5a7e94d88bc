"""What peers ask of a slot's state."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.residency.state import EngineState, SlotState


def holder(state: SlotState, expert: str) -> EngineState | None:
    """The engine that answers for `expert` now, full or not, unless it is given up."""
    return next((one for one in state.engines if _holds(one, expert)), None)


def is_coming(state: SlotState, expert: str) -> bool:
    """Whether an engine is becoming `expert`, or empties to become it."""
    return any(expert in (_target(one), one.draining_for) for one in state.engines)


def has_room(engine: EngineState) -> bool:
    """Whether it takes one more call."""
    return engine.num_in_flight < engine.capacity


def unspoken(state: SlotState) -> list[EngineState]:
    """Engines that neither become something else nor empty to do so."""
    return [one for one in state.engines if one.change is None and one.draining_for is None]


def idle(state: SlotState) -> list[EngineState]:
    """Engines that do nothing and are meant for nothing else."""
    return [one for one in unspoken(state) if not one.in_flight]


def least_recent(engines: Iterable[EngineState]) -> EngineState:
    """The one that was used longest ago; of several, the first, and one that is empty at once."""
    return min(engines, key=lambda one: (bool(one.residents), max(one.admitted_s, one.since_s)))


def _holds(engine: EngineState, expert: str) -> bool:
    return engine.change is None and engine.draining_for is None and expert in engine.residents


def _target(engine: EngineState) -> str | None:
    return engine.change.expert if engine.change is not None else None
