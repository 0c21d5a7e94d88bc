"""How much there is to win on a trace, before any policy plays it."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.simulation.reuse import belady, sch, srp
from orchestrator.simulation.trace import Trace

#: Requests that a set of experts has to last for, or that are seen beforehand.
HORIZONS = (16, 64, 256)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceProfile:
    """Figures of a trace alone; see `simulation/reuse.py`."""

    name: str
    num_requests: int
    num_experts: int
    span_s: float
    #: Experts that the slots hold at once.
    capacity: int
    #: By the length of a segment, and by what is seen beforehand.
    srp_by_segment: dict[int, float]
    sch_by_lookahead: dict[int, float]
    #: Hit rate of least recent use, and the best there is.
    lru_hit_rate: float
    best_hit_rate: float


def profiled(trace: Trace, *, capacity: int) -> TraceProfile:
    """The figures of a trace, for slots that hold `capacity` experts together."""
    uses = trace.uses
    return TraceProfile(
        name=trace.name,
        num_requests=len(uses),
        num_experts=len(trace.experts),
        span_s=trace.span_s,
        capacity=capacity,
        srp_by_segment={length: srp(uses, segment=length) for length in HORIZONS},
        sch_by_lookahead={seen: sch(uses, lookahead=seen, capacity=capacity) for seen in HORIZONS},
        lru_hit_rate=sch(uses, lookahead=0, capacity=capacity),
        best_hit_rate=belady(uses, capacity=capacity),
    )
