import pytest

from routers.arms import MAJORITY, ORACLE, RANDOM, SINGLE, baselines, pareto, router_arms, voted
from routers.base import Route, RouterError
from routers.labelled import labelled_trial
from tests.unit.routers.trials import examples_of, trial

# gold is always A; right: a on 0 and 1, b on 0, c on 0 and 2
ANSWERS = {"a": "AABB", "b": "ABBC", "c": "ABA."}


def route(*chosen):
    return Route(chosen=chosen, scores=dict.fromkeys(chosen, 0.5))


def by_name(arms):
    return {arm.name: arm for arm in arms}


def test_a_choice_without_outcomes_is_refused_with_those_that_have_them():
    with pytest.raises(RouterError, match=r"'r' chose 'z', .*\['a', 'b', 'c'\]"):
        router_arms("r", [route("z")] * 4, trial(ANSWERS, gold="AAAA"))


def test_baselines_are_what_can_be_had_without_a_router():
    found = by_name(baselines(trial(ANSWERS, gold="AAAA")))

    assert found[RANDOM].scores.tolist() == pytest.approx([1, 1 / 3, 1 / 3, 0])
    # The most votes: A, then B twice, then B twice, then B and C once each.
    assert found[MAJORITY].scores.tolist() == [1, 0, 0, 0]
    assert found[ORACLE].scores.tolist() == [1, 1, 1, 0]
    assert found[MAJORITY].costs["calls"].tolist() == [3, 3, 3, 3]
    assert found[ORACLE].costs["calls"].tolist() == [1, 1, 1, 1]
    assert set(found) == {SINGLE, RANDOM, MAJORITY, ORACLE}


def test_a_router_that_recruits_is_measured_by_its_first_choice_and_by_the_vote():
    first, vote = router_arms("r", [route("b", "a", "c")] * 4, trial(ANSWERS, gold="AAAA"))

    assert first.scores.tolist() == [1, 0, 0, 0]
    assert vote.name == "r, vote of all it recruits"
    assert vote.costs["calls"].tolist() == [3, 3, 3, 3]


def test_an_expert_in_two_slots_has_two_votes_and_is_asked_once():
    found = voted("v", [[0, 0, 1, 2]] * 4, trial(ANSWERS, gold="AAAA"))

    # Question 1: A twice by a, B by b and c: two each, and A stands first.
    assert found.scores.tolist() == [1, 1, 0, 0]
    assert found.costs["calls"].tolist() == [3, 3, 3, 3]


def test_who_abstains_does_not_vote():
    found = voted("v", [[2]] * 4, trial(ANSWERS, gold="AAAA"))

    assert found.scores.tolist() == [1, 0, 1, 0]


def test_labels_alone_give_no_vote():
    labelled = labelled_trial(examples_of(2, categories="pq"), experts_by_category={})

    assert MAJORITY not in by_name(baselines(labelled))
    with pytest.raises(RouterError, match="needs outcomes with an `answer`"):
        voted("v", [[0], [0]], labelled)


@pytest.mark.parametrize(
    ("costs", "qualities", "front"),
    [
        pytest.param([3, 1, 2], [0.9, 0.5, 0.4], [1, 0], id="the third costs more for less"),
        pytest.param([1, 1], [0.5, 0.6], [1], id="as much for more"),
        pytest.param([1, 2], [0.5, 0.5], [0], id="as good for less"),
        pytest.param([], [], [], id="nothing"),
    ],
)
def test_on_the_front_is_what_nothing_beats(costs, qualities, front):
    assert pareto(costs, qualities) == front
