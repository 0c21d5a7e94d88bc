"""Few lumps of work on few slots, and how good they are: what a search tries thousands of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from orchestrator.planner.holding import Holding
from orchestrator.planner.lumps import Bundle, Lumps
from orchestrator.planner.timing import LATE_AFTER_S, Part, Uses

#: The runs of a slot in its order, each with its lumps.
Order = list[Bundle]
#: Late requests by priority, makespan, seconds in steps, runs; less is better.
Worth = tuple[tuple[int, ...], float, float, int]

_MAX_REMEMBERED = 200_000


class Arrangements:
    """Judges arrangements of one problem's lumps; remembers what bundles and orders take."""

    def __init__(self, lumps: Lumps) -> None:
        problem = lumps.problem
        self._problem, self._lumps = problem, lumps
        self.expert, self.stage = lumps.expert, lumps.stage
        self.may: list[list[bool]] = problem.may.tolist()
        self._tail_s: list[float] = problem.terms.tail_s.tolist()
        self._speed: list[float] = problem.speed.tolist()
        self._free_s: list[float] = problem.free_s.tolist()
        self._bundles: dict[Bundle, tuple[float, float, Bundle]] = {}
        self._steps: dict[tuple[int, ...], list[float]] = {}

    def worth(self, orders: Sequence[Order]) -> tuple[Worth, float] | None:
        """How good an arrangement is, and the mean end of its slots; `None`: it never ends."""
        steps = [self._steps_s(slot, order) for slot, order in enumerate(orders)]
        ends_s = self._ends_s(orders, steps)
        if ends_s is None:
            return None
        done_s, free_s = ends_s
        busy_s = [end for end, order in zip(free_s, orders, strict=True) if order]
        worth = (
            self._late(done_s),
            round(max(busy_s, default=0.0), 6),
            round(sum(map(sum, steps)), 6),
            sum(map(len, orders)),
        )
        return worth, sum(free_s) / len(free_s)

    def _ends_s(
        self, orders: Sequence[Order], steps: Sequence[Sequence[float]]
    ) -> tuple[list[float], list[float]] | None:
        """When lumps end and slots are free; `None` where runs wait for each other."""
        done_s = [-1.0] * len(self.expert)
        free_s, at = list(self._free_s), [0] * len(orders)
        num_left, goes_on = sum(map(len, orders)), True
        while goes_on:
            goes_on = False
            for slot, order in enumerate(orders):
                while at[slot] < len(order):
                    bundle = order[at[slot]]
                    work_s, tail_s, before = self._bundle(bundle)
                    begins_s = free_s[slot]
                    for lump in before:
                        ended_s = done_s[lump]
                        if ended_s < 0:
                            break
                        if ended_s > begins_s:
                            begins_s = ended_s
                    else:
                        step_s = steps[slot][at[slot]]
                        free_s[slot] = begins_s + step_s + work_s / self._speed[slot] + tail_s
                        for lump in bundle:
                            done_s[lump] = free_s[slot]
                        at[slot] += 1
                        num_left -= 1
                        goes_on = True
                        continue
                    break
        return (done_s, free_s) if num_left == 0 else None

    def _bundle(self, bundle: Bundle) -> tuple[float, float, Bundle]:
        """Work and tail of a run, and the lumps that must have ended before."""
        found = self._bundles.get(bundle)
        if found is None:
            if len(self._bundles) > _MAX_REMEMBERED:
                self._bundles.clear()
            before = {lump for one in bundle for lump in self._lumps.before[one]}
            work_s = sum(self._lumps.work_s[lump] for lump in bundle)
            found = work_s, self._tail_s[self.expert[bundle[0]]], tuple(sorted(before))
            self._bundles[bundle] = found
        return found

    def _steps_s(self, slot: int, order: Order) -> list[float]:
        """What each run's step takes: it follows from the experts of the slot in order."""
        key = (slot, *(self.expert[bundle[0]] for bundle in order))
        found = self._steps.get(key)
        if found is None:
            if len(self._steps) > _MAX_REMEMBERED:
                self._steps.clear()
            holding, uses = Holding(self._problem, slot), Uses()
            for expert in key[1:]:
                uses.add(int(self._problem.terms.lineage[expert]))
            found = [holding.take(expert, uses.after_this()).step_s for expert in key[1:]]
            self._steps[key] = found
        return found

    def _late(self, done_s: Sequence[float]) -> tuple[int, ...]:
        late = [0] * self._lumps.num_levels
        for due in self._lumps.due:
            if max(done_s[lump] for lump in due.lumps) > due.deadline_s + LATE_AFTER_S:
                late[due.level] += due.num_requests
        return tuple(late)

    def parts(self, orders: Sequence[Order]) -> list[Part]:
        """An arrangement as parts, each after all it builds on."""
        found: list[Part] = []
        done: set[int] = set()
        at = [0] * len(orders)
        while len(done) < len(self.expert):
            for slot, order in enumerate(orders):
                while at[slot] < len(order) and done.issuperset(self._bundle(order[at[slot]])[2]):
                    bundle = order[at[slot]]
                    found.append(
                        Part(
                            slot=slot,
                            expert=self.expert[bundle[0]],
                            stage=self.stage[bundle[0]],
                            calls=np.concatenate([self._lumps.calls[lump] for lump in bundle]),
                        )
                    )
                    done.update(bundle)
                    at[slot] += 1
        return found
