"""`orchestrator eval`: what routers reach on questions, beside what any router has to beat."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.commands import require
from orchestrator.cli.eval_ask import ask_experts
from orchestrator.cli.eval_plain import plain
from orchestrator.cli.eval_routers import (
    keyword_router,
    read_registry,
    routers_of_folders,
    routers_of_registry,
    served_by_folders,
    served_by_registry,
)
from orchestrator.cli.eval_seen import folders_of, seen
from orchestrator.cli.eval_table import show
from orchestrator.cli.eval_trial import GENERAL, Data, best_known, trial_from
from orchestrator.cli.router_work import router_work
from orchestrator.errors import SetupError
from routers.base import RouterError
from routers.evaluate import Evaluation, evaluate
from routers.questions import load_unknown

_Questions = Annotated[
    list[Path],
    typer.Option(help="Questions: JSON lines, CSV, parquet or a folder of a data set."),
]
_Router = Annotated[
    list[str] | None,
    typer.Option(
        help="Folder written by `orchestrator fit`, or with --registry a router's id; all of "
        "the registry's by default."
    ),
]
_Registry = Annotated[Path | None, typer.Option(help="Registry file that has the router.")]
_Outcomes = Annotated[
    list[Path] | None,
    typer.Option(
        help="What every expert scored on the questions, as `orchestrator profile` writes it. "
        "Without it the expert of a question's category is right, and nobody else."
    ),
]
_FitSplit = Annotated[
    str,
    typer.Option(
        help="Questions that tell the best single expert; by default those not of --split, "
        "without one each half tells it to the other."
    ),
]
_Models = Annotated[
    Path | None,
    typer.Option(
        help="Costs: a CSV with `expert` and measures, or a registry (.yaml); with --registry "
        "that one by default."
    ),
]
_Fallback = Annotated[
    str | None,
    typer.Option(
        help="General expert of a router that is given as a folder; with --outcomes the best "
        "single one by default."
    ),
]
_Unknown = Annotated[
    Path | None, typer.Option(help="Questions of no skill; `split` heldout, if any, is used.")
]
_KeywordsFrom = Annotated[
    Path | None,
    typer.Option(help="Questions to learn a keyword router from, to compare with."),
]
_Ask = Annotated[
    Path | None,
    typer.Option(
        help="Outcomes to go by: what they lack the registry's experts, started for it, are asked "
        "first, and it is appended."
    ),
]
_Grader = Annotated[
    str | None, typer.Option(help="With --ask: how answers to questions that name none are read.")
]
_Html = Annotated[Path | None, typer.Option(help="Also write a report with plots to this file.")]


def eval(  # noqa: A001 - the command's name
    questions: _Questions,
    router: _Router = None,
    registry: _Registry = None,
    outcomes: _Outcomes = None,
    split: Annotated[str, typer.Option(help="Try these questions alone.")] = "",
    fit_split: _FitSplit = "",
    models: _Models = None,
    fallback: _Fallback = None,
    unknown: _Unknown = None,
    keywords_from: _KeywordsFrom = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    html: _Html = None,
    ask: _Ask = None,
    grader: _Grader = None,
) -> None:
    """Measure routers on questions with known categories or outcomes."""
    if html is not None:
        require("plot")
    if ask is not None:
        _ask(
            ask,
            questions,
            registry,
            splits=[split, fit_split] if split and fit_split else [],
            by=grader,
        )
    data = Data(
        questions=questions,
        outcomes=[*(outcomes or ()), *([ask] if ask is not None else ())],
        split=split,
        fit_split=fit_split,
        models=models,
    )
    wanted = _Wanted(
        names=router or (),
        registry=registry,
        fallback=fallback,
        keywords_from=keywords_from,
    )
    with router_work("measuring routers"):
        found = _evaluated(data, wanted, unknown)
    if html is not None:
        _write_page(found, html)
    if as_json:
        typer.echo(json.dumps(plain(found), indent=2))
    else:
        show(found)


def _ask(
    out: Path,
    questions: Sequence[Path],
    registry: Path | None,
    *,
    splits: Sequence[str],
    by: str | None,
) -> None:
    if registry is None:
        raise SetupError("--ask has the experts of a registry answer: give --registry too")
    try:
        ask_experts(questions, out, registry=registry, splits=splits, grader=by)
    except RouterError as exc:
        raise SetupError(str(exc)) from exc


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What is to be measured."""

    names: Sequence[str]
    registry: Path | None
    fallback: str | None
    keywords_from: Path | None


def _evaluated(data: Data, wanted: _Wanted, unknown: Path | None) -> Evaluation:
    if wanted.registry is None and not wanted.names:
        raise SetupError("name what is to be measured: --router FOLDER, or --registry FILE")
    registry = read_registry(wanted.registry) if wanted.registry else None
    folders = [] if registry else [Path(name) for name in wanted.names]
    served = served_by_registry(registry) if registry else served_by_folders(folders)
    tried = trial_from(data, registry=registry, served=served)
    trial = tried.trial
    general = wanted.fallback or (best_known(trial) if registry or data.outcomes else GENERAL)
    routers = (
        routers_of_registry(registry, wanted.registry, names=wanted.names)
        if registry and wanted.registry
        else routers_of_folders(folders, fallback=general)
    )
    fitted = folders_of(registry, wanted.names) if registry else folders
    for line in seen(fitted, tried.data_hashes):
        typer.echo(line, err=True)
    if wanted.keywords_from:
        routers["keywords"] = keyword_router(wanted.keywords_from, served, fallback=general)
    stray = load_unknown([unknown], split="heldout") if unknown else ()
    return evaluate(routers, trial, unknown=[question.text for question in stray])


def _write_page(found: Evaluation, path: Path) -> None:
    from orchestrator.cli.eval_page import page  # here, since its pictures need an extra

    try:
        path.write_text(page(found), encoding="utf-8")
    except OSError as exc:
        raise SetupError(f"{str(path)!r} cannot be written: {exc.strerror}") from exc
