"""What became of a trace under one policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """How one request ended."""

    #: When it was made: on time, or when the answers it needs were there.
    made_s: float
    #: When its turn came, `None` for one that was refused.
    began_s: float | None
    #: When it was answered or refused.
    ended_s: float
    #: Whether it found its expert in place and was served without a step for it.
    is_hit: bool = False

    @property
    def wait_s(self) -> float:
        """From being made to its turn; of one that was refused, infinite."""
        return inf if self.began_s is None else self.began_s - self.made_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The figures of one run."""

    policy: str
    trace: str
    num_slots: int
    num_requests: int
    num_answered: int
    num_refused: int
    #: Experts that were put in place, over all slots.
    num_swaps: int
    #: Time the slots spent on it.
    swapping_s: float
    #: From the start of the trace to the last answer.
    makespan_s: float
    #: Share of answers for which nothing had to be put in place.
    hit_rate: float
    #: Waits, refusals counted as infinite; the longest is of those that were answered.
    p50_wait_s: float
    p99_wait_s: float
    max_wait_s: float
    #: Mean over the slots of the share of the makespan in which answers were generated.
    utilisation: float


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of them does not exceed."""
    return sorted(values)[max(ceil(share * len(values)) - 1, 0)]


def summed(
    fates: Sequence[Fate],
    *,
    policy: str,
    trace: str,
    num_slots: int,
    swaps_s: Sequence[float],
    busy_s: float,
) -> Outcome:
    """The figures of a run.

    Args:
        fates: one a request.
        policy: its name.
        trace: its name.
        num_slots: how many there were.
        swaps_s: what each step that put an expert in place took.
        busy_s: time in which answers were generated, over all slots.
    """
    answered = [fate for fate in fates if fate.began_s is not None]
    waits_s = [fate.wait_s for fate in fates]
    makespan_s = max((fate.ended_s for fate in answered), default=0.0)
    return Outcome(
        policy=policy,
        trace=trace,
        num_slots=num_slots,
        num_requests=len(fates),
        num_answered=len(answered),
        num_refused=len(fates) - len(answered),
        num_swaps=len(swaps_s),
        swapping_s=sum(swaps_s),
        makespan_s=makespan_s,
        hit_rate=sum(fate.is_hit for fate in answered) / max(len(answered), 1),
        p50_wait_s=quantile(waits_s, 0.5),
        p99_wait_s=quantile(waits_s, 0.99),
        max_wait_s=max((fate.wait_s for fate in answered), default=0.0),
        utilisation=busy_s / (num_slots * makespan_s) if makespan_s else 0.0,
    )
