"""`orchestrator fit recall`: known answers, and how alike a question must be to have one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli import fit_options as given
from orchestrator.cli.fit_options import AsJson, tell_fitted
from orchestrator.cli.router_work import router_work
from routers.dataset_files import of_split, read_examples, read_outcomes
from routers.fit_recall import agreed_answers, gold_answers
from routers.recall_files import RecallManifest, write_recall


def fit_recall(
    questions: given.Questions,
    out: given.Out,
    outcomes: Annotated[
        list[Path] | None,
        typer.Option(help="Answers of experts; what they agree on is known, not the data's own."),
    ] = None,
    agreement: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the experts asked that must agree.")
    ] = 0.7,
    precision: Annotated[
        float, typer.Option(help="How often an answer to a question alike must be the same.")
    ] = 0.98,
    split: given.Split = "",
    as_json: AsJson = False,
) -> None:
    """Write known answers and the likeness from which a question has one."""
    with router_work("gathering known answers"):
        examples = read_examples(questions)
        asked = of_split(examples, split)
        if outcomes:
            found = read_outcomes(outcomes, examples=examples)
            answers = agreed_answers(asked, found, least_share=agreement)
        else:
            answers = gold_answers(asked)
        manifest = write_recall(answers, out, precision=precision)
    tell_fitted(_summary(manifest, out), manifest, out, as_json=as_json)


def _summary(manifest: RecallManifest, out: Path) -> list[str]:
    figures, least = manifest.metrics, manifest.least_likeness
    lines = [f"{manifest.num_known} answers are known"]
    if figures["conflicting"]:
        lines.append(f"  {figures['conflicting']:.0f} repeat a question, or contradict another")
    if least is None:
        lines.append(
            f"  no likeness is right in {manifest.precision:.1%} of left-out questions, "
            "so only repeats are answered"
        )
    else:
        lines.append(
            f"  from a likeness of {least:.2f} on, {figures['covered_left_out']:.1%} of questions "
            f"left out are answered, {figures['right_left_out']:.1%} of them right "
            f"({figures['right_low']:.1%} to {figures['right_high']:.1%})"
        )
    return [*lines, f"wrote {out}"]
