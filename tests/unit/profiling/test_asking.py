"""How questions are put, and which are left."""

import pytest

from orchestrator.errors import SetupError
from orchestrator.profiling.asking import Asking, asks_left
from orchestrator.profiling.sampling import drawn
from routers.datasets import Example

EXAMPLES = [Example(id=f"q{i}", prompt=f"{i}?") for i in range(20)]


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"template": "Answer:"}, r"'Answer:' has no \{prompt\}"),
        ({"num_samples": 3}, "3 samples at temperature 0 are all alike"),
    ],
)
def test_an_asking_that_makes_no_sense_is_refused(wrong, fault):
    with pytest.raises(SetupError, match=fault):
        Asking(**wrong)


def test_a_question_is_put_in_its_template():
    asking = Asking(template="{prompt}\nOne word.", system="Be brief.")

    assert asking.messages("Who? {prompt}") == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Who? {prompt}\nOne word."},
    ]


def test_samples_are_drawn_by_seeds_of_their_own():
    asking = Asking(temperature=0.7, seed=5, num_samples=2)

    assert [asking.options(i)["seed"] for i in range(2)] == [5, 6]
    assert "seed" not in Asking().options(0)


def test_every_way_of_asking_is_told_apart():
    others = ({}, {"template": "Q: {prompt}"}, {"system": "x"}, {"temperature": 1.0},
              {"temperature": 1.0, "seed": 1}, {"max_tokens": 9}, {"grader": "set"},
              {"is_scored": True})  # fmt: skip

    assert len({Asking(**other).told for other in others}) == len(others)


def test_more_samples_go_on_with_those_that_are_there():
    few, many = (Asking(temperature=1.0, num_samples=n) for n in (1, 4))
    left = asks_left(
        EXAMPLES[:2], "a", num_samples=2, done={("q0", "a", 0), ("q1", "b", 0), ("q1", "a", 1)}
    )

    assert few.told == many.told
    assert [(ask.example.id, ask.sample) for ask in left] == [("q1", 0), ("q0", 1)]


def test_a_larger_draw_holds_every_smaller_one():
    draws = [drawn(EXAMPLES, limit=limit) for limit in (3, 10, None)]

    assert [len(draw) for draw in draws] == [3, 10, 20]
    assert {one.id for one in draws[0]} < {one.id for one in draws[1]}
    assert draws[1] == [one for one in EXAMPLES if one in draws[1]]
