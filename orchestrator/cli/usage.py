"""`orchestrator usage`: what was used, by key, tag, expert, composition, batch and day."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, get_args

import typer

from orchestrator.cli.service_edits import URL, AsJson, Url, reached
from orchestrator.cli.service_key import operator_key
from orchestrator.client.blocking import Client
from orchestrator.client.usage import Column, UsageGroup, UsageQuery, UsageReport

_NUMBERS = ("requests", "errors", "prompt_tokens", "completion_tokens", "cost_usd")
_SINCE = "--since"

By = Annotated[
    list[str] | None,
    typer.Option(help=f"Sum by {', '.join(get_args(Column))}; again for each. By key if none."),
]
Only = Annotated[
    list[str] | None,
    typer.Option(help="COLUMN=VALUE that requests must have, again for each: tag=research."),
]
Since = Annotated[
    str | None, typer.Option(help="First day of UTC, 2026-11-01, or so many days: 7d. 30d if none.")
]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print a sheet for spreadsheets.")]


def usage(
    by: By = None,
    only: Only = None,
    since: Since = None,
    url: Url = URL,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Sum up what was used of a running service, by whom."""
    if as_json and as_csv:
        raise typer.BadParameter("choose one of --json and --csv", param_hint="--csv")
    today = datetime.now(UTC).date()
    query = UsageQuery(
        by=[_column(one, "--by") for one in by or ("key",)],
        only=dict(_bound(one) for one in only or ()),
        first_day=None if since is None else first_day_of(since, today=today),
    )
    with Client(url, api_key=operator_key()) as client, reached(url):
        if as_csv:
            typer.echo(client.usage.sheet(query), nl=False)
            return
        report = client.usage.report(query)
    typer.echo(report.model_dump_json(indent=2) if as_json else "\n".join(lines(report)))


def first_day_of(since: str, *, today: date) -> date:
    """The first of the days that are meant; today is the first of `1d`.

    Raises:
        BadParameter: it is neither a day nor a number of days.
    """
    if re.fullmatch(r"[1-9]\d{0,2}d", since):
        return today - timedelta(days=int(since[:-1]) - 1)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", since):
        try:
            return date.fromisoformat(since)
        except ValueError as exc:
            raise typer.BadParameter(f"{since!r} is no day: {exc}", param_hint=_SINCE) from exc
    raise typer.BadParameter(
        f"{since!r} is neither a day (2026-11-01) nor a number of days (7d)", param_hint=_SINCE
    )


def lines(report: UsageReport) -> Iterator[str]:
    """A table for people, its sum in the last row."""
    rows = [[*report.group_by, *_NUMBERS]]
    rows += [_cells(one, report.group_by) for one in report.data]
    rows.append(["all", *[""] * (len(report.group_by) - 1), *_numbers(report.total)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    num_names = len(report.group_by)
    for row in rows:
        named = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)][:num_names]
        counted = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)][num_names:]
        yield "  ".join(named + counted)
    yield f"{report.first_day} to {report.last_day}, days of UTC"


def _cells(one: UsageGroup, columns: tuple[str, ...]) -> list[str]:
    return [*(one.group[name] or "(none)" for name in columns), *_numbers(one)]


def _numbers(one: UsageGroup) -> list[str]:
    counts = (one.requests, one.errors, one.prompt_tokens, one.completion_tokens)
    return [*(f"{count:,}" for count in counts), f"{one.cost_usd:.6f}"]


def _bound(given: str) -> tuple[Column, str]:
    name, equals, value = given.partition("=")
    if not equals:
        raise typer.BadParameter(f"{given!r} is no COLUMN=VALUE", param_hint="--only")
    return _column(name, "--only"), value


def _column(name: str, option: str) -> Column:
    for column in get_args(Column):
        if name == column:
            found: Column = column
            return found
    raise typer.BadParameter(
        f"{name!r} is no column; there are {', '.join(get_args(Column))}", param_hint=option
    )
