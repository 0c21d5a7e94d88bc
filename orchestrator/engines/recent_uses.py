"""The experts that a slot was asked for last, and how well such a trace suits what it can hold."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from orchestrator.simulation.reuse import sch, srp

#: Calls that are remembered, and those that one figure looks ahead over: a figure of all of them
#: takes half a millisecond, and tells of minutes rather than of days.
MAX_USES = 512
HORIZON = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Reuse:
    """How well the recent trace suits a cache of experts; see `simulation.reuse`."""

    #: Calls that it is of.
    num_uses: int
    #: Calls that a fixed set has to last for, and that are known beforehand.
    horizon: int
    #: Experts that the slot holds at once.
    capacity: int
    #: Best F1 of one fixed set of experts for `horizon` calls, in [0, 1].
    srp: float
    #: Hit rate of the cache that knows the next `horizon` calls, in [0, 1].
    sch: float


class RecentUses:
    """A bounded memory of which expert each call was for, in order of arrival."""

    def __init__(self, *, max_uses: int = MAX_USES) -> None:
        self._uses: deque[str] = deque(maxlen=max_uses)
        self._told: Reuse | None = None

    def note(self, expert: str) -> None:
        """A call for `expert` arrived."""
        self._uses.append(expert)
        self._told = None

    def reuse(self, *, capacity: int) -> Reuse | None:
        """How well they suit a slot that holds `capacity` experts; `None` before the first."""
        if not self._uses:
            return None
        if self._told is None or self._told.capacity != capacity:
            uses = tuple(self._uses)
            self._told = Reuse(
                num_uses=len(uses),
                horizon=HORIZON,
                capacity=capacity,
                srp=srp(uses, segment=HORIZON),
                sch=sch(uses, lookahead=HORIZON, capacity=capacity),
            )
        return self._told
