import numpy as np
import pytest

from routers.base import RouterError
from routers.nearest_skill import NearestSkill
from routers.profiles import count_answers
from routers.recruiter import Recruiter, Recruiting
from tests.unit.routers.small import embedding

SKILLS = [["capital"]] * 30 + [["french"]] * 30 + [["sum"]] * 30
EXPERTS = ("mapper", "linguist", "counter", "guesser")
POOL = frozenset(EXPERTS)


def profiles():
    """Each of three experts is right on its skill and on a third of the rest; one never."""
    right = np.zeros((90, 4))
    for expert in range(3):
        right[::3, expert] = 1
        right[30 * expert : 30 * expert + 30, expert] = 1
    return count_answers(right, SKILLS, experts=EXPERTS, data_sha256="s1")


def router(**rule):
    return Recruiter(
        profiles=profiles(),
        prior_count=5.0,
        rule=Recruiting(**rule),
        nearest=NearestSkill.of(profiles().skills, embedding()),
    )


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"k": 0}, "k=0"),
        ({"num_options": 1}, "num_options=1"),
        ({"trim_share": 1.0}, r"trim_share=1\.0"),
        ({"probability": 0.0}, r"probability is 0\.0"),
        ({"probability": 0.5, "mode": "paper"}, "mode 'paper' recruits k"),
    ],
)
def test_rules_that_cannot_be_kept_are_refused(rule, message):
    with pytest.raises(RouterError, match=message):
        Recruiting(**rule)


def test_candidates_that_nobody_measured_are_refused():
    with pytest.raises(RouterError, match=r"no candidate has a profile: \['new'\]"):
        router().recruit([["sum"]], ["new"])


def test_a_draw_without_seeds_is_refused():
    with pytest.raises(RouterError, match="1 questions need as many seeds, found 0"):
        router(mode="paper").recruit([["sum"]], POOL)


def test_no_question_has_no_route():
    assert router().recruit([], POOL) == []


@pytest.mark.parametrize(
    ("skill", "expert"), [("capital", "mapper"), ("french", "linguist"), ("sum", "counter")]
)
@pytest.mark.parametrize("mode", ["paper", "released", "top_k"])
def test_the_expert_of_a_skill_answers_first(mode, skill, expert):
    [route] = router(mode=mode).recruit([[skill]], POOL, seeds=[0])

    assert route.chosen[0] == expert
    assert len(route.chosen) == 3


def test_an_excluded_expert_is_never_recruited():
    allowed = POOL - {"counter"}

    routes = router(mode="paper").recruit([["sum"]] * 50, allowed, seeds=range(50))

    assert {name for route in routes for name in route.chosen} <= allowed
    assert set(routes[0].scores) == allowed


def test_an_unseen_skill_goes_to_the_nearest_known_one_and_says_so():
    [route] = router().recruit([["plus"]], POOL)

    assert route.chosen[0] == "counter"
    assert "skill 'plus' is nearest to 'sum'" in route.reasons


@pytest.mark.parametrize("skills", [[], [""], ["zzz"], ["\ud800"], ["x" * 100_000]])
def test_skills_that_say_nothing_leave_the_best_experts_overall(skills):
    [route] = router(k=1).recruit([skills], POOL)

    assert route.is_fallback
    assert route.chosen[0] in EXPERTS[:3]


def test_a_question_of_two_skills_recruits_both_experts():
    [route] = router(k=2).recruit([["french", "sum"]], POOL)

    assert set(route.chosen) == {"linguist", "counter"}


def test_the_order_of_skills_changes_nothing():
    one, other = router().recruit([["french", "sum"], ["sum", "french"]], POOL)

    assert one == other


def test_more_experts_are_asked_than_there_are_only_in_draws():
    [route] = router(k=9).recruit([["sum"]], POOL)

    assert len(route.chosen) == 4


def test_a_hard_question_gets_more_experts_than_an_easy_one():
    right = np.tile([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]], (50, 1))
    right[1::4] = 0
    known = count_answers(
        right, [["easy"], ["hard"]] * 50, experts=["a", "b", "c"], data_sha256="s1"
    )
    rule = Recruiting(probability=0.85, k=3)
    found = Recruiter(profiles=known, prior_count=2.0, rule=rule)

    easy, hard = found.recruit([["easy"], ["hard"]], ["a", "b", "c"])

    assert (len(easy.chosen), len(hard.chosen)) == (1, 3)


def test_the_same_seed_recruits_the_same_experts_in_any_batch():
    drawn = router(mode="paper", trim_share=0.0)

    alone = drawn.recruit([["sum"]], POOL, seeds=[7])
    among = drawn.recruit([["french"], ["sum"]], POOL, seeds=[1, 7])

    assert alone[0].chosen == among[1].chosen
