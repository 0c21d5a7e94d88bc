"""`orchestrator fit blend`: weights of several routers, fitted on questions none of them knows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli import fit_options as given
from orchestrator.cli.fit_options import AsJson, tell_fitted
from orchestrator.cli.registry_routers import routers_of
from orchestrator.cli.router_work import router_work
from orchestrator.errors import SetupError
from routers.blend_files import BlendManifest, write_blend
from routers.dataset_files import read_answered


def fit_blend(
    questions: Annotated[
        list[Path], typer.Option(help="Questions that none of the routers was fitted on.")
    ],
    outcomes: given.Outcomes,
    routers: Annotated[str, typer.Option(help="Routers of the registry, separated by commas.")],
    out: given.Out,
    registry: Annotated[Path, typer.Option(help="The registry file.")] = Path("experts.yaml"),
    split: given.Split = "",
    as_json: AsJson = False,
) -> None:
    """Fit the weights of a blend and write its artifact."""
    names = list(dict.fromkeys(name.strip() for name in routers.split(",") if name.strip()))
    if len(names) < 2:
        raise SetupError(f"--routers names {names}; a blend takes two or more")
    loaded = routers_of(registry, names)
    with router_work("weighing routers"):
        table = read_answered(questions, outcomes, split=split)
        manifest = write_blend(loaded, table, out)
    tell_fitted(
        _summary(manifest, out, num_questions=len(table.examples)), manifest, out, as_json=as_json
    )


def _summary(manifest: BlendManifest, out: Path, *, num_questions: int) -> list[str]:
    lines = [f"weighed {len(manifest.members)} routers on {num_questions} questions:"]
    lines += [f"  {name}: {member.weight:.3f}" for name, member in manifest.members.items()]
    figures = ", ".join(f"{name} {value:.3f}" for name, value in manifest.metrics.items())
    return [*lines, f"on questions left out: {figures}", f"wrote {out}"]
