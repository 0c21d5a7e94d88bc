import numpy as np
import pytest

from routers.base import RouterError
from routers.shots import Suited, kept, rank_by_shots


def names(found):
    return [it.expert for it in found]


@pytest.mark.parametrize(
    ("right", "options", "message"),
    [
        (np.zeros((4, 2)), {}, "need 5 examples or more"),
        (np.zeros((9, 3)), {}, "each of 2 experts"),
        (np.full((9, 2), np.nan), {}, "row 0: expert 'a' has grade nan"),
        (np.zeros((9, 2)), {"guess_share": 1.0}, r"guess_share is 1\.0"),
        (np.zeros((9, 2)), {"diversity": 2.0}, r"diversity 2\.0"),
    ],
)
def test_examples_that_say_nothing_are_refused(right, options, message):
    with pytest.raises(RouterError, match=message):
        rank_by_shots(right, experts=["a", "b"], **options)


def test_who_solves_most_comes_first():
    right = np.array([[1, 0], [1, 0], [1, 1], [0, 1], [1, 0]], float)

    assert names(rank_by_shots(right, experts=["good", "poor"])) == ["good", "poor"]


def test_second_is_who_solves_what_the_first_does_not():
    right = np.zeros((10, 3))
    right[:7, 0] = right[:6, 1] = right[6:, 2] = 1

    found = rank_by_shots(right, experts=["first", "twin", "other"])

    assert names(found) == ["first", "other", "twin"]
    assert found[1].adds == pytest.approx(0.3)


def test_without_diversity_the_twin_is_second():
    right = np.zeros((10, 3))
    right[:7, 0] = right[:6, 1] = right[6:, 2] = 1

    found = rank_by_shots(right, experts=["first", "twin", "other"], diversity=0.0)

    assert names(found) == ["first", "twin", "other"]


def test_a_blind_guesser_is_no_expert_whatever_it_adds():
    right = np.zeros((20, 3))
    right[:18, 0] = right[:12, 1] = right[19:, 2] = 1

    found = rank_by_shots(right, experts=["good", "fair", "guesser"], guess_share=0.25)

    assert names(found)[-1] == "guesser"
    assert found[-1].skill == 0


def suited(expert, skill, adds):
    return Suited(expert=expert, skill=skill, adds=adds)


def test_where_all_guess_nobody_is_kept():
    with pytest.raises(RouterError, match="no expert solves more of the examples than guessing"):
        kept([suited("a", 0.0, 0.3), suited("b", 0.0, 0.1)], most=3)


def test_guessers_and_those_who_add_nothing_are_not_kept():
    ranked = [
        suited("first", 0.8, 0.0),
        suited("twin", 0.7, 0.0),
        suited("other", 0.2, 0.1),
        suited("guesser", 0.0, 0.1),
    ]

    assert names(kept(ranked, most=3)) == ["first", "other"]


def test_no_more_are_kept_than_asked_for():
    ranked = [suited("a", 0.8, 0.8), suited("b", 0.7, 0.1), suited("c", 0.2, 0.1)]

    assert names(kept(ranked, most=2)) == ["a", "b"]


def test_a_few_lucky_examples_do_not_beat_what_is_known_of_an_expert():
    right = np.zeros((10, 2))
    right[:6, 0] = right[:7, 1] = 1  # 6 and 7 of 10
    known = np.array([0.8, 0.5])

    by_examples = rank_by_shots(right, experts=["known", "lucky"])
    with_known = rank_by_shots(right, experts=["known", "lucky"], known=known)

    assert names(by_examples) == ["lucky", "known"]
    assert names(with_known) == ["known", "lucky"]


def test_many_examples_beat_what_is_known_of_an_expert():
    right = np.zeros((400, 2))
    right[:200, 0] = right[:320, 1] = 1
    known = np.array([0.8, 0.5])

    found = rank_by_shots(right, experts=["known", "better"], known=known)

    assert names(found) == ["better", "known"]


@pytest.mark.parametrize("num_examples", [5, 12, 50])
def test_who_solves_a_task_goes_before_who_is_better_at_everything_else(num_examples):
    right = np.zeros((num_examples, 12))
    right[1:, 1] = 1  # all but one of them, and nobody else any
    known = np.array([0.41, *[0.08] * 11])
    experts = ["generalist", "specialist", *(f"other{number}" for number in range(10))]

    found = rank_by_shots(right, experts=experts, known=known)

    assert names(found)[0] == "specialist"


def test_who_is_first_is_not_chosen_by_what_it_adds():
    right = np.zeros((10, 2))
    right[:6, 0] = right[:7, 1] = 1

    found = rank_by_shots(
        right, experts=["known", "lucky"], known=np.array([0.8, 0.5]), diversity=1.0
    )

    assert names(found) == ["known", "lucky"]
