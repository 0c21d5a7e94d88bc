"""What a request was found to allow: the experts that may be chosen, and why others were not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from orchestrator.routing.limits import Limits

#: Experts that a refusal names for each reason.
_MAX_NAMES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an answer of one expert would take; `None` where nobody can say."""

    #: By the high estimate of the prompt and the longest answer: it is hardly ever more.
    price_usd: float | None
    energy_j: float | None
    #: By what the cost model knows now, the wait for a turn included.
    latency_s: float | None
    #: Read and written, a token a byte of the prompt: it is never more.
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Experts that one check left out, and what it says of each."""

    ids: frozenset[str]
    why: Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Who may answer a request within its limits."""

    #: Never empty.
    experts: frozenset[str]
    #: What later stages of the request keep to as well.
    limits: Limits
    left_out: tuple[LeftOut, ...]
    #: Those of them that could be chosen but cannot be reached now.
    away: frozenset[str] = frozenset()
    #: By expert id.
    expected: Callable[[str], Expected]

    def excluded(self) -> dict[str, str]:
        """Who was left out and why; put into words when it is asked for."""
        found = {name: check.why(name) for check in self.left_out for name in check.ids}
        return {name: found[name] for name in sorted(found)}


def by_reason(reasons: Mapping[str, str | None]) -> str:
    """A few of those that could take a request, by what shuts them out; nothing of nobody."""
    names_by_reason: dict[str, list[str]] = {}
    for name in sorted(reasons):
        names_by_reason.setdefault(reasons[name] or "", []).append(name)
    told = "; ".join(
        f"{why}: {', '.join(names[:_MAX_NAMES])}"
        + (f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else "")
        for why, names in names_by_reason.items()
    )
    return f"; of those that could, {told}" if told else ""
