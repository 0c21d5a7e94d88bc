"""What was used, by day and by who and what used it: counters that outlive every process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import orjson

#: Days that are kept.
KEPT_S = 400 * 86_400
#: Rows of one day at most; what comes beyond is counted in one row of its own.
MAX_ROWS = 20_000
#: What stands in the columns of that row.
OTHERS = "(others)"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class UsageRow:
    """Who used what; empty where there was none."""

    #: Of UTC, `20261122`.
    day: str
    key_id: str = ""
    tags: tuple[str, ...] = ()
    expert: str = ""
    composition: str = ""
    batch: str = ""

    @property
    def field(self) -> str:
        """The row within its day."""
        columns = (self.key_id, self.tags, self.expert, self.composition, self.batch)
        return orjson.dumps(columns).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """How much was used."""

    requests: int = 0
    #: Of them, those that got an error.
    errors: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    nano_usd: int = 0

    def plus(self, other: Used) -> Used:
        """Both together."""
        return Used(
            requests=self.requests + other.requests,
            errors=self.errors + other.errors,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            nano_usd=self.nano_usd + other.nano_usd,
        )


NOTHING_USED = Used()


class UsageStore(Protocol):
    """Where usage is kept. Every method raises `StoreError` when it is away."""

    async def add(self, entry_id: str, used: Mapping[UsageRow, Used]) -> None:
        """Count so much more; an id that was counted is counted no more, so this may be repeated.

        Args:
            entry_id: names what is counted.
            used: of any days.
        """
        ...

    async def read(self, days: Iterable[str]) -> dict[UsageRow, Used]:
        """All rows of these days."""
        ...


def row_of(day: str, field: str) -> UsageRow:
    """The row that `UsageRow.field` spelled."""
    key_id, tags, expert, composition, batch = orjson.loads(field)
    return UsageRow(
        day=day,
        key_id=key_id,
        tags=tuple(tags),
        expert=expert,
        composition=composition,
        batch=batch,
    )


def others_of(day: str) -> UsageRow:
    """Where is counted what there are no rows for."""
    return UsageRow(day=day, key_id=OTHERS, expert=OTHERS, composition=OTHERS, batch=OTHERS)
