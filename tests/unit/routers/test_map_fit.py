"""A category router's map, fitted on what experts answered."""

from pathlib import Path

import numpy as np
import pytest

from routers.artifacts import load_router, read_artifact
from routers.base import Prompts, RouterError
from routers.budget import MapTask, best_map
from routers.datasets import Answered, Example
from routers.map_fit import measured, write_map
from routers.spending import Costs

TOPIC = Path(__file__).parents[3] / "deploy" / "demo" / "routers" / "topic"
EXPERTS = ("cheap", "dear", "idle")


def answers(*, categories, experts=EXPERTS, labels=None) -> Answered:
    """Twenty questions a category: `dear` is right on all, `cheap` on half, `idle` on none."""
    named = [name for name in categories for _ in range(20)]
    examples = [
        Example(id=str(row), prompt="x", **(labels or (lambda name: {"category": name}))(name))
        for row, name in enumerate(named)
    ]
    half = np.arange(len(named)) % 2
    scores = np.stack([half, np.ones(len(named)), np.zeros(len(named))], axis=1)
    return Answered(examples=tuple(examples), experts=experts, scores=scores)


def test_a_category_without_questions_is_refused():
    with pytest.raises(RouterError, match=r"no question is of the categories \['sea'\]"):
        measured(answers(categories=("land",)), ("land", "sea"), data_sha256="0")


def test_questions_of_other_categories_are_counted_and_left_out():
    found = measured(answers(categories=("land", "moon")), ("land",), data_sha256="0")

    assert found.strange == {"moon": 20}
    assert found.traffic.tolist() == [20]


def test_a_question_counts_for_its_one_skill_where_it_has_no_category():
    table = answers(categories=("land",), labels=lambda name: {"skills": (name,)})

    found = measured(table, ("land",), data_sha256="0")

    assert found.quality.expert_by_category() == {"land": "dear"}


def test_the_router_follows_the_map_and_knows_only_its_experts(tmp_path):
    categories = read_artifact(TOPIC).manifest.categories
    data = measured(answers(categories=categories), categories, data_sha256="0")
    costs = {
        name: {"active_params_b": cost} for name, cost in zip(EXPERTS, (1.0, 9.0, 1.0), strict=True)
    }
    # All traffic but that of capitals is `dear`: its share is what the budget pays.
    traffic = np.where(np.array(categories) == "capitals", 1.0, 9.0)
    share = 1 / (9 * len(categories) - 8)
    task = MapTask(
        quality=data.quality,
        traffic=traffic,
        costs=Costs(by_expert=costs),
        budgets={"active_params_b": 9 - 8 * share},
    )

    write_map(TOPIC, tmp_path / "out", task, best_map(task), data_sha256="0")

    router = load_router(tmp_path / "out", fallback="dear")
    asked = ["What is the capital of France?", "Write 14 in Roman numerals."]
    routes = router.route(Prompts(texts=asked, candidates=frozenset(EXPERTS)))
    assert [route.chosen for route in routes] == [("cheap",), ("dear",)]
    manifest = read_artifact(tmp_path / "out").manifest
    assert manifest.experts == ("cheap", "dear")
    assert manifest.experts_by_category["capitals"] == ("dear", "cheap")
    assert manifest.budget.spent["active_params_b"] <= 9 - 8 * share


def test_a_map_of_other_categories_is_refused(tmp_path):
    data = measured(answers(categories=("land", "sea")), ("land", "sea"), data_sha256="0")
    task = MapTask(quality=data.quality, traffic=data.traffic, costs=Costs(by_expert={}))

    with pytest.raises(RouterError, match="has other categories than the map"):
        write_map(TOPIC, tmp_path / "out", task, best_map(task), data_sha256="0")
