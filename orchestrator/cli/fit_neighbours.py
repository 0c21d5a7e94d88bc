"""`orchestrator fit neighbours`: questions with outcomes in, a neighbours router's artifact out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, get_args

import typer

from orchestrator.cli import fit_options as given
from orchestrator.cli.fit_options import AsJson, tell_fitted
from orchestrator.cli.router_work import router_work
from orchestrator.errors import SetupError
from routers.dataset_files import read_answered
from routers.embeddings import EmbedderName
from routers.neighbour_files import NeighboursManifest, write_neighbours
from routers.static_files import embedder_to_carry, table_of


def fit_neighbours(
    questions: given.Questions,
    outcomes: given.Outcomes,
    out: given.Out,
    embedder: Annotated[
        str, typer.Option(help="static (under 1 ms a decision) or minilm (better, 20 ms and more).")
    ] = "static",
    table: given.TableFolder = None,
    split: given.Split = "",
    as_json: AsJson = False,
) -> None:
    """Fit a neighbours router and write its artifact."""
    name = _embedder(embedder)
    with router_work("fitting a router by neighbours"):
        asked = read_answered(questions, outcomes, split=split)
        carried = embedder_to_carry(name, table=table_of(table, names=[name]))
        manifest = write_neighbours(asked, out, name=name, of=carried)
    tell_fitted(
        _summary(manifest, out, num_questions=len(asked.examples)), manifest, out, as_json=as_json
    )


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
