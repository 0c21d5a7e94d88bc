"""Symbolic-MoE over 300 questions on one slot: swaps by plan, stage by stage.

The least that stages in turn can do is one swap for each expert that a stage uses.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict

from bench.batch_slot import batch_slot, line, questions
from bench.report import Outcome, Target
from bench.setup import Setup
from orchestrator.engines.embedding import AnyCall

NAME = "staged"
_SHARE = "swaps by the experts used in each stage, summed"
TARGETS = (Target(name=_SHARE, sense="<=", limit=1.0),)
NUM_QUESTIONS = 300
_MODEL = "symbolic-moe"


def measure(setup: Setup) -> Outcome:
    """Run the questions as one batch, on one engine."""
    return asyncio.run(_measure(setup, num_questions=NUM_QUESTIONS))


async def _measure(setup: Setup, *, num_questions: int) -> Outcome:
    asked = questions()
    lines = [
        line(place, _MODEL, f"{place}: {asked[place % len(asked)].text}")
        for place in range(num_questions)
    ]
    async with batch_slot(setup.root / "deploy/demo/compositions.yaml") as site:
        used: dict[str, set[str]] = defaultdict(set)
        ours = await site.run_planned(lines, heard=lambda call: used[_stage(call)].add(call.expert))
    least = sum(len(experts) for experts in used.values())
    return Outcome(
        values={_SHARE: ours.num_swaps / least},
        figures={
            "questions": num_questions,
            "experts_by_stage": {stage: sorted(experts) for stage, experts in used.items()},
            **ours.figures(),
        },
        rows=[
            ("staged: experts of each stage", " + ".join(str(len(e)) for e in used.values())),
            ("staged: swaps", f"{ours.num_swaps} in {ours.wall_s:.1f} s"),
        ],
    )


def _stage(call: AnyCall) -> str:
    """Calls are named by their request, and the place of their stage and theirs in it."""
    return call.id.rpartition("-")[2].partition(".")[0]
