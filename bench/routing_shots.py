"""What `orchestrator fit task` is worth: `python -m bench.routing_shots`, one line of JSON.

Each category of the recorded answers is a task that was never seen: some of its questions are the
examples, the rest tries who was chosen, by the examples alone and with what is known of other
categories. Beside them stands the expert that is best on the other categories.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.answer_table import AnswerTable, read_answers
from bench.routing_answers import POOLS
from routers.shots import rank_by_shots

NUM_EXAMPLES = (5, 10, 20, 50)
NUM_DRAWS = 20
NAMES = (
    "by the examples alone",
    "and by other categories",
    "best on other categories",
    "best on the rest",
    "any of three kept",
)
#: Blind guessing among ten options.
GUESS_SHARE = 0.1


def figures() -> dict[str, Any]:
    """By pool and number of examples: per cent right on the rest of a category."""
    table = read_answers()
    return {name: _of_pool(table.of(models)) for name, models in POOLS.items()}


def _of_pool(table: AnswerTable) -> dict[str, Any]:
    return {str(num): _of_shots(table, num) for num in NUM_EXAMPLES}


def _of_shots(table: AnswerTable, num: int) -> dict[str, float]:
    dice, categories = np.random.default_rng(num), np.array(table.categories)
    tried = [
        _tried(table, categories == category, num, dice)
        for category in sorted(set(table.categories))
        for _ in range(NUM_DRAWS)
    ]
    means = np.mean(tried, axis=0).tolist()
    return {name: round(100 * mean, 1) for name, mean in zip(NAMES, means, strict=True)}


def _tried(
    table: AnswerTable, is_task: NDArray[np.bool_], num: int, dice: np.random.Generator
) -> tuple[float, ...]:
    """Shares of the rest that are right, in the order of the names."""
    order = dice.permutation(np.flatnonzero(is_task))
    examples, rest = table.right[order[:num]], table.right[order[num:]]
    elsewhere = table.right[~is_task].mean(axis=0)
    alone, known = (
        [table.models.index(one.expert) for one in ranked[:3]]
        for ranked in (
            rank_by_shots(examples, experts=table.models, guess_share=GUESS_SHARE, known=one)
            for one in (None, elsewhere)
        )
    )
    means = rest.mean(axis=0)
    chosen = (alone[0], known[0], int(elsewhere.argmax()), int(means.argmax()))
    return (*(float(means[column]) for column in chosen), float(rest[:, known].max(axis=1).mean()))


if __name__ == "__main__":
    print(json.dumps(figures()))
    sys.exit(0)
