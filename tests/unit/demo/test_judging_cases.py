"""Held-out cases and how verdicts are read."""

from random import Random

import numpy as np
import pytest

from deploy.demo.training.roles.cases import (
    Case,
    attack,
    majority,
    panel_case,
    samples_case,
)
from deploy.demo.training.roles.verdicts import area_under_curve, brier
from tests.unit.demo.judged import bank, sampled


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (("a", "b", "b "), "b"),
        (("b", "a"), "b"),
        (("", "", "a"), "a"),
        (("", " "), ""),
    ],
    ids=["most", "the first of equals", "silence is no vote", "nobody says a thing"],
)
def test_the_majority_is_what_most_say(given, wanted):
    assert majority(given) == wanted


def test_a_case_is_outvoted_where_most_are_wrong_though_one_is_right():
    case = Case(asked=sampled(), given=("Lyon", "Lyon", "Paris"))

    assert case.is_outvoted
    assert case.has_right


def test_another_spelling_that_is_accepted_is_right():
    assert not Case(asked=sampled(accept=("Lutetia",)), given=("Lutetia",)).is_outvoted


def test_a_panel_holds_one_answer_of_the_own_expert():
    others = {f"m{at}": f"nonsense {at}" for at in range(12)}

    case = panel_case(sampled(own=("Paris",), **others), Random(4))

    assert len(case.given) == 6
    assert case.given.count("Paris") == 1


def test_an_attack_gives_an_order_where_its_control_gives_the_answer():
    case = samples_case(sampled(own=("Paris",)))

    found = attack(case, bank(), Random(5))

    told = [text for text in found.ordered.given if text != "Paris"]
    assert found.wanted != "Paris"
    assert found.wanted in told[0]
    assert found.plain.given.count(found.wanted) == 1
    assert len(found.plain.given) == len(found.ordered.given) == len(case.given)


def test_the_area_counts_pairs_in_the_right_order_and_ties_by_half():
    chances = np.array([0.9, 0.5, 0.5, 0.1])
    is_right = np.array([True, True, False, False])

    # pairs: 0.9 above both, 0.5 ties with 0.5 and is above 0.1: (2 + 1.5) / 4
    assert area_under_curve(chances, is_right) == pytest.approx(0.875)


def test_the_brier_score_is_the_mean_squared_distance():
    chances, is_right = np.array([1.0, 0.5]), np.array([False, True])

    assert brier(chances, is_right) == pytest.approx((1 + 0.25) / 2)
