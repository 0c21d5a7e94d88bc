"""The options of `orchestrator profile`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.profiling.asking import PROMPT

Questions = Annotated[
    list[Path],
    typer.Argument(help="JSON lines, CSV, parquet, arrow, or folders of them, with right answers."),
]
Out = Annotated[
    Path,
    typer.Option(
        help="Outcomes, as JSON lines that are appended to; or .parquet, which is written at the "
        "end from such lines beside it. What is there already is not asked again."
    ),
]
RegistryFile = Annotated[
    Path | None,
    typer.Option(
        "--registry", help="Start the experts of this registry for the run, in place of --url."
    ),
]
Experts = Annotated[
    list[str] | None,
    typer.Option("--expert", help="Expert to ask; repeat for several; all by default."),
]
Grader = Annotated[
    str | None,
    typer.Option(
        help="What answers are read as where questions have no column `grader`: number, option, "
        "boolean, set, latex, code, json or text."
    ),
]
Labels = Annotated[
    bool,
    typer.Option(
        "--with-labels/--without-labels",
        help="Without, questions need no right answer and answers are not graded: for "
        "`orchestrator fit skill --without-labels`.",
    ),
]
LogProbs = Annotated[
    bool,
    typer.Option(
        "--log-probs",
        help="Record how likely experts found their own answers, by which `orchestrator fit skill "
        "--without-labels` weighs them; experts that cannot tell are asked without.",
    ),
]
Split = Annotated[str, typer.Option(help="The only split to ask; all by default.")]
Limit = Annotated[
    int | None,
    typer.Option(min=1, help="Ask only so many, by a draw; a larger one asks them and more."),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column", help="Column of another name, such as `gold=solution`; repeat for several."
    ),
]
Template = Annotated[str, typer.Option(help=f"What is asked; {PROMPT} stands for the question.")]
System = Annotated[str, typer.Option(help="System prompt; none by default.")]
Samples = Annotated[int, typer.Option(min=1, help="Answers of each expert to each question.")]
Temperature = Annotated[float, typer.Option(min=0, max=2, help="Of sampling; 0 draws nothing.")]
Seed = Annotated[int, typer.Option(min=0, help="Of the first sample.")]
MaxTokens = Annotated[int, typer.Option(min=1, help="Longest answer, tokens.")]
AtOnce = Annotated[int, typer.Option(min=1, max=1024, help="Questions an expert has at once.")]
TimeoutS = Annotated[float, typer.Option(min=1, help="Longest silence of the service, seconds.")]
