"""Figures of a role as they are kept and told: percent, with the interval of a share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from routers.resampling import Share


class Percent(TypedDict):
    """A share of cases in percent, with Wilson's 95 % interval."""

    percent: float
    low: float
    high: float
    num: int


def percent(outcomes: Sequence[bool]) -> Percent:
    """How many of the outcomes are true."""
    share = Share(right=sum(outcomes), asked=len(outcomes))
    low, high = share.interval
    return Percent(
        percent=round(100 * share.value, 1),
        low=round(100 * low, 1),
        high=round(100 * high, 1),
        num=len(outcomes),
    )


def told(one: Percent) -> str:
    """A figure for a table: `93.1 (92.0 to 94.1)`."""
    return f"{one['percent']:.1f} ({one['low']:.1f} to {one['high']:.1f})"


def table(head: Sequence[str], rows: Mapping[str, Sequence[str]]) -> str:
    """A table with a row for each name."""
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    lines += ["| " + " | ".join((name, *cells)) + " |" for name, cells in rows.items()]
    return "\n".join(lines)
