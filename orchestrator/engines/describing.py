"""A slot's report, made of its loop's state: what it hosts, holds and does, and who waits."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from math import inf

from orchestrator.engines.recent_uses import Reuse
from orchestrator.engines.seat import Seat
from orchestrator.engines.slot_report import HostReport, SlotReport, Waiting
from orchestrator.residency.ledger import usage
from orchestrator.residency.loop import SlotLoop
from orchestrator.residency.state import EngineState, SlotState


def slot_report(
    name: str,
    loop: SlotLoop,
    seats: Mapping[str, Seat],
    *,
    open_keys: Mapping[str, Collection[str]],
    reuse: Reuse | None,
) -> SlotReport:
    """What a slot is doing now.

    Args:
        name: the slot's.
        loop: drives its engines.
        seats: its engines, by id.
        open_keys: what calls are taken for, by the id of each engine that takes any.
        reuse: how well its recent calls suit it.
    """
    state, decision = loop.state, loop.decision
    used = usage(state)
    return SlotReport(
        name=name,
        hosts=tuple(
            _host_report(one, loop, seats[one.id], keys=open_keys.get(one.id, ()))
            for one in state.engines
        ),
        waiting=tuple(_waiting(loop)),
        action="" if decision is None else f"{decision.sentence}: {decision.why}",
        why=loop.why,
        device_gib=used.device_gib,
        host_gib=used.host_gib,
        device_room_gib=None if state.device_gib == inf else state.device_gib,
        host_room_gib=None if state.host_gib == inf else state.host_gib,
        num_steps=loop.num_steps,
        num_admitted=loop.num_admitted,
        num_hits=loop.num_hits,
        broken=loop.broken,
        reuse=reuse,
    )


def capacity_of(state: SlotState) -> int:
    """Experts that the engines which serve hold at once."""
    serving = [engine for engine in state.engines if engine.rung == "serving"]
    return max(1, sum(1 + engine.max_adapters for engine in serving))


def _waiting(loop: SlotLoop) -> Iterator[Waiting]:
    for expert, (num_calls, oldest_s, expected_s) in loop.desk.waiting().items():
        yield Waiting(expert=expert, num_calls=num_calls, oldest_s=oldest_s, expected_s=expected_s)


def _host_report(
    engine: EngineState, loop: SlotLoop, seat: Seat, *, keys: Collection[str]
) -> HostReport:
    change = engine.change
    trouble = loop.engines[engine.id].trouble
    return HostReport(
        engine=engine.id,
        lineage=engine.lineage,
        rung=engine.rung,
        step=None if change is None else change.step,
        step_s=None if change is None else loop.desk.since(change.began_s),
        draining_for=engine.draining_for,
        pinned=tuple(sorted(one for one in engine.pinned if one in engine.experts)),
        experts=tuple(sorted(keys)),
        residents=engine.residents if engine.rung == "serving" else (),
        swapping_to=None if change is None else change.expert,
        in_flight=dict(engine.in_flight),
        last_swap_s=seat.last_swap_s,
        down=None if trouble is None else trouble.message,
    )
