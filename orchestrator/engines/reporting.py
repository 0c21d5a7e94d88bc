"""A slot's report: made of its loop's state and its seats."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from math import inf

from orchestrator.engines.recent_uses import RecentUses
from orchestrator.engines.seat import Seat
from orchestrator.engines.slot_report import HostReport, SlotReport, Waiting
from orchestrator.residency.ledger import usage
from orchestrator.residency.loop import SlotLoop
from orchestrator.residency.state import EngineState, Footprint, SlotState
from orchestrator.residency.upkeep import waits_to_start


class Reporting:
    """Says what a slot hosts and does.

    Args:
        name: the slot's.
        loop: its loop.
        seats: its engines by id.
        uses: what it was asked for.
        keys: what calls are taken for of a lineage.
    """

    def __init__(
        self,
        name: str,
        loop: SlotLoop,
        seats: Mapping[str, Seat],
        *,
        uses: RecentUses,
        keys: Callable[[str], Collection[str]],
    ) -> None:
        self._name = name
        self._loop = loop
        self._seats = seats
        self._uses = uses
        self._keys = keys

    def report(self) -> SlotReport:
        """What is hosted, resident, running and waiting now."""
        loop, state = self._loop, self._loop.state
        used = usage(state)
        decision = loop.decision
        return SlotReport(
            name=self._name,
            hosts=tuple(self._of_engine(engine, state) for engine in state.engines),
            waiting=tuple(self._waiting()),
            num_background=loop.num_in_background,
            action="" if decision is None else f"{decision.sentence}: {decision.why}",
            why=loop.why,
            device_gib=used.device_gib,
            host_gib=used.host_gib,
            device_room_gib=None if state.device_gib == inf else state.device_gib,
            host_room_gib=None if state.host_gib == inf else state.host_gib,
            num_steps=loop.num_steps,
            num_admitted=loop.num_admitted,
            num_hits=loop.num_hits,
            broken=loop.engines.broken,
            swap_s=loop.costs.means("swap"),
            add_s=loop.costs.means("add"),
            wake_s=loop.costs.means("wake"),
            start_s=loop.costs.means("start"),
            call_s=loop.costs.means("call"),
            reuse=self._uses.reuse(capacity=_capacity(state)),
        )

    def _is_open(self, engine: EngineState, state: SlotState) -> bool:
        """Whether calls may be sent here for an engine: it proved itself, or waits to be called.

        One that is about to start for the first time is waited for; one that failed is not.
        """
        seat = self._seats[engine.id]
        if not engine.is_wanted or engine.down is not None:
            return False
        is_starting = engine.change is not None or waits_to_start(engine, state)
        seat.was_open |= engine.rung != "stopped" or not is_starting
        return seat.was_open

    def _waiting(self) -> Iterator[Waiting]:
        for expert, (num_calls, oldest_s, expected_s) in self._loop.desk.waiting().items():
            yield Waiting(
                expert=expert, num_calls=num_calls, oldest_s=oldest_s, expected_s=expected_s
            )

    def _of_engine(self, engine: EngineState, state: SlotState) -> HostReport:
        change = engine.change
        trouble = self._loop.engines[engine.id].trouble
        keys: Collection[str] = self._keys(engine.lineage)
        return HostReport(
            engine=engine.id,
            lineage=engine.lineage,
            rung=engine.rung,
            step=None if change is None else change.step,
            step_s=None if change is None else self._loop.desk.since(change.began_s),
            draining_for=engine.draining_for,
            pinned=tuple(sorted(one for one in engine.pinned if one in engine.experts)),
            experts=tuple(sorted(keys)) if self._is_open(engine, state) else (),
            residents=engine.residents if engine.rung == "serving" else (),
            swapping_to=None if change is None else change.expert,
            in_flight=dict(engine.in_flight),
            last_swap_s=self._seats[engine.id].last_swap_s,
            down=None if trouble is None else trouble.message,
            serving_gib=engine.footprints.get("serving", Footprint()).device_gib,
        )


def _capacity(state: SlotState) -> int:
    """Experts that the engines which serve hold at once."""
    serving = [engine for engine in state.engines if engine.rung == "serving"]
    return max(1, sum(1 + engine.max_adapters for engine in serving))
