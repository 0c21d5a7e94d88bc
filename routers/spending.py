"""What experts cost, and what a map of them spends: counted exactly, in the decimals one wrote."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import isnan, nan
from typing import Literal, TypeAlias, get_args

from .base import RouterError

#: Paid once by every expert of a map: what must be there, whoever is asked.
SetMeasure = Literal["total_params_b", "memory_gib", "num_experts"]
#: Averaged over requests: what one costs, by who serves it.
RequestMeasure = Literal["active_params_b", "price_usd_per_1000", "latency_s"]
Measure: TypeAlias = SetMeasure | RequestMeasure

SET_MEASURES: tuple[SetMeasure, ...] = get_args(SetMeasure)
REQUEST_MEASURES: tuple[RequestMeasure, ...] = get_args(RequestMeasure)
MEASURES: tuple[Measure, ...] = (*SET_MEASURES, *REQUEST_MEASURES)

#: What is said of a measure in tables.
LABELS: Mapping[Measure, str] = {
    "total_params_b": "parameters of all experts, B",
    "memory_gib": "device memory of all experts, GiB",
    "num_experts": "experts",
    "active_params_b": "active parameters a request, B",
    "price_usd_per_1000": "USD per 1,000 requests",
    "latency_s": "seconds a request",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What each expert costs, as far as somebody stated it."""

    #: Expert -> measure -> cost, 0 or more; `num_experts` is always 1.
    by_expert: Mapping[str, Mapping[Measure, float]]

    def of(self, expert: str, measure: Measure) -> float:
        """One cost; NaN where nobody stated it."""
        if measure == "num_experts":
            return 1.0
        return float(self.by_expert.get(expert, {}).get(measure, nan))

    def checked(self) -> Costs:
        """Itself.

        Raises:
            RouterError: a cost is under 0 or infinite.
        """
        for expert, own in self.by_expert.items():
            for measure, cost in own.items():
                if not (0 <= cost < float("inf") or isnan(cost)):
                    raise RouterError(
                        f"expert {expert!r} has {measure} {cost}; costs are 0 or more"
                    )
        return self


def spent(
    measure: Measure,
    *,
    traffic_by_expert: Mapping[str, Fraction],
    always: Collection[str],
    costs: Costs,
) -> Fraction | None:
    """What a map takes of a measure.

    Args:
        measure: what is counted.
        traffic_by_expert: requests that each expert of the map serves.
        always: experts that are there beside them.
        costs: of the experts.

    Returns:
        None where the cost of one of them is not known.
    """
    experts = sorted({*traffic_by_expert, *always})
    if measure in REQUEST_MEASURES:
        experts = sorted(traffic_by_expert)
    found = {name: costs.of(name, measure) for name in experts}
    if any(isnan(cost) for cost in found.values()):
        return None
    if measure in SET_MEASURES:
        return sum((exact(cost) for cost in found.values()), Fraction(0))
    total = sum(traffic_by_expert.values(), Fraction(0))
    paid = sum(exact(cost) * traffic_by_expert[name] for name, cost in found.items())
    return Fraction(paid) / total


def exact(number: float) -> Fraction:
    """The decimal that a float was written as: 0.1 is a tenth."""
    return Fraction(repr(float(number)))
