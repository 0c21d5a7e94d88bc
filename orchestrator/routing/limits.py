"""What binds the experts of one request: who may take part, and what the answer may cost.

Everything that asks an expert for a request keeps to the same `Limits`: the router's choice,
fallbacks, judges, aggregators and what is said again from a cache. Limits join by tightening, so
what a caller asks for never loosens what the operator set.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

from orchestrator.registry.composition_entry import LimitsEntry
from orchestrator.registry.selectors import selector


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Who may take part, and at most how much is spent; selectors are in their one form."""

    #: Of each group an expert must be meant by one selector at least.
    include: tuple[frozenset[str], ...] = ()
    exclude: frozenset[str] = frozenset()
    #: Of the whole request, whatever number of calls it takes; `None` has no bound.
    max_price_usd: float | None = None
    max_latency_s: float | None = None
    max_energy_j: float | None = None
    #: Calls of experts, further tries left out, and tokens that all of them read and write.
    max_calls: int | None = None
    max_total_tokens: int | None = None
    #: What the caller's key says of experts: whoever is shut out by it, the caller is not told of.
    veil: Limits | None = None

    @property
    def has_caps(self) -> bool:
        """Whether anything is bounded that one expert takes more of than another."""
        caps = (self.max_price_usd, self.max_latency_s, self.max_energy_j)
        return any(cap is not None for cap in caps)

    def tightened(self, other: Limits) -> Limits:
        """Both at once."""
        if other == UNLIMITED:
            return self
        return Limits(
            include=tuple(dict.fromkeys((*self.include, *other.include))),
            exclude=self.exclude | other.exclude,
            max_price_usd=_least(self.max_price_usd, other.max_price_usd),
            max_latency_s=_least(self.max_latency_s, other.max_latency_s),
            max_energy_j=_least(self.max_energy_j, other.max_energy_j),
            max_calls=_least(self.max_calls, other.max_calls),
            max_total_tokens=_least(self.max_total_tokens, other.max_total_tokens),
            veil=self.veil or other.veil,
        )

    def after(
        self, *, price_usd: float = 0.0, latency_s: float = 0.0, energy_j: float = 0.0
    ) -> Limits:
        """What is left for the next stage of a request that has spent so much."""
        return replace(
            self,
            max_price_usd=_less(self.max_price_usd, price_usd),
            max_latency_s=_less(self.max_latency_s, latency_s),
            max_energy_j=_less(self.max_energy_j, energy_j),
        )

    def why_not(self, selectors: frozenset[str]) -> str | None:
        """Why an expert that these selectors mean may not take part; `None` where it may."""
        shut_out = self.exclude & selectors
        if shut_out:
            return f"excluded by {', '.join(sorted(shut_out))}"
        missed = next((group for group in self.include if not group & selectors), None)
        return None if missed is None else f"not among the included {', '.join(sorted(missed))}"


UNLIMITED = Limits()


def limits_of(entry: LimitsEntry) -> Limits:
    """What an entry of the registry says."""
    return Limits(
        include=(frozenset(map(selector, entry.include)),) if entry.include else (),
        exclude=frozenset(map(selector, entry.exclude)),
        max_price_usd=entry.max_price_usd,
        max_latency_s=entry.max_latency_s,
        max_energy_j=entry.max_energy_j,
        max_calls=entry.max_calls,
        max_total_tokens=entry.max_total_tokens,
    )


N = TypeVar("N", int, float)


def _least(one: N | None, other: N | None) -> N | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _less(cap: float | None, spent: float) -> float | None:
    return None if cap is None else max(cap - spent, 0.0)
