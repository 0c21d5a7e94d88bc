"""Options that several kinds of `orchestrator fit` share."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.telling import AsJson as AsJson
from orchestrator.cli.telling import tell
from routers.sealed import Seal

Questions = Annotated[
    list[Path], typer.Option(help="Questions: JSONL, CSV, parquet or a dataset's folder.")
]
Outcomes = Annotated[
    list[Path], typer.Option(help="What experts made of them: `orchestrator profile`.")
]
Out = Annotated[Path, typer.Option(help="Folder to write the artifact to.")]
Embedders = Annotated[
    list[str] | None,
    typer.Option("--embedder", help="Embeddings it can go by: static, minilm; both by default."),
]
Split = Annotated[str, typer.Option(help="Only questions of this split; all by default.")]
TableFolder = Annotated[
    Path | None,
    typer.Option(
        "--table",
        help="A fitted router whose static table is taken; by default one is distilled, which "
        "takes half a minute and the extra `train`.",
    ),
]


def tell_fitted(summary: Iterable[str], manifest: Seal, out: Path, *, as_json: bool) -> None:
    """What was fitted: in lines for people, or its manifest for programs."""
    facts = manifest.model_dump(mode="json")
    tell("\n".join(summary), as_json=as_json, artifact=out, manifest=facts)
