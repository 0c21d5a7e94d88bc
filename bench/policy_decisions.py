"""How long one decision takes: of a slot with a thousand experts, of a gateway with 100 slots."""

from __future__ import annotations

import random
from collections.abc import Callable
from time import thread_time

from bench.report import Outcome, Target
from bench.setup import Setup
from orchestrator.costs.costs import Costs
from orchestrator.residency.bounded import Bounded
from orchestrator.residency.choice import SlotOutlook, SlotView, delay_s
from orchestrator.residency.estimates import refusal_s
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import EngineState, SlotState
from orchestrator.residency.tickets import Ticket
from orchestrator.simulation.machine import Machine

NAME = "decisions"

_SLOT = "slot's decision, 1,000 experts waiting, p99"
_DOOR = "whether a bound can be kept, 1,000 experts waiting, p99"
_GATEWAY = "gateway's choice of 100 slots, p99"
TARGETS = tuple(
    Target(name=name, sense="<", limit=1.0, unit="ms") for name in (_SLOT, _DOOR, _GATEWAY)
)

_NUM_EXPERTS, _NUM_SLOTS, _NUM_TICKETS = 1000, 100, 5000
_NUM_TIMES = 1000


def measure(setup: Setup) -> Outcome:
    """Time decisions on a crowded slot and a crowded gateway, in seconds of a core."""
    del setup
    dice = random.Random(0)
    experts = [f"e{number:04}" for number in range(_NUM_EXPERTS)]
    queues, costs = _queues(experts, dice), Costs(Machine().prior)
    policy, known = Bounded(), frozenset(experts)
    views = [_view(experts, dice) for _ in range(_NUM_SLOTS)]

    def decide() -> None:
        state = _state(known, dice.choice(experts), dice)
        policy(state, queues, costs, now_s=60 * dice.random())

    def admit() -> None:
        ticket = Ticket(id=10**6, expert=dice.choice(experts), arrived_s=60.0, bound_s=1e5)
        state = _state(known, dice.choice(experts), dice)
        refusal_s(ticket, state, queues, costs, now_s=60.0)

    def choose() -> None:
        expert = dice.choice(experts)
        min(views, key=lambda view: delay_s(expert, view, is_home=False))

    spent_ms = {_SLOT: _timed_ms(decide), _DOOR: _timed_ms(admit), _GATEWAY: _timed_ms(choose)}
    return Outcome(
        values={name: _quantile(times, 0.99) for name, times in spent_ms.items()},
        figures={
            name: {"p50_ms": _quantile(times, 0.5), "p99_ms": _quantile(times, 0.99)}
            for name, times in spent_ms.items()
        },
        rows=[
            (f"{name}: p50", f"{_quantile(times, 0.5):.3f} ms") for name, times in spent_ms.items()
        ],
    )


def _state(experts: frozenset[str], resident: str, dice: random.Random) -> SlotState:
    """A slot with one engine, idle or half full."""
    num_in_flight = dice.choice((0, 32))
    engine = EngineState(
        id="engine",
        lineage="siblings",
        experts=experts,
        residents=(resident,),
        in_flight={resident: num_in_flight} if num_in_flight else {},
        capacity=64,
    )
    return SlotState(engines=(engine,))


def _queues(experts: list[str], dice: random.Random) -> Queues:
    queues = Queues()
    for number in range(_NUM_TICKETS):
        at_s = 60 * number / _NUM_TICKETS
        expert = experts[number] if number < len(experts) else dice.choice(experts)
        bound_s = at_s + dice.choice((3600.0, 7200.0))
        queues.add(Ticket(id=number + 1, expert=expert, arrived_s=at_s, bound_s=bound_s))
    return queues


def _view(experts: list[str], dice: random.Random) -> SlotView:
    there = dice.sample(experts, 10)
    outlook = SlotOutlook(residents=(there[0],), wait_s_by_expert=dict.fromkeys(there, 2.0))
    return SlotView(num_by_expert=dict.fromkeys(there, 3), last_expert=there[0], outlook=outlook)


def _timed_ms(act: Callable[[], None]) -> list[float]:
    times = []
    for _ in range(_NUM_TIMES):
        start_s = thread_time()
        act()
        times.append((thread_time() - start_s) * 1e3)
    return sorted(times)


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
