"""A plan: runs of calls on slots, in order, with what it predicts and how good it can be at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from orchestrator.costs.prior import Step


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """Consecutive calls of one expert on one slot."""

    slot: str
    expert: str
    #: The stage of its calls; a run has calls of one stage.
    stage: int
    #: Places of its calls in the workload.
    calls: npt.NDArray[np.int64]
    #: Its step to the expert begins; 0 is now.
    begins_s: float
    #: The step, `None` where the expert is resident, and what it takes.
    step: Step | None
    step_s: float
    ends_s: float
    num_tokens: float
    #: Lineages whose engines on the slot make room for it.
    evicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """Runs by slot, each slot's in order of time, with what they are predicted to take."""

    runs: tuple[Run, ...]
    makespan_s: float
    #: Nothing can be faster, whatever the plan; proven for the same costs.
    lower_bound_s: float
    #: Requests whose last call ends after their deadline.
    num_late: int = 0
    #: The share of the calls that `runs` has; the figures are those of all calls.
    share: float = 1.0

    @property
    def num_swaps(self) -> int:
        """Runs that begin with a step."""
        return round(sum(run.step is not None for run in self.runs) / self.share)

    @property
    def swap_s(self) -> float:
        """What the steps take together."""
        return sum(run.step_s for run in self.runs) / self.share

    @property
    def gap(self) -> float:
        """How much longer than the lower bound it is, as a share of that; 0 is optimal."""
        if self.lower_bound_s <= 0:
            return 0.0
        return max(self.makespan_s / self.lower_bound_s - 1, 0.0)
