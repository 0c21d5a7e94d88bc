"""A plan as a file: JSON lines that say what would be done, and what it saves over arrival order.

The first line is the summary, then every run in order of time, then the totals of every expert.
`orchestrator/client/plan_wire.py` reads it; a reader leaves aside keys and types of lines that it
does not know, so both can be added without another version.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from orchestrator.planner.plan import Plan, Run
from orchestrator.planner.workload import Floats, Workload

#: Of this form; another one where a reader of this would misread it.
VERSION = 1
_DIGITS = 3


def plan_lines(plan: Plan, arrival: Plan, workload: Workload) -> Iterator[bytes]:
    """The lines of a plan's file, each with its end.

    Args:
        plan: what would be done.
        arrival: the same calls in the order they stand in, by the same costs.
        workload: what both are plans of.
    """
    yield _line(_summary(plan, arrival, workload))
    for run in sorted(plan.runs, key=lambda run: (run.begins_s, run.slot)):
        yield _line(_run(run))
    yield from map(_line, _experts(plan, workload))


def _summary(plan: Plan, arrival: Plan, workload: Workload) -> dict[str, Any]:
    return {
        "type": "summary",
        "version": VERSION,
        "num_requests": workload.num_requests,
        "num_calls": workload.num_calls,
        "num_unplanned": workload.num_calls - sum(len(run.calls) for run in plan.runs),
        "num_experts": len(workload.experts),
        "num_slots": len({run.slot for run in plan.runs}),
        "prompt_tokens": _rounded(workload.prompt_tokens.sum(dtype=np.float64)),
        "output_tokens": _rounded(workload.output_tokens.sum(dtype=np.float64)),
        **_figures(plan),
        "arrival": _figures(arrival),
        "lower_bound_s": _rounded(plan.lower_bound_s),
        "gap": round(float(plan.gap), 6),
        "num_late": int(plan.num_late),
    }


def _figures(plan: Plan) -> dict[str, Any]:
    return {
        "num_runs": round(len(plan.runs) / plan.share),
        "num_swaps": plan.num_swaps,
        "swap_s": _rounded(plan.swap_s),
        "makespan_s": _rounded(plan.makespan_s),
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "type": "run",
        "slot": run.slot,
        "expert": run.expert,
        "stage": int(run.stage),
        "num_calls": len(run.calls),
        "num_tokens": _rounded(run.num_tokens),
        "begins_s": _rounded(run.begins_s),
        "step": run.step,
        "step_s": _rounded(run.step_s),
        "ends_s": _rounded(run.ends_s),
    }


@dataclass(slots=True)
class _Share:
    """What an expert does in a plan."""

    num_runs: int = 0
    num_swaps: int = 0
    busy_s: float = 0.0

    def add(self, run: Run) -> None:
        self.num_runs += 1
        self.num_swaps += run.step is not None
        self.busy_s += run.ends_s - run.begins_s


def _experts(plan: Plan, workload: Workload) -> Iterator[dict[str, Any]]:
    """Totals of each expert, those with most calls first."""
    shares: defaultdict[str, _Share] = defaultdict(_Share)
    for run in plan.runs:
        shares[run.expert].add(run)
    num_calls = np.bincount(workload.expert, minlength=len(workload.experts))
    prompt = _by_expert(workload, workload.prompt_tokens)
    output = _by_expert(workload, workload.output_tokens)
    for place in np.argsort(-num_calls, kind="stable"):
        share = shares[workload.experts[place]]
        yield {
            "type": "expert",
            "expert": workload.experts[place],
            "num_calls": int(num_calls[place]),
            "prompt_tokens": _rounded(prompt[place]),
            "output_tokens": _rounded(output[place]),
            "num_runs": share.num_runs,
            "num_swaps": share.num_swaps,
            "busy_s": _rounded(share.busy_s),
        }


def _by_expert(workload: Workload, tokens: Floats) -> npt.NDArray[np.float64]:
    summed = np.bincount(workload.expert, weights=tokens, minlength=len(workload.experts))
    return summed.astype(np.float64, copy=False)


def _rounded(value: float) -> float:
    return round(float(value), _DIGITS)


def _line(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value) + b"\n"
