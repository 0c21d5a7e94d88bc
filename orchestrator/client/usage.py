"""What was used, for operators: by key, tag, expert, composition, batch and day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from orchestrator.client.operators import OperatorClient
from orchestrator.client.replies import read
from orchestrator.client.wire_form import Wire

#: What usage is summed by.
Column = Literal["day", "key", "tag", "expert", "composition", "batch"]

_PATH = "/admin/usage"


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


class UsageAdmin(OperatorClient):
    """Asks a service what was used; every method raises `OrchestratorError`s."""

    def report(self, query: UsageQuery = UsageQuery()) -> UsageReport:
        """Sums by groups."""
        return read(UsageReport, self._asked("GET", _PATH, params=query.params))

    def sheet(self, query: UsageQuery = UsageQuery()) -> str:
        """The same as CSV, whose cells no spreadsheet takes for formulas."""
        asked = {**query.params, "format": "csv"}
        return self._asked("GET", _PATH, params=asked).decode()
