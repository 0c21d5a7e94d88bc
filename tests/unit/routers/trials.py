"""Trials small enough to be checked by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from routers.datasets import Example, Outcome, answered
from routers.spending import Costs
from routers.trial import NOT_STATED, Trial, trial_of


def outcomes_of(answers: Mapping[str, str], *, gold: str) -> list[Outcome]:
    """Each expert's answers, a letter a question, `.` for none; right where `gold` has the same."""
    return [
        Outcome(
            id=str(number),
            expert=expert,
            score=float(answer == right),
            answer=None if answer == "." else answer,
            tokens=10 * (number + 1),
        )
        for expert, own in answers.items()
        for number, (answer, right) in enumerate(zip(own, gold, strict=True))
        if answer != "-"
    ]


def examples_of(num: int, *, prompts: Sequence[str] = (), categories: str = "") -> list[Example]:
    """Questions called 0, 1, 2; a letter of `categories` each."""
    return [
        Example(
            id=str(number),
            prompt=prompts[number] if prompts else f"question {number}",
            category=categories[number] if categories else None,
            row=number + 1,
        )
        for number in range(num)
    ]


def trial(
    answers: Mapping[str, str],
    *,
    gold: str,
    categories: str = "",
    prompts: Sequence[str] = (),
    num_fitted: int = 0,
    stated: Costs = NOT_STATED,
) -> Trial:
    """A trial on all questions but the first `num_fitted`."""
    outcomes = outcomes_of(answers, gold=gold)
    examples = examples_of(len(gold), categories=categories, prompts=prompts)
    return trial_of(
        answered(examples, outcomes),
        outcomes,
        tried=range(num_fitted, len(gold)),
        fitted=range(num_fitted),
        stated=stated,
    )
