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
from orchestrator.residency.outlook import drain_s
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import EngineState, Rung, SlotState

#: Rungs below serving, the one that is left soonest first.
_DOWN: tuple[Rung, ...] = ("asleep", "weightless", "stopped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An expert that waits for an engine which does not serve."""

    expert: str
    engine: EngineState
    up: Wake | Start
    #: Urgency that is served for each second that it takes.
    worth: float
    #: When it must begin to come up to be there when it is wanted: by its bound, or its age.
    presses_s: float


class Eviction:
    """Finds room for engines that are to come up, at one moment.

    Args:
        state: the slot.
        queues: who waits.
        costs: what steps and calls take.
        now_s: the moment.
        patience: the share of its worth that a newcomer has to be above what it takes the place of.
    """

    def __init__(
        self, state: SlotState, queues: Queues, costs: Costs, *, now_s: float, patience: float
    ) -> None:
        self._queues = queues
        self._costs = costs
        self._now_s = now_s
        self._patience = patience
        at_rest = [one for one in state.engines if one.change is None and not self._is_held(one)]
        #: Engines that can give way, those that are worth least first.
        self._ranked = sorted(at_rest, key=lambda one: (one.is_wanted, self._worth(one), one.id))

    def room_for(self, wish: Wish, state: SlotState) -> Action | None:
        """A step down of an engine worth little, or its drain; or when to look again.

        All that must step down is chosen at once, so that none does in vain.

        Args:
            wish: what is to come up.
            state: the slot, with all that has been promised room before.

        Returns:
            `None` while the room is being made.
        """
        short_gib = shortfall_gib(state, wish.up)
        short_gib -= sum(_coming_free_gib(one) for one in state.engines if one.change is not None)
        if short_gib <= 0:
            return None
        chosen = self._victims(wish, state, short_gib)
        busy = [one for one, _ in chosen if self._is_busy(one, wish)]
        for victim in busy:
            if (until_s := self._stays(victim, wish)) is not None:
                return Wait(until_s=until_s if until_s < inf else None)
        for victim, down in chosen:
            if victim not in busy:
                return down
            if victim.draining_for is None:
                return Drain(engine=victim.id, expert=wish.expert)
        return None if chosen else Wait()

    def _victims(
        self, wish: Wish, state: SlotState, short_gib: float
    ) -> list[tuple[EngineState, Sleep | Stop]]:
        """Engines whose steps down free enough together, the least worth first; none if not."""
        others = [
            one
            for one in self._ranked
            if one.id != wish.engine.id and one.draining_for in (None, wish.expert)
        ]
        # Not further down than needed; else as far as they can.
        return _enough(others, _down, state, short_gib) or _enough(others, lowest, state, short_gib)

    def _stays(self, victim: EngineState, wish: Wish) -> float | None:
        """Until when a busy engine stays, `None` where it is to give way now."""
        if victim.draining_for == wish.expert:
            return None
        presses_s = wish.presses_s - drain_s(victim, self._costs, now_s=self._now_s)
        gain = wish.worth * (1 - self._patience)
        return None if self._now_s >= presses_s or gain > self._worth(victim) else presses_s

    def _is_busy(self, engine: EngineState, wish: Wish) -> bool:
        """Whether it answers calls, or somebody waits for what it holds; not once it drains."""
        if engine.in_flight:
            return True
        if engine.draining_for == wish.expert or engine.rung != "serving":
            return False
        return any(expert in self._queues.groups for expert in engine.residents)

    def _is_held(self, engine: EngineState) -> bool:
        """Whether an engine cannot give way to anybody: it is pinned, or its turn goes on.

        Who waited when it came up is let in first: else two that want the same room would take it
        from each other for ever, and serve nobody.
        """
        if engine.is_pinned:
            return True
        if engine.draining_for is not None or engine.rung != "serving":
            return False
        groups = self._queues.groups
        waiting = (groups[one] for one in engine.residents if one in groups)
        return any(group.oldest.arrived_s <= engine.since_s for group in waiting)

    def _worth(self, engine: EngineState) -> float:
        """Urgency that an engine serves each second."""
        if engine.rung != "serving":
            return 0.0
        total, groups = 0.0, self._queues.groups
        for expert in {*engine.residents, *engine.in_flight}:
            group = groups.get(expert)
            urgency = group.urgency(self._now_s) if group else 0.0
            calls = engine.in_flight.get(expert, 0) + urgency
            total += calls / max(self._costs.service(expert).mean_s, 1e-6)
        return total


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


def _coming_free_gib(engine: EngineState) -> float:
    """Device memory that a step down under way gives back."""
    if engine.change is None or engine.change.to == "serving":
        return 0.0
    return max(0.0, freed_gib(engine, engine.change.to))


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
