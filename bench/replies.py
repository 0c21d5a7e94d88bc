"""Replies during edits as their callers saw them, and what they say of the edits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.editions import says
from bench.samples import percentile


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One request and its answer; times are Unix seconds."""

    expert: str
    started_s: float
    #: When the head of the answer came, and the end of it.
    headed_s: float
    ended_s: float
    #: 0 where there was no whole answer.
    status: int
    #: Of the answer's header.
    generation: int | None
    text: str


def failures(replies: Sequence[Reply]) -> list[str]:
    """What went wrong, one line a request that failed."""
    return [f"{one.expert}: {one.status} {one.text[:200]}" for one in replies if one.status != 200]


def mixed(replies: Sequence[Reply], editions: Mapping[int, Mapping[str, int]]) -> list[str]:
    """Replies that do not say, word by word, what their generation's edition says.

    Args:
        replies: those that failed are left out.
        editions: generation -> expert -> edition.
    """
    found = []
    for one in replies:
        if one.status == 200:
            edition = editions.get(one.generation or 0, {}).get(one.expert)
            if edition is None or one.text != says(one.expert, edition):
                found.append(f"{one.expert} of generation {one.generation}: {one.text[:200]}")
    return found


def apart_s(replies: Sequence[Reply], generations: Sequence[int]) -> list[float]:
    """For each flip, how long replicas differed, seconds.

    From the first answer of the new generation to the start of the last request that an older one
    still answered. A request that is older than the new generation may be answered by the old.
    """
    return [_apart_s(replies, generation) for generation in generations]


def _apart_s(replies: Sequence[Reply], generation: int) -> float:
    told = [one for one in replies if one.generation is not None]
    new = [one.headed_s for one in told if (one.generation or 0) >= generation]
    old = [one.started_s for one in told if (one.generation or 0) < generation]
    return max(0.0, max(old) - min(new)) if new and old else 0.0


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Percentiles of some seconds; `values` not empty."""
    shares = (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
    return {"num": len(values), **{name: round(percentile(values, at), 4) for name, at in shares}}
