"""`orchestrator fit neighbours`: questions with outcomes in, a neighbours router's artifact out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, get_args

import typer

from orchestrator.cli.fit_options import TableFolder
from orchestrator.errors import SetupError
from routers.base import RouterError
from routers.dataset_files import read_answered
from routers.embeddings import EmbedderName
from routers.neighbour_files import NeighboursManifest, write_neighbours
from routers.static_files import embedder_to_carry, table_of


def fit_neighbours(
    questions: Annotated[
        list[Path], typer.Option(help="Questions: JSONL, CSV, parquet or a dataset's folder.")
    ],
    outcomes: Annotated[
        list[Path], typer.Option(help="What experts made of them: `orchestrator profile`.")
    ],
    out: Annotated[Path, typer.Option(help="Folder to write the artifact to.")],
    embedder: Annotated[
        str, typer.Option(help="static (under 1 ms a decision) or minilm (better, 20 ms and more).")
    ] = "static",
    table: TableFolder = None,
    split: Annotated[str, typer.Option(help="Only questions of this split; all by default.")] = "",
) -> None:
    """Fit a neighbours router and write its artifact."""
    name = _embedder(embedder)
    try:
        asked = read_answered(questions, outcomes, split=split)
        carried = embedder_to_carry(name, table=table_of(table, names=[name]))
        manifest = write_neighbours(asked, out, name=name, of=carried)
    except RouterError as exc:
        raise SetupError(str(exc)) from exc
    typer.echo("\n".join(_summary(manifest, out, num_questions=len(asked.examples))))


def _embedder(given: str) -> EmbedderName:
    known: tuple[EmbedderName, ...] = get_args(EmbedderName)
    for name in known:
        if name == given:
            return name
    raise SetupError(f"embedder {given!r} is not known; known: {list(known)}")


def _summary(manifest: NeighboursManifest, out: Path, *, num_questions: int) -> list[str]:
    kept = manifest.num_references
    drawn = "" if kept == num_questions else f", {kept} of them drawn as references"
    kernel = manifest.kernel
    told = f"fitted {len(manifest.experts)} experts on {num_questions} questions{drawn}; "
    strengths = f"strengths {kernel.difficulty:.3g} and {kernel.difference:.3g}"
    return [
        told + "each told by the others:",
        *(f"  {name}: {value:.3f}" for name, value in manifest.metrics.items()),
        f"  {kernel.k} neighbours, width {kernel.width:g}, {strengths}",
        f"wrote {out}",
    ]
