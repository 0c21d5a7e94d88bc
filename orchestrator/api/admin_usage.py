"""`/admin/usage`: what was used, by key, tag, expert, composition and batch, as JSON or CSV."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, BeforeValidator

from orchestrator.access.usage import (
    Column,
    UsageGroup,
    UsageQuestion,
    days_between,
    grouped,
    total,
)
from orchestrator.api.admin import require_admin
from orchestrator.api.openapi import described
from orchestrator.api.wiring import Wiring
from orchestrator.errors import InvalidRequestError
from orchestrator.store.usage import UsageStore, Used

#: Days of one question.
_MAX_DAYS = 400
#: Of a question that names none.
_DAYS = 30
#: What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _written_out(given: str) -> str:
    """A day as it is written; a number of seconds would pass for one, too."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", given):
        raise ValueError("must be a day, YYYY-MM-DD")
    return given


Day = Annotated[date, BeforeValidator(_written_out)]


class UsageView(BaseModel):
    """What one group used."""

    #: Column -> its value; empty where the request had none.
    group: dict[str, str]
    requests: int
    errors: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float


class UsageReport(BaseModel):
    """What was used in some days, by groups, and altogether."""

    first_day: date
    last_day: date
    group_by: list[str]
    data: list[UsageView]
    total: UsageView


class _Asked(BaseModel):
    """The query: columns and what they must be."""

    group_by: list[Column] = ["key"]
    first_day: Day | None = None
    last_day: Day | None = None
    key: str | None = None
    tag: str | None = None
    expert: str | None = None
    composition: str | None = None
    batch: str | None = None
    format: Literal["json", "csv"] = "json"

    @property
    def question(self) -> UsageQuestion:
        only: dict[Column, str | None] = {
            "key": self.key,
            "tag": self.tag,
            "expert": self.expert,
            "composition": self.composition,
            "batch": self.batch,
        }
        return UsageQuestion(
            by=tuple(dict.fromkeys(self.group_by)),
            only={name: value for name, value in only.items() if value is not None},
        )


def endpoints(wiring: Wiring) -> APIRouter:
    """The endpoint of usage, where it is counted."""
    admitted = Depends(require_admin(wiring.settings))
    router = APIRouter(prefix="/admin", tags=["admin"], dependencies=[admitted])
    if wiring.usage is not None:
        _add(router, wiring.usage)
    return router


def _add(router: APIRouter, store: UsageStore) -> None:
    @router.get(
        "/usage",
        summary="What was used",
        response_model=UsageReport,
        responses=_told(),
    )
    async def usage(asked: Annotated[_Asked, Query()]) -> UsageReport | Response:
        """Requests, errors, tokens and USD of the last 30 days, or of those asked for, by groups.

        Days are of UTC. `group_by` may be given several times; `format=csv` is for spreadsheets.
        """
        first, last = _days(asked)
        rows = await store.read(days_between(first, last))
        report = UsageReport(
            first_day=first,
            last_day=last,
            group_by=list(asked.question.by),
            data=[_view(one, asked.question) for one in grouped(rows, asked.question)],
            total=_numbers(total(rows, asked.question), {}),
        )
        return _csv(report) if asked.format == "csv" else report


def _told() -> dict[int | str, dict[str, Any]]:
    told = described(UsageReport)
    sheet = {"text/csv": {"schema": {"type": "string"}}}
    return {**told, 200: {**told[200], "content": sheet}}


def _days(asked: _Asked) -> tuple[date, date]:
    last = asked.last_day or datetime.now(UTC).date()
    if asked.first_day is None and (last - date.min).days < _DAYS:
        raise InvalidRequestError(f"'last_day' is {last}, before all days", param="last_day")
    first = asked.first_day or last - timedelta(days=_DAYS - 1)
    num_days = (last - first).days + 1
    if not 1 <= num_days <= _MAX_DAYS:
        raise InvalidRequestError(
            f"from 'first_day' {first} to 'last_day' {last} are {num_days} days; allowed: 1 to "
            f"{_MAX_DAYS}",
            param="first_day",
        )
    return first, last


def _view(group: UsageGroup, question: UsageQuestion) -> UsageView:
    return _numbers(group.used, dict(zip(map(str, question.by), group.values, strict=True)))


def _numbers(used: Used, group: dict[str, str]) -> UsageView:
    return UsageView(
        group=group,
        requests=used.requests,
        errors=used.errors,
        prompt_tokens=used.prompt_tokens,
        completion_tokens=used.completion_tokens,
        cost_usd=used.nano_usd / 1e9,
    )


def _csv(report: UsageReport) -> Response:
    written = io.StringIO()
    sheet = csv.writer(written, lineterminator="\r\n")
    numbers = [name for name in UsageView.model_fields if name != "group"]
    sheet.writerow([*report.group_by, *numbers])
    for one in report.data:
        values = [_cell(one.group[name]) for name in report.group_by]
        sheet.writerow([*values, *(getattr(one, name) for name in numbers)])
    headers = {"content-disposition": 'attachment; filename="usage.csv"'}
    return Response(written.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _cell(value: str) -> str:
    """A value that no spreadsheet runs: callers choose names."""
    return f"'{value}" if value.startswith(_FORMULA) else value
