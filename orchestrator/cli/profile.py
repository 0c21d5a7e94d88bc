"""`orchestrator profile`: a data set through experts, of a registry or of a running service."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from orchestrator.cli import profile_options as given
from orchestrator.cli.commands import require
from orchestrator.cli.profile_run import asked
from orchestrator.cli.profile_screen import show
from orchestrator.cli.service_edits import URL, AsJson, Url, reached
from orchestrator.cli.service_key import caller_key
from orchestrator.client import AsyncClient
from orchestrator.errors import SetupError
from orchestrator.profiling.asking import PROMPT, Asking
from orchestrator.profiling.journal import Journal, opened
from orchestrator.profiling.log_probs import untold
from orchestrator.profiling.sampling import drawn
from orchestrator.profiling.summary import Line, summary
from orchestrator.profiling.tables import write_parquet
from routers.base import RouterError
from routers.dataset_files import of_split, read_examples
from routers.datasets import Example
from routers.grading import check_gradable, grader_of

_PARQUET = ".parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    every: Sequence[Example]
    asked: Sequence[Example]


def profile(
    questions: given.Questions,
    out: given.Out,
    registry: given.RegistryFile = None,
    expert: given.Experts = None,
    grader: given.Grader = None,
    labels: given.Labels = True,
    log_probs: given.LogProbs = False,
    split: given.Split = "",
    limit: given.Limit = None,
    column: given.Columns = None,
    template: given.Template = PROMPT,
    system: given.System = "",
    samples: given.Samples = 1,
    temperature: given.Temperature = 0.0,
    seed: given.Seed = 0,
    max_tokens: given.MaxTokens = 512,
    at_once: given.AtOnce = 16,
    timeout_s: given.TimeoutS = 600.0,
    url: Url = URL,
    as_json: AsJson = False,
) -> None:
    """Ask experts every question of a data set, one expert after another, and grade the answers.

    Killed anywhere, the same command goes on where it ended.
    """
    journal_path = _journal_path(out)
    try:
        asking = Asking(
            template=template, system=system, temperature=temperature, max_tokens=max_tokens,
            seed=seed, num_samples=samples, grader=grader_of(grader), is_graded=labels,
            is_scored=log_probs,
        )  # fmt: skip
        data = _data(questions, _pairs(column or ()), split=split, limit=limit)
        if labels:
            check_gradable(data.asked, grader=asking.grader, source=questions)
    except RouterError as exc:
        raise SetupError(str(exc)) from exc
    with (
        opened(journal_path, data.every, is_graded=labels) as journal,
        _kept(journal, out),
        _experts(registry, url, timeout_s=timeout_s) as client,
    ):
        asyncio.run(
            asked(client, data.asked, asking, journal, wanted=expert or (), at_once=at_once)
        )
    for line in untold(journal.outcomes) if log_probs else ():
        typer.echo(line, err=True)
    _tell(summary(journal.outcomes), as_json=as_json)


@contextmanager
def _experts(registry: Path | None, url: str, *, timeout_s: float) -> Iterator[AsyncClient]:
    """A client of a registry's experts, started for the run, or of a running service."""
    if registry is None:
        with reached(url):
            yield AsyncClient(url, api_key=caller_key(), timeout_s=timeout_s)
        return
    from orchestrator import Orchestrator  # here, since it loads all of a service

    with Orchestrator(registry) as started:
        yield started.asynchronous(timeout_s=timeout_s)


@contextmanager
def _kept(journal: Journal, out: Path) -> Iterator[None]:
    """Write the table of what is here, however the run ends."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("stopped; the same command goes on", err=True)
        raise typer.Exit(130) from None
    finally:
        if out.suffix == _PARQUET and journal.outcomes:
            write_parquet(out, journal.outcomes)


def _data(
    paths: Sequence[Path], columns: dict[str, str], *, split: str, limit: int | None
) -> _Data:
    every = read_examples(paths, columns=columns)
    return _Data(every=every, asked=drawn(of_split(every, split), limit=limit))


def _pairs(columns: Sequence[str]) -> dict[str, str]:
    parted = [one.partition("=") for one in columns]
    for name, equals, column in parted:
        if not (name and equals and column):
            raise SetupError(
                f"--column {name + equals + column!r} is not of the form gold=solution"
            )
    return {name: column for name, _, column in parted}


def _journal_path(out: Path) -> Path:
    if out.suffix != _PARQUET:
        return out
    require("data")
    journal = out.with_name(f"{out.name}.jsonl")
    if out.exists() and not journal.exists():
        raise SetupError(
            f"{str(out)!r} is there, but not {journal.name!r} that it was written from; give "
            "another --out"
        )
    return journal


def _tell(lines: Sequence[Line], *, as_json: bool) -> None:
    if not as_json:
        show(lines)
        return
    told = [
        asdict(line) | {"accuracy": line.right.value, "interval": line.right.interval}
        for line in lines
    ]
    typer.echo(json.dumps(told, indent=2))
