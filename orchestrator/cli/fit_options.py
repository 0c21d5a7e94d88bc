"""Options that several kinds of `orchestrator fit` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

TableFolder = Annotated[
    Path | None,
    typer.Option(
        "--table",
        help="A fitted router whose static table is taken; by default one is distilled, which "
        "takes half a minute and the extra `train`.",
    ),
]
