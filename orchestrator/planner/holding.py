"""What a slot holds as a plan goes on: which engines serve what, and what the next expert takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from orchestrator.costs.prior import Step
from orchestrator.planner.problem import Problem, Seconds, Terms

#: Seconds until, or runs before, a lineage is used again; the furthest makes room.
NextUse = Callable[[int], float]


class Taken(NamedTuple):
    """A step that was taken, its seconds, and the lineages that made room for it."""

    step: Step | None
    step_s: float
    evicts: tuple[int, ...]


class Holding:
    """Engines of one slot: one a lineage, each with one expert and adapters on it.

    An engine that makes room falls asleep where its lineage can be woken, else it stops. What
    sleeps holds nothing of the slot's memory here, and host memory has no end.
    """

    __slots__ = ("_asleep", "_memory_gib", "_terms", "serving")

    def __init__(self, problem: Problem, slot: int) -> None:
        terms, at = problem.terms, problem.slots[slot]
        self._terms = terms
        self._memory_gib = at.memory_gib
        #: What answers without a step, by lineage; the first is what adapters lie on.
        self.serving: dict[int, list[int]] = {}
        number = {name: place for place, name in enumerate(terms.lineages)}
        place = {name: count for count, name in enumerate(terms.experts)}
        self._asleep = {number[name] for name in at.asleep if name in number}
        for name in at.serving:
            if name in number:
                self.serving[number[name]] = []
        for name in at.residents:
            if name in place:
                expert = place[name]
                self.serving.setdefault(int(terms.lineage[expert]), []).append(expert)

    def step_to(self, expert: int) -> tuple[Step | None, float]:
        """The step that `expert` takes from here, and its seconds."""
        terms = self._terms
        lineage = int(terms.lineage[expert])
        residents = self.serving.get(lineage)
        if residents is None:
            return _entry(terms, expert, is_asleep=lineage in self._asleep)
        if expert in residents:
            return None, 0.0
        base, swap_s = int(terms.base[expert]), float(terms.swap_s[expert])
        if base < 0:
            return "swap", swap_s
        if base in residents:
            return "add", swap_s
        return "swap", swap_s + float(terms.base_s[expert])

    def steps_s(self) -> Seconds:
        """What `step_to` says of every expert."""
        terms = self._terms
        asleep = np.zeros(len(terms.lineages), dtype=bool)
        asleep[list(self._asleep)] = True
        wakes = asleep[terms.lineage] & (terms.wake_s <= terms.start_s)
        steps_s = np.where(wakes, terms.wake_s, terms.start_s)
        for lineage, residents in self.serving.items():
            own = terms.members[lineage]
            on_base = np.isin(terms.base[own], residents)
            steps_s[own] = np.where(
                on_base, terms.swap_s[own], terms.swap_s[own] + terms.base_s[own]
            )
            steps_s[residents] = 0.0
        return steps_s

    def holds(self, expert: int) -> bool:
        """Whether `expert` answers without a step."""
        return expert in self.serving.get(int(self._terms.lineage[expert]), ())

    def take(self, expert: int, next_use: NextUse) -> Taken:
        """Step to `expert`, making room for its engine."""
        step, step_s = self.step_to(expert)
        if step is None:
            return Taken(step, step_s, ())
        terms = self._terms
        lineage, base = int(terms.lineage[expert]), int(terms.base[expert])
        evicts: tuple[int, ...] = ()
        if step in ("wake", "start"):
            evicts = self._make_room(lineage, next_use)
            self._asleep.discard(lineage)
        residents = self.serving.get(lineage, [])
        if base >= 0 and base in residents:
            residents.append(expert)
        else:
            self.serving[lineage] = [expert] if base < 0 else [base, expert]
        return Taken(step, step_s, evicts)

    def memory_gib(self) -> float:
        """What its engines hold together."""
        return float(sum(self._terms.memory_gib[lineage] for lineage in self.serving))

    def _make_room(self, lineage: int, next_use: NextUse) -> tuple[int, ...]:
        needed_gib = float(self._terms.memory_gib[lineage])
        evicts = []
        while self.serving and self.memory_gib() + needed_gib > self._memory_gib:
            gone = max(self.serving, key=lambda one: (next_use(one), one))
            del self.serving[gone]
            self._asleep.add(gone)
            evicts.append(gone)
        return tuple(evicts)


def _entry(terms: Terms, expert: int, *, is_asleep: bool) -> tuple[Step, float]:
    start_s, wake_s = float(terms.start_s[expert]), float(terms.wake_s[expert])
    return ("wake", wake_s) if is_asleep and wake_s <= start_s else ("start", start_s)
