"""What was used, summed by what an operator asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from orchestrator.store.usage import NOTHING_USED, UsageRow, Used

#: What usage can be summed by.
Column = Literal["day", "key", "tag", "expert", "composition", "batch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageGroup:
    """What was used by one group: the value of each column that it was summed by."""

    values: tuple[str, ...]
    used: Used


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageQuestion:
    """What an operator asks for.

    A request of a key with several tags is in the group of each, so groups by tag may sum to more
    than was used.
    """

    by: tuple[Column, ...] = ("key",)
    #: A row must have this value in each of these columns.
    only: Mapping[Column, str] = field(default_factory=dict)


def grouped(rows: Mapping[UsageRow, Used], question: UsageQuestion) -> list[UsageGroup]:
    """The groups, in the order of their values."""
    sums: dict[tuple[str, ...], Used] = {}
    for row, used in rows.items():
        if any(value not in _values(row, name) for name, value in question.only.items()):
            continue
        for values in _crossed([_told(row, name, question.only) for name in question.by]):
            sums[values] = sums.get(values, NOTHING_USED).plus(used)
    return [UsageGroup(values=values, used=sums[values]) for values in sorted(sums)]


def total(rows: Mapping[UsageRow, Used], question: UsageQuestion) -> Used:
    """All that the groups are made of, each request once."""
    whole = grouped(rows, UsageQuestion(by=(), only=question.only))
    return whole[0].used if whole else NOTHING_USED


def days_between(first: date, last: date) -> list[str]:
    """All days from the first to the last, as counters are named by them."""
    num = (last - first).days + 1
    return [(first + timedelta(days=at)).strftime("%Y%m%d") for at in range(num)]


def _told(row: UsageRow, name: Column, only: Mapping[Column, str]) -> tuple[str, ...]:
    """Whoever asks for one tag is told of no other."""
    return (only[name],) if name in only else _values(row, name)


def _values(row: UsageRow, name: Column) -> tuple[str, ...]:
    if name == "tag":
        return row.tags or ("",)
    if name == "key":
        return (row.key_id,)
    if name == "day":
        return (f"{row.day[:4]}-{row.day[4:6]}-{row.day[6:]}",)
    if name == "expert":
        return (row.expert,)
    return (row.composition if name == "composition" else row.batch,)


def _crossed(columns: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [()]
    for values in columns:
        found = [(*before, value) for before in found for value in values]
    return found
