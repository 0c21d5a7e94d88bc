"""Answers that `orchestrator eval` lacks, asked of the registry's experts without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from orchestrator.cli.profile_run import asked
from orchestrator.profiling.asking import Asking
from orchestrator.profiling.journal import opened
from routers.dataset_files import of_split, read_examples
from routers.grading import check_gradable, grader_of


def ask_experts(
    questions: Sequence[Path],
    out: Path,
    *,
    registry: Path,
    splits: Sequence[str],
    grader: str | None,
) -> None:
    """Append what is not in `out` yet: an outcome a question and expert, as `profile` writes it.

    Args:
        questions: files of them, with right answers.
        out: outcomes, as JSON lines; what is there already is not asked again.
        registry: whose experts are asked.
        splits: of the questions that are asked; all of them if none.
        grader: of questions that name none.

    Raises:
        RouterError: a question cannot be graded.
        OrchestratorError: the experts cannot be started, or do not answer.
    """
    from orchestrator import Orchestrator  # here, since it loads all of a service

    asking = Asking(grader=grader_of(grader))
    every = read_examples(questions)
    wanted = [one for split in splits for one in of_split(every, split)] if splits else every
    check_gradable(wanted, grader=asking.grader, source=questions)
    with opened(out, every) as journal, Orchestrator(registry) as started:
        asyncio.run(asked(started.asynchronous(), wanted, asking, journal))
