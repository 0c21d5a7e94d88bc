"""`orchestrator fit KIND`: from data to the folder that a router of one kind is served from.

To add `fit skill`: `orchestrator/cli/fit_skill.py` with one function `fit_skill`, and a row here.
"""

from __future__ import annotations

import typer

from orchestrator.cli.commands import Command, group_of

FITS: dict[str, Command] = {
    "category": Command(help="Fit a category router on questions with categories.", extra="train"),
    "neighbours": Command(help="Fit a router on what experts made of questions.", extra="train"),
    "blend": Command(help="Weigh several routers of a registry.", extra="routers"),
    "cascade": Command(help="Fit when a cheap expert's answer is taken.", extra="routers"),
    "recall": Command(
        help="Write known answers and how alike a question must be.", extra="routers"
    ),
    "map": Command(help="Fit a category router's map of experts within budgets.", extra="train"),
    "task": Command(help="Rank experts for a new task by a few examples.", extra="routers"),
    "skill": Command(help="Fit a skill router on what experts answered.", extra="routers"),
}

fit = typer.Typer(
    cls=group_of(FITS, prefix="fit_"),
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)


@fit.callback()
def _described() -> None:
    """Fit a router on questions or on what experts answered."""
