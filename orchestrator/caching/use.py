"""What the caches did for one request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: How an answer that is told again was found.
Kind = Literal["exact", "semantic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """For headers, the record and the metrics of a request that caches were there for."""

    #: `bypass`: it was not looked for, or must not be.
    outcome: Literal["hit", "miss", "bypass"]
    #: Of a hit, with the age of the answer in seconds.
    kind: Kind | None = None
    age_s: float = 0.0

    @property
    def is_hit(self) -> bool:
        """Whether an answer was told again."""
        return self.outcome == "hit"

    @property
    def told(self) -> str:
        """As the header says it."""
        if self.kind is None:
            return self.outcome
        return f"{self.outcome}; kind={self.kind}; age_s={self.age_s:.0f}"


MISS = Use(outcome="miss")
BYPASS = Use(outcome="bypass")
