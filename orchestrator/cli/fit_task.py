"""`orchestrator fit task`: a few examples of a new task in, its experts in the registry out."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from orchestrator.cli.router_work import router_work
from orchestrator.cli.telling import AsJson, tell
from orchestrator.errors import RegistryError, SetupError
from orchestrator.registry.document import decode
from orchestrator.registry.expert_text import replace_text
from orchestrator.registry.loader import check_document, load
from orchestrator.registry.models import Registry
from orchestrator.registry.surroundings import Surroundings
from orchestrator.routing.task_entry import check_free, with_task
from routers.dataset_files import read_examples, read_outcomes
from routers.datasets import Answered, Example, Outcome, answered, data_sha256
from routers.shots import Suited, check_shots, kept, rank_by_shots

#: Other questions from which on they say something.
_MIN_KNOWN = 30

Floats = NDArray[np.float64]

_Examples = Annotated[
    list[Path], typer.Option(help="5 to 50 questions of the task with right answers.")
]
_Outcomes = Annotated[
    list[Path],
    typer.Option(help="What experts made of them, by `orchestrator profile`."),
]
_Registry = Annotated[
    Path, typer.Option(envvar="ORCHESTRATOR_REGISTRY", help="The registry file, to be written.")
]
_GuessShare = Annotated[
    float, typer.Option(help="What blind guessing reaches: 0.25 with four options.")
]
_Diversity = Annotated[
    float, typer.Option(help="How much counts what an expert adds to others, 0 to 1.")
]
_Known = Annotated[
    list[Path] | None,
    typer.Option(help="Outcomes of other questions: how good experts are elsewhere."),
]
_Url = Annotated[
    str | None, typer.Option(help="Running service that is asked what the outcomes lack.")
]


def fit_task(
    examples: _Examples,
    outcomes: _Outcomes,
    name: Annotated[str, typer.Option(help="Of the task; callers name it as a model.")],
    registry: _Registry = Path("experts.yaml"),
    keep: Annotated[int, typer.Option(min=1, help="Experts to write, at most.")] = 3,
    guess_share: _GuessShare = 0.0,
    diversity: _Diversity = 0.5,
    known: _Known = None,
    url: _Url = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the ranking.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a task of this name.")] = False,
    as_json: AsJson = False,
) -> None:
    """Rank experts by what they solve of a few examples, and write the task into the registry."""
    served = load(registry)
    check_free(served, name, may_replace=force or dry_run)
    with router_work("ranking experts"):
        asked = read_examples(examples)
        check_shots(len(asked))
        if url is not None:
            _ask(examples, outcomes, url)
        made = read_outcomes(outcomes)
        table = _table(asked, made, served)
        ranked = rank_by_shots(
            table.scores,
            experts=table.experts,
            guess_share=guess_share,
            diversity=diversity,
            known=_elsewhere(table, [*made, *(read_outcomes(known) if known else ())]),
        )
        chosen = kept(ranked, most=keep)
    if not as_json:
        _show(table, ranked, chosen)
    if not dry_run:
        note = f"`orchestrator fit task`, {len(asked)} examples, {data_sha256(table)[:12]}"
        _write(registry, served, name, chosen, note=note)
    names = ", ".join(one.expert for one in chosen)
    line = f"wrote task {name!r} to {registry}: {names}; callers ask for model {name!r}"
    if as_json or not dry_run:
        ranking = [asdict(one) for one in ranked]
        told = {"chosen": [one.expert for one in chosen], "ranking": ranking}
        tell(line, as_json=as_json, task=name, is_written=not dry_run, **told)


def _ask(examples: Sequence[Path], outcomes: Sequence[Path], url: str) -> None:
    from orchestrator.cli.profile import profile

    if len(outcomes) != 1:
        raise SetupError("what a service is asked is written to one file: give one --outcomes")
    profile(questions=list(examples), out=outcomes[0], url=url)


def _elsewhere(table: Answered, outcomes: Sequence[Outcome]) -> Floats | None:
    """Accuracy of each expert on other questions that all were asked, where these are enough."""
    examples = {example.id for example in table.examples}
    by_id: dict[str, dict[str, float]] = defaultdict(dict)
    for one in outcomes:
        if one.id not in examples and one.expert in table.experts:
            by_id[one.id][one.expert] = one.score
    rows = [
        [scores[expert] for expert in table.experts]
        for scores in by_id.values()
        if len(scores) == len(table.experts)
    ]
    if len(rows) < _MIN_KNOWN:
        typer.echo(
            f"{len(rows)} other questions were put to all of these experts: without {_MIN_KNOWN} "
            "or more, which tell how good they are elsewhere, the examples alone rank them "
            "(--known)",
            err=True,
        )
        return None
    return np.asarray(np.array(rows).mean(axis=0))


def _table(
    examples: Sequence[Example], outcomes: Sequence[Outcome], registry: Registry
) -> Answered:
    """Scores of every expert of the registry that was asked all examples."""
    table = answered(examples, outcomes)
    num_lacking = np.isnan(table.scores).sum(axis=0)
    whole = [
        number
        for number, expert in enumerate(table.experts)
        if not num_lacking[number] and registry.expert(expert) is not None
    ]
    for number, expert in enumerate(table.experts):
        if registry.expert(expert) is None:
            typer.echo(f"left out: {expert!r} is not in the registry", err=True)
        elif num_lacking[number]:
            lacking = f"{num_lacking[number]} of {len(examples)} examples"
            typer.echo(f"left out: {expert!r} was not asked {lacking}", err=True)
    if not whole:
        raise SetupError(
            f"no expert of the registry has an outcome for each of {len(examples)} examples; have "
            "them asked: --url URL, or `orchestrator profile`"
        )
    return Answered(
        examples=table.examples,
        experts=tuple(table.experts[number] for number in whole),
        scores=table.scores[:, whole],
    )


def _show(table: Answered, ranked: Sequence[Suited], chosen: Sequence[Suited]) -> None:
    right = dict(zip(table.experts, table.scores.sum(axis=0), strict=True))
    shown = Table("", "expert", "right", "solves above guessing", "adds", box=None)
    for place, one in enumerate(ranked, 1):
        shown.add_row(
            str(place) if one in chosen else "",
            one.expert,
            f"{right[one.expert]:g} of {len(table.examples)}",
            f"{one.skill:.1%}",
            f"{one.adds:.1%}",
        )
    Console().print(shown)


def _write(
    path: Path, registry: Registry, name: str, chosen: Sequence[Suited], *, note: str
) -> None:
    """Write the file, once what it will say has passed the check of `orchestrator check`."""
    text = path.read_bytes().decode("utf-8")
    changed = with_task(text, registry, name, chosen, note=note, file=str(path))
    where = Surroundings(folder=path.absolute().parent, environ=os.environ)
    checked = check_document(decode(changed.encode(), file=str(path)), where)
    if checked.registry is None:
        raise RegistryError("\n".join(str(fault) for fault in checked.faults))
    replace_text(path, changed)
