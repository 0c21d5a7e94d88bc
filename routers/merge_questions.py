"""The aggregator's test as questions that experts are asked like any others.

Its questions are written from recorded answers, put to every expert by `orchestrator profile`, and
come back as outcomes whose ids tell them apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from .aggregators import MergeTest, Solution, best_aggregator, merge_tests
from .base import RouterError
from .datasets import Example, Outcome

#: Ids of the test begin so.
PREFIX = "merge:"
_ASK = (
    "Several models answered the question below. Some answers may be wrong. Weigh them and give "
    "the one right answer, in the form the question asks for."
)


def is_merge_question(id_: str) -> bool:
    """Whether an id is of a question of the aggregator's test."""
    return id_.startswith(PREFIX)


def merge_questions(
    examples: Sequence[Example], outcomes: Sequence[Outcome], *, num_tests: int, seed: int
) -> tuple[Example, ...]:
    """Questions of the test, from what experts answered.

    Raises:
        RouterError: no question has a right and two wrong answers on record, and a gold one.
    """
    by_id = {it.id: it for it in examples if it.gold is not None and not is_merge_question(it.id)}
    solutions: dict[str, list[Solution]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.id in by_id and outcome.answer and outcome.sample == 0:
            solutions[outcome.id].append(
                Solution(expert=outcome.expert, text=outcome.answer, is_right=outcome.score >= 0.5)
            )
    tests = merge_tests(solutions, num_tests=num_tests, seed=seed)
    return tuple(_example(by_id[test.question], test) for test in tests)


def chosen_aggregator(outcomes: Sequence[Outcome]) -> tuple[str | None, float | None]:
    """The expert that merged right most often and how often; `None` where nobody was tested.

    Raises:
        RouterError: not all experts took the same tests.
    """
    scores: dict[str, dict[str, bool]] = defaultdict(dict)
    for outcome in outcomes:
        if is_merge_question(outcome.id) and outcome.sample == 0:
            scores[outcome.expert][outcome.id] = outcome.score >= 0.5
    if not scores:
        return None, None
    taken = {name: frozenset(own) for name, own in scores.items()}
    if len(set(taken.values())) > 1:
        counts = {name: len(own) for name, own in sorted(taken.items())}
        raise RouterError(f"experts must take the same aggregator's tests; they took {counts}")
    best, shares = best_aggregator({name: [*own.values()] for name, own in scores.items()})
    return best, round(shares[best].value, 4)


def _example(question: Example, test: MergeTest) -> Example:
    return Example(
        id=f"{PREFIX}{question.id}",
        prompt="\n\n".join([_ASK, f"Question:\n{question.prompt}", *_numbered(test)]),
        gold=question.gold,
        accepted=question.accepted,
        grader=question.grader,
    )


def _numbered(test: MergeTest) -> Iterator[str]:
    for number, solution in enumerate(test.solutions, start=1):
        yield f"Answer {number}:\n{solution.text}"
