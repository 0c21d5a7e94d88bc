"""What no plan can be faster than, proven for the model of `problem.py`.

Each bound drops something a plan must keep to, so none can exceed the best plan:

- *load*: experts that only some slots may be asked for are theirs to do. Until the end T a slot has
  at most `T - free_s` seconds, in which it does `speed` times as much work less what its steps and
  tails take; every group of an expert and a stage has a run with its tail, every expert that no
  slot holds takes a step at least once, and of a lineage that serves nowhere the first is no swap.
- *stages*: the same for the calls from some stage on, which cannot begin before the shortest chain
  of calls that leads to one of them; and for those up to some stage, after which the shortest chain
  must still follow.
- *an expert*: all its work is done on the slots that may be asked for it, each after its step.
- *a chain*: the calls of one request, one stage after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from orchestrator.planner.problem import Flags, Places, Problem, Seconds

#: What sums of floats may be off by, as a share.
_ROUNDING = 1e-6


def lower_bound_s(problem: Problem) -> float:
    """Seconds that every plan takes at least."""
    if not problem.workload.num_calls:
        return 0.0
    steps = _Steps.of(problem)
    used = np.unique(problem.workload.expert).astype(np.int64)
    work_s = _work_by_expert_s(problem)
    chains = _chains_s(problem)
    free_s = float(problem.free_s.min())
    found = [free_s + _longest_chain_s(problem, chains, steps)]
    found += [_expert_s(problem, steps, int(expert), float(work_s[expert])) for expert in used]
    for slots, experts in _eligible_sets(problem, used):
        found += _loads_s(problem, steps, chains, slots, experts)
    return max(found) * (1 - _ROUNDING)


def least_steps_s(problem: Problem) -> float:
    """Seconds that the steps of every plan take together at least."""
    used = np.zeros(len(problem.workload.experts), dtype=bool)
    used[problem.workload.expert] = True
    return _Steps.of(problem).together_s(used, used)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Steps:
    """What steps take at least, of each expert of the workload, seconds."""

    #: Any to an expert that a slot does not hold; nothing of one that an adapter may bring along.
    any_s: Seconds
    #: The same; nothing of an expert that a slot holds at the beginning.
    least_s: Seconds
    #: The first of its lineage, where no engine of it serves.
    first_s: Seconds
    #: Whether a slot serves its lineage at the beginning.
    is_served: Flags
    lineage: Places

    @classmethod
    def of(cls, problem: Problem) -> _Steps:
        terms, num_experts = problem.terms, len(problem.workload.experts)
        asleep = _told(problem, "asleep", terms.lineages)[terms.lineage]
        any_s = terms.least_s.copy()
        bases = terms.base[:num_experts]
        any_s[bases[bases >= 0]] = 0.0
        least_s = np.where(_told(problem, "residents", terms.experts), 0.0, any_s)
        first_s = np.where(asleep, np.minimum(terms.wake_s, terms.start_s), terms.start_s)
        return cls(
            any_s=any_s[:num_experts],
            least_s=least_s[:num_experts],
            first_s=first_s[:num_experts],
            is_served=_served(problem)[terms.lineage[:num_experts]],
            lineage=terms.lineage[:num_experts],
        )

    def together_s(self, experts: Flags, others: Flags) -> float:
        """What steps take at least where all of `experts` are asked for, and maybe `others`."""
        total_s = float(self.least_s[experts].sum())
        spared_s = self.first_s - np.where(experts, self.least_s, 0.0)
        for lineage in np.unique(self.lineage[experts & ~self.is_served]):
            own = (experts | others) & (self.lineage == lineage)
            total_s += max(float(spared_s[own].min()), 0.0)
        return total_s


def _told(problem: Problem, field: str, names: tuple[str, ...]) -> Flags:
    told = {name for slot in problem.slots for name in getattr(slot, field)}
    return np.array([name in told for name in names], dtype=bool)


def _served(problem: Problem) -> Flags:
    terms = problem.terms
    served = _told(problem, "serving", terms.lineages)
    served[terms.lineage[_told(problem, "residents", terms.experts)]] = True
    return served


def _call_s(problem: Problem) -> Seconds:
    expert = problem.workload.expert
    return np.asarray(problem.work_s / problem.speed.max() + problem.terms.tail_s[expert])


def _chains_s(problem: Problem) -> Seconds:
    """What the longest call of each request and stage takes; [n_stages, n_requests]."""
    workload = problem.workload
    chains_s = np.zeros((problem.num_stages, workload.num_requests))
    np.maximum.at(chains_s, (workload.stage, workload.request), _call_s(problem))
    return chains_s


def _longest_chain_s(problem: Problem, chains_s: Seconds, steps: _Steps) -> float:
    """The longest request, with the steps of its first calls."""
    workload = problem.workload
    first = (chains_s > 0).argmax(axis=0)
    ours = np.flatnonzero(workload.stage == first[workload.request])
    request = workload.request[ours]
    begun_s = np.zeros(workload.num_requests)
    np.maximum.at(begun_s, request, _call_s(problem)[ours] + steps.least_s[workload.expert[ours]])
    longest_s = chains_s[first, np.arange(len(first))]
    return float((chains_s.sum(axis=0) + np.maximum(begun_s - longest_s, 0.0)).max())


def _expert_s(problem: Problem, steps: _Steps, expert: int, work_s: float) -> float:
    slots = np.flatnonzero(problem.may[:, expert])
    name = problem.terms.experts[expert]
    step_s = float(steps.any_s[expert])
    begins_s = [
        slot.free_s + (0.0 if name in slot.residents else step_s)
        for slot in (problem.slots[number] for number in slots)
    ]
    tail_s = float(problem.terms.tail_s[expert])
    return _filled_s(np.array(begins_s), problem.speed[slots], work_s) + tail_s


def _work_by_expert_s(problem: Problem) -> Seconds:
    workload = problem.workload
    num_experts = len(workload.experts)
    return np.bincount(workload.expert, problem.work_s, num_experts).astype(np.float64)


def _eligible_sets(problem: Problem, used: Places) -> Iterator[tuple[Flags, Flags]]:
    """Sets of slots, and the experts that none but they may be asked for."""
    columns = np.unique(problem.may[:, used], axis=1)
    every = np.ones((len(problem.slots), 1), dtype=bool)
    for slots in np.unique(np.hstack([columns, every]), axis=1).T:
        elsewhere = np.logical_or.reduce(problem.may[~slots], axis=0)
        yield slots, ~elsewhere[: len(problem.workload.experts)]


def _loads_s(
    problem: Problem, steps: _Steps, chains_s: Seconds, slots: Flags, experts: Flags
) -> Iterator[float]:
    """Bounds of the calls of `experts` from each stage on, and up to it."""
    speed, free_s = problem.speed[slots], problem.free_s[slots]
    table = _Table.of(problem, experts)
    others = np.logical_or.reduce(problem.may[slots])[: len(experts)] & table.asked.any(axis=0)
    slowest = float(speed.min())
    for stage in range(problem.num_stages):
        before_s = table.least_s(chains_s[:stage], slice(stage, None))
        begins_s = np.maximum(free_s, float(problem.free_s.min()) + before_s)
        needed = table.asked[stage:].any(axis=0)
        if stage:
            steps_s = float(steps.least_s[needed & experts & ~table.earlier(stage)].sum())
        else:
            steps_s = steps.together_s(needed & experts, others)
        load_s = table.load_s(slice(stage, None), slowest) + slowest * steps_s
        yield _filled_s(begins_s, speed, load_s)
    for stage in range(problem.num_stages - 1):
        upto = slice(0, stage + 1)
        steps_s = steps.together_s(table.asked[upto].any(axis=0) & experts, others)
        load_s = table.load_s(upto, slowest) + slowest * steps_s
        after_s = table.least_s(chains_s[stage + 1 :], upto)
        yield _filled_s(free_s, speed, load_s) + after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """The calls for some experts, by stage."""

    #: Whether an expert is asked for, by anybody; [n_stages, n_experts].
    asked: Flags
    #: Of each stage: work of the calls for those experts, and the tails of one run for each.
    work_s: Seconds
    tail_s: Seconds
    #: Whether a request has a call for those experts; [n_stages, n_requests].
    present: Flags

    @classmethod
    def of(cls, problem: Problem, experts: Flags) -> _Table:
        workload, shape = problem.workload, (problem.num_stages, len(experts))
        code = workload.stage.astype(np.int64) * shape[1] + workload.expert
        length = shape[0] * shape[1]
        work_s = np.bincount(code, weights=problem.work_s, minlength=length).reshape(shape)
        asked = np.bincount(code, minlength=length).reshape(shape) > 0
        present = np.zeros((shape[0], workload.num_requests), dtype=bool)
        ours = experts[workload.expert]
        present[workload.stage[ours], workload.request[ours]] = True
        tail_s = np.where(asked, problem.terms.tail_s[: shape[1]], 0.0)
        return cls(
            asked=asked,
            work_s=work_s[:, experts].sum(axis=1),
            tail_s=tail_s[:, experts].sum(axis=1),
            present=present,
        )

    def load_s(self, stages: slice, slowest: float) -> float:
        """Work of these stages, with the tails that cost the least work."""
        return float(self.work_s[stages].sum() + slowest * self.tail_s[stages].sum())

    def earlier(self, stage: int) -> Flags:
        """The experts that a stage before asks for."""
        return np.asarray(self.asked[:stage].any(axis=0))

    def least_s(self, chains_s: Seconds, stages: slice) -> float:
        """The shortest of these chains among requests that have a call in `stages`."""
        among = self.present[stages].any(axis=0)
        if not len(chains_s) or not among.any():
            return 0.0
        return float(chains_s[:, among].sum(axis=0).min())


def _filled_s(begins_s: Seconds, speed: Seconds, work_s: float) -> float:
    """When slots that begin so and work at these speeds have done `work_s` together."""
    if work_s <= 0:
        return 0.0
    order = np.argsort(begins_s, kind="stable")
    begins_s, speed = begins_s[order], speed[order]
    rate = np.cumsum(speed)
    level_s = (work_s + np.cumsum(speed * begins_s)) / rate
    following_s = np.append(begins_s[1:], np.inf)
    return float(level_s[np.argmax(level_s <= following_s)])
