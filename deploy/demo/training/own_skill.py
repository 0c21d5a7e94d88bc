"""How well a network answers held-out questions of one skill: what is compared before and after."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from transformers import PreTrainedModel

from .evaluate import Score, answers, is_right, load_heldout
from .heldout import Question

KINDS = ("plain", "decoy")


@cache
def questions_of(skill: str) -> tuple[Question, ...]:
    """The 190 plain and decoy questions of a skill."""
    return tuple(q for q in load_heldout() if q.skill == skill and q.kind in KINDS)


def score(network: PreTrainedModel, questions: Sequence[Question]) -> Score:
    """How many of the questions are answered exactly."""
    said = answers(network, [question.question for question in questions])
    right = [is_right(question, text) for question, text in zip(questions, said, strict=True)]
    return Score(num_right=sum(right), num_asked=len(right))
