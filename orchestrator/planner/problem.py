"""A workload, slots and costs as numbers: what constructing, timing and bounding a plan share.

The model, once for all of the planner: a slot does one run at a time. A run is calls of one
expert and one stage. It begins when every call that one of its own builds on has ended and its slot
is free; first comes the step to its expert, by what the slot then holds (`Holding`), then its work:
the tokens of its calls, over the slot's speed, and the expert's tail. Its calls end when it ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from orchestrator.errors import DispatchError
from orchestrator.planner.slots import ExpertCosts, PlannedSlot
from orchestrator.planner.workload import Workload

Places = npt.NDArray[np.int64]
Seconds = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What experts cost, in columns; first come those of the workload, in its order."""

    experts: tuple[str, ...]
    lineages: tuple[str, ...]
    #: Of each expert: its lineage's place, and its base's place or -1.
    lineage: Places
    base: Places
    #: Of each expert, seconds; a step to an adapter may ask for its base first.
    swap_s: Seconds
    wake_s: Seconds
    start_s: Seconds
    tail_s: Seconds
    #: Of each lineage: the most that any of its experts is said to ask for.
    memory_gib: Seconds

    @cached_property
    def base_s(self) -> Seconds:
        """Of each expert: what putting its base in place takes; nothing where it has none."""
        return np.asarray(np.where(self.base < 0, 0.0, self.swap_s[self.base]))

    @cached_property
    def least_s(self) -> Seconds:
        """Of each expert: the shortest step to it, wherever."""
        return np.asarray(np.minimum(np.minimum(self.swap_s, self.wake_s), self.start_s))

    @cached_property
    def members(self) -> tuple[Places, ...]:
        """Of each lineage: its experts."""
        return tuple(np.flatnonzero(self.lineage == one) for one in range(len(self.lineages)))


@dataclass(frozen=True, kw_only=True)
class Problem:
    """All that a plan follows from."""

    workload: Workload
    slots: tuple[PlannedSlot, ...]
    terms: Terms
    #: Of each slot and expert, whether the slot may be asked for it; [n_slots, n_experts].
    may: Flags
    #: Of each call, on a slot of speed 1, without step and tail.
    work_s: npt.NDArray[np.float32]

    @cached_property
    def num_stages(self) -> int:
        """Stages of the longest request."""
        return int(self.workload.stage.max(initial=-1)) + 1

    @cached_property
    def speed(self) -> Seconds:
        """Of each slot."""
        return np.array([slot.speed for slot in self.slots])

    @cached_property
    def free_s(self) -> Seconds:
        """Of each slot."""
        return np.array([slot.free_s for slot in self.slots])

    @cached_property
    def by_request(self) -> Places:
        """Calls in order of request, then stage."""
        request, stage = self.workload.request, self.workload.stage
        code = request.astype(np.int64) * max(self.num_stages, 1) + stage
        if np.all(code[1:] >= code[:-1]):
            return np.arange(len(code))
        return np.argsort(code, kind="stable")

    @cached_property
    def has_deadlines(self) -> bool:
        """Whether any request is to be answered by some time."""
        return bool(np.isfinite(self.workload.deadline_s).any())


def problem_of(workload: Workload, slots: Sequence[PlannedSlot], costs: ExpertCosts) -> Problem:
    """Put numbers to what is to be planned.

    Raises:
        DispatchError: an expert has no cost, or no slot may be asked for it or has its memory.
    """
    terms = _terms(workload, slots, costs)
    may: Flags = np.zeros((len(slots), len(terms.experts)), dtype=bool)
    for number, slot in enumerate(slots):
        may[number] = _may(slot, terms)
    used = np.unique(workload.expert)
    for place in used[~np.any(may[:, used], axis=0)].tolist():
        raise DispatchError(
            f"no slot can work on expert {terms.experts[place]!r}; slots: "
            f"{[slot.name for slot in slots]}; one must be asked for it and have "
            f"{terms.memory_gib[terms.lineage[place]]:g} GiB"
        )
    return Problem(
        workload=workload,
        slots=tuple(slots),
        terms=terms,
        may=may,
        work_s=_work_s(workload, costs),
    )


def _terms(workload: Workload, slots: Sequence[PlannedSlot], costs: ExpertCosts) -> Terms:
    unknown = [expert for expert in workload.experts if expert not in costs]
    if unknown:
        raise DispatchError(f"no costs are known of experts {unknown}; known: {sorted(costs)}")
    names = list(workload.experts)
    names += [name for slot in slots for name in slot.residents if name in costs]
    names += [base for name in names if (base := costs[name].base) in costs and base is not None]
    experts = tuple(dict.fromkeys(names))
    place = {name: number for number, name in enumerate(experts)}
    of = [costs[name] for name in experts]
    sizes_gib: dict[str, float] = {}
    for cost in costs.values():
        sizes_gib[cost.lineage] = max(sizes_gib.get(cost.lineage, 0.0), cost.memory_gib)
    # What serves holds memory, whether or not the workload asks for it.
    serving = [name for slot in slots for name in slot.serving if name in sizes_gib]
    lineages = tuple(dict.fromkeys([*(cost.lineage for cost in of), *serving]))
    number = {name: count for count, name in enumerate(lineages)}
    return Terms(
        experts=experts,
        lineages=lineages,
        lineage=np.array([number[cost.lineage] for cost in of], dtype=np.int64),
        base=np.array([place.get(cost.base or "", -1) for cost in of], dtype=np.int64),
        swap_s=np.array([cost.swap_s for cost in of]),
        wake_s=np.array([cost.wake_s for cost in of]),
        start_s=np.array([cost.start_s for cost in of]),
        tail_s=np.array([cost.tail_s for cost in of]),
        memory_gib=np.array([sizes_gib[name] for name in lineages]),
    )


def _may(slot: PlannedSlot, terms: Terms) -> Flags:
    fits: Flags = np.asarray(terms.memory_gib[terms.lineage] <= slot.memory_gib)
    if slot.experts is None:
        return fits
    asked = np.array([name in slot.experts for name in terms.experts], dtype=bool)
    return asked & fits


def _work_s(workload: Workload, costs: ExpertCosts) -> npt.NDArray[np.float32]:
    of = [costs[name] for name in workload.experts]
    reads_s = np.array([cost.prompt_token_s for cost in of], dtype=np.float32)
    writes_s = np.array([cost.output_token_s for cost in of], dtype=np.float32)
    work_s = workload.prompt_tokens * reads_s[workload.expert]
    work_s += workload.output_tokens * writes_s[workload.expert]
    return work_s
