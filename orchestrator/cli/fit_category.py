"""`orchestrator fit category`: labelled questions in, a category router's artifact out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, TypeVar, get_args

import typer

from orchestrator.cli.fit_options import AsJson, Embedders, TableFolder, tell_fitted
from orchestrator.cli.proposals import propose
from orchestrator.cli.router_work import router_work
from orchestrator.errors import SetupError
from routers.artifacts import ClassifierName, Manifest
from routers.dataset_files import read_answered, read_texts
from routers.datasets import data_sha256
from routers.embeddings import EmbedderName
from routers.fit import fit_router
from routers.map_fit import measured
from routers.mapping import Quality, load_quality, namesake_quality
from routers.questions import load_questions, load_unknown
from routers.static_files import table_of
from routers.training import TrainingSet, training_set

T = TypeVar("T")

_Questions = Annotated[
    list[Path] | None,
    typer.Option(help="JSON lines with `skill` and `question`; `frame` groups wordings."),
]
_Unknown = Annotated[
    list[Path] | None,
    typer.Option(help="JSON lines with `question` of no skill; `split` train, if any, is used."),
]
_Scores = Annotated[
    Path | None,
    typer.Option(
        help="JSON {expert: {skill: {right, asked}}}; without scores and outcomes each skill "
        "is served by the expert of its own name."
    ),
]
_Outcomes = Annotated[
    list[Path] | None,
    typer.Option(help="What `orchestrator profile` wrote of some of the questions."),
]
_Classifier = Annotated[
    str, typer.Option(help="linear, or neighbours: the labelled prompts nearest to a new one.")
]
_Unlabelled = Annotated[
    list[Path] | None,
    typer.Option(help="JSON lines with `question`; labels are spread over them."),
]
_Discover = Annotated[
    list[Path] | None,
    typer.Option(
        help="JSON lines with `question`: instead of a fit, new categories are proposed from "
        "those that --router is unsure of."
    ),
]
_Router = Annotated[Path | None, typer.Option(help="The fitted folder that --discover goes by.")]


def fit_category(
    out: Annotated[Path, typer.Option(help="Folder to write the artifact, or proposals, to.")],
    questions: _Questions = None,
    unknown: _Unknown = None,
    scores: _Scores = None,
    outcomes: _Outcomes = None,
    embedder: Embedders = None,
    table: TableFolder = None,
    classifier: _Classifier = "linear",
    unlabelled: _Unlabelled = None,
    discover: _Discover = None,
    router: _Router = None,
    as_json: AsJson = False,
) -> None:
    """Fit a category router and write its artifact."""
    with router_work("fitting a category router"):
        if discover:
            _refuse(questions, "--questions", "is for a fit, --discover for traffic: give one")
            propose(discover, router=_needed(router, "--router"), out=out, as_json=as_json)
            return
        _refuse(router, "--router", "is what --discover goes by: give that too, or leave it out")
        names, chosen = _embedders(embedder), _classifier(classifier)
        questions = _needed(questions, "--questions")
        data = training_set(
            load_questions(questions),
            load_unknown(_needed(unknown, "--unknown"), split="train"),
            read_texts(unlabelled) if unlabelled else (),
        )
        if outcomes:
            _refuse(scores, "--scores", "says what --outcomes says: give one")
            quality = _measured(questions, outcomes, data.categories)
        elif scores:
            quality = load_quality(scores, data.categories)
        else:
            quality = namesake_quality(data.categories)
        manifest = fit_router(
            data,
            out,
            quality=quality,
            embedders=names,
            classifier=chosen,
            table=table_of(table, names=names),
        )
    tell_fitted(_summary(manifest, out, data), manifest, out, as_json=as_json)


def _measured(
    questions: Sequence[Path], outcomes: Sequence[Path], categories: Sequence[str]
) -> Quality:
    table = read_answered(questions, outcomes)
    return measured(table, categories, data_sha256=data_sha256(table)).quality


def _needed(given: T | None, option: str) -> T:
    if given is None:
        raise typer.BadParameter(f"{option} is needed")
    return given


def _refuse(given: object, option: str, why: str) -> None:
    if given:
        raise typer.BadParameter(f"{option} {why}")


def _embedders(given: list[str] | None) -> tuple[EmbedderName, ...]:
    known: tuple[EmbedderName, ...] = get_args(EmbedderName)
    if bad := sorted(set(given or ()) - set(known)):
        raise SetupError(f"embedder {bad[0]!r} is not known; known: {list(known)}")
    return tuple(name for name in known if given is None or name in given)


def _classifier(given: str) -> ClassifierName:
    known: tuple[ClassifierName, ...] = get_args(ClassifierName)
    for name in known:
        if name == given:
            return name
    raise SetupError(f"classifier {given!r} is not known; known: {list(known)}")


def _summary(manifest: Manifest, out: Path, data: TrainingSet) -> Iterator[str]:
    spread = f" and {len(data.unlabelled)} without a label" if data.unlabelled else ""
    yield (
        f"fitted {len(manifest.categories)} categories on {len(data.known)} questions, "
        f"{len(data.unknown)} unknown ones{spread}; measured on frames left out:"
    )
    for name, head in manifest.heads.items():
        figures = ", ".join(f"{key} {value:.3f}" for key, value in head.metrics.items())
        yield f"  {name}, {head.classifier}: {figures}, tau {head.tau:.3f}"
    yield f"wrote {out}"
