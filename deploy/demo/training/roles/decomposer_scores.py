"""What the decomposer does: splits that are right, and what the experts make of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from random import Random
from typing import TypedDict

from transformers import PreTrainedModel

from ..evaluate import is_right, load_heldout
from ..heldout import Question
from .base import replies
from .decomposer import decomposer_prompt
from .figures import Percent, percent
from .pairs import Pair
from .panel import Panel
from .splits import carried_out, num_lines
from .tables import table_answer
from .two_step import two_step

_NUM_COMPOSED = 600
_ONE_IN = 3
"""Of the questions of one skill so many are asked one: their replies are as long as they are."""


class SplitFigures(TypedDict):
    """What becomes of two-skill questions, percent right."""

    whole: Percent
    """Not split: to the expert that the router chooses."""
    by_tables: Percent
    """Split, with right answers to the sub-questions: the decomposer alone."""
    by_skill: Percent
    """Split, each sub-question to the expert of its skill."""
    by_router: Percent
    """Split, each sub-question to the expert that the router chooses."""


class KeptFigures(TypedDict):
    """What becomes of questions of one skill."""

    kept: Percent
    """Repeated word for word."""
    one_line: Percent
    """Not split."""
    right_whole: Percent
    """Right, as the router has the question answered."""
    right_after: Percent
    """Right, when what the decomposer makes of it is answered."""


class DecomposerFigures(TypedDict):
    """Everything that its card tells."""

    two_skill: SplitFigures
    two_skill_with_attempt: SplitFigures
    """With the router's answer to the whole question as the first attempt."""
    by_pair: Mapping[str, Mapping[str, Percent]]
    one_skill: KeptFigures
    composed: Percent
    """Word for word right, of composed questions in patterns not trained on."""


def decomposer_figures(network: PreTrainedModel, panel: Panel) -> DecomposerFigures:
    """Greedy replies to the held-out questions, carried out in several ways."""
    questions = load_heldout()
    two = [question for question in questions if question.kind == "two_skill"]
    one = [question for question in questions if question.kind != "two_skill"][::_ONE_IN]
    first_attempts = panel.answer([question.question for question in two])
    said = _said(network, two, [""] * len(two))
    said_after = _said(network, two, first_attempts)
    return DecomposerFigures(
        two_skill=_splits(two, first_attempts, said, panel),
        two_skill_with_attempt=_splits(two, first_attempts, said_after, panel),
        by_pair=_by_pair(two, said, panel),
        one_skill=_kept(network, one, panel),
        composed=_composed(network),
    )


def _said(
    network: PreTrainedModel, questions: Sequence[Question], attempts: Sequence[str]
) -> list[str]:
    pairs = [
        Pair(prompt=decomposer_prompt(question.question, attempt), answer="")
        for question, attempt in zip(questions, attempts, strict=True)
    ]
    return replies(network, pairs)


def _right(questions: Sequence[Question], said: Sequence[str | None]) -> list[bool]:
    return [is_right(q, text or "") for q, text in zip(questions, said, strict=True)]


def _splits(
    questions: Sequence[Question], whole: Sequence[str], said: Sequence[str], panel: Panel
) -> SplitFigures:
    return SplitFigures(
        whole=percent(_right(questions, whole)),
        by_tables=percent(_right(questions, carried_out(said, _from_tables))),
        by_skill=percent(_right(questions, carried_out(said, panel.answer_known))),
        by_router=percent(_right(questions, carried_out(said, panel.answer))),
    )


def _from_tables(questions: Sequence[str]) -> list[str | None]:
    return [table_answer(question) for question in questions]


def _by_pair(
    questions: Sequence[Question], said: Sequence[str], panel: Panel
) -> dict[str, dict[str, Percent]]:
    """Right splits and right answers by pair of skills."""
    rows: dict[str, list[int]] = defaultdict(list)
    for i, question in enumerate(questions):
        rows[" > ".join(question.skills)].append(i)
    outcomes = {
        "by_tables": _right(questions, carried_out(said, _from_tables)),
        "by_router": _right(questions, carried_out(said, panel.answer)),
    }
    return {
        pair: {name: percent([right[i] for i in mine]) for name, right in outcomes.items()}
        for pair, mine in sorted(rows.items())
    }


def _kept(network: PreTrainedModel, questions: Sequence[Question], panel: Panel) -> KeptFigures:
    said = _said(network, questions, [""] * len(questions))
    asked = [question.question for question in questions]
    return KeptFigures(
        kept=percent([text == question for text, question in zip(said, asked, strict=True)]),
        one_line=percent([num_lines(text) == 1 for text in said]),
        right_whole=percent(_right(questions, panel.answer(asked))),
        right_after=percent(_right(questions, carried_out(said, panel.answer))),
    )


def _composed(network: PreTrainedModel) -> Percent:
    rng = Random("decomposer-dev")
    drawn = [two_step(rng, "dev") for _ in range(_NUM_COMPOSED)]
    pairs = [Pair(prompt=asked.text, answer="\n".join(asked.lines)) for asked in drawn]
    said = replies(network, pairs)
    return percent([pair.answer == text for pair, text in zip(pairs, said, strict=True)])
