"""What was used, for operators: by key, tag, expert, composition, batch and day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from orchestrator.client.calls import Outgoing
from orchestrator.client.wire_form import Wire

#: What usage is summed by.
Column = Literal["day", "key", "tag", "expert", "composition", "batch"]


class UsageGroup(Wire):
    """What one group used."""

    #: Column -> its value; empty where requests had none.
    group: dict[str, str]
    requests: int
    #: Of them, those that got an error.
    errors: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float


class UsageReport(Wire):
    """What was used in some days, by groups and altogether."""

    first_day: date
    last_day: date
    group_by: tuple[str, ...]
    data: tuple[UsageGroup, ...]
    #: Each request once, whatever groups it is in.
    total: UsageGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageQuery:
    """What is asked for."""

    #: Columns, whose values together name a group.
    by: Sequence[Column] = ("key",)
    #: Of UTC; with the last, 30 days by default.
    first_day: date | None = None
    #: Of UTC; today by default.
    last_day: date | None = None
    #: Column -> the value it must have.
    only: Mapping[Column, str] = field(default_factory=dict)

    @property
    def params(self) -> dict[str, Any]:
        """As the service takes it."""
        days = {"first_day": self.first_day, "last_day": self.last_day}
        told = {name: day.isoformat() for name, day in days.items() if day is not None}
        only = {str(name): value for name, value in self.only.items()}
        return {"group_by": list(self.by), **told, **only}


def usage_call(query: UsageQuery | None, *, is_sheet: bool = False) -> Outgoing:
    """Ask what was used, by key where nothing else is asked for; in values or as CSV."""
    params = (query or UsageQuery()).params
    params = {**params, "format": "csv"} if is_sheet else params
    return Outgoing(method="GET", path="/admin/usage", params=params, repeats="wanted")
