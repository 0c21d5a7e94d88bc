"""`orchestrator fit category`: labelled questions in, a category router's artifact out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, get_args

import typer

from orchestrator.errors import SetupError
from routers.artifacts import Manifest
from routers.base import RouterError
from routers.embeddings import EmbedderName
from routers.fit import fit_router, training_set
from routers.mapping import load_quality, namesake_quality
from routers.questions import load_questions, load_unknown


def fit_category(
    questions: Annotated[
        list[Path],
        typer.Option(help="JSON lines with `skill` and `question`; `frame` groups wordings."),
    ],
    unknown: Annotated[
        list[Path],
        typer.Option(
            help="JSON lines with `question` of no skill; `split` train, if any, is used."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder to write the artifact to.")],
    scores: Annotated[
        Path | None,
        typer.Option(
            help="JSON {expert: {skill: {right, asked}}}; without it each skill is served by the "
            "expert of its own name."
        ),
    ] = None,
    embedder: Annotated[
        list[str] | None, typer.Option(help="Heads to fit: static, minilm; both by default.")
    ] = None,
) -> None:
    """Fit a category router and write its artifact."""
    names = _embedders(embedder)
    try:
        data = training_set(load_questions(questions), load_unknown(unknown, split="train"))
        quality = (
            load_quality(scores, data.categories) if scores else namesake_quality(data.categories)
        )
        manifest = fit_router(data, out, quality=quality, embedders=names)
    except RouterError as exc:
        raise SetupError(str(exc)) from exc
    _print_summary(manifest, out, num_questions=len(data.known), num_unknown=len(data.unknown))


def _embedders(given: list[str] | None) -> tuple[EmbedderName, ...]:
    known: tuple[EmbedderName, ...] = get_args(EmbedderName)
    if bad := sorted(set(given or ()) - set(known)):
        raise SetupError(f"embedder {bad[0]!r} is not known; known: {list(known)}")
    return tuple(name for name in known if given is None or name in given)


def _print_summary(manifest: Manifest, out: Path, *, num_questions: int, num_unknown: int) -> None:
    typer.echo(
        f"fitted {len(manifest.categories)} categories on {num_questions} questions and "
        f"{num_unknown} unknown ones; measured on frames left out:"
    )
    for name, head in manifest.heads.items():
        figures = ", ".join(f"{key} {value:.3f}" for key, value in head.metrics.items())
        typer.echo(f"  {name}: {figures}, tau {head.tau:.3f}")
    typer.echo(f"wrote {out}")
