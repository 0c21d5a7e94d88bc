"""A window that slides over samples, so that any number is merged in bounded context.

Source: Self-MoA-Seq, Li 2025, arXiv:2502.00674: of six slots three repeat the synthesis so far and
three hold new samples, so that N samples take 1 + ceil((N - 6) / 3) steps.
"""

from __future__ import annotations

from dataclasses import dataclass

from .base import RouterError


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one call of the aggregator reads."""

    #: Times that the synthesis of the step before stands in it; none in the first.
    num_carried: int
    #: Samples it reads first, by number, from `start` to `stop`.
    samples: range

    @property
    def is_first(self) -> bool:
        """Whether there is no synthesis yet."""
        return self.num_carried == 0


def steps(num_samples: int, *, window: int = 6, carried: int = 3) -> tuple[Step, ...]:
    """The steps that merge `num_samples`, in order; every sample is new in exactly one.

    Args:
        num_samples: one or more.
        window: slots of a step.
        carried: those that repeat the synthesis so far.

    Raises:
        RouterError: there is no sample, or no step would have room for both.
    """
    if num_samples < 1:
        raise RouterError(f"{num_samples} samples: there is nothing to merge")
    if not 1 <= carried < window:
        raise RouterError(
            f"a window of {window} with {carried} slots for the synthesis: it needs one slot at "
            "least for the synthesis and one for a sample"
        )
    fresh = window - carried
    first = Step(num_carried=0, samples=range(min(window, num_samples)))
    later = [
        Step(num_carried=carried, samples=range(start, min(start + fresh, num_samples)))
        for start in range(window, num_samples, fresh)
    ]
    return (first, *later)
