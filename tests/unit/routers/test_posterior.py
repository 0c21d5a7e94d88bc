import pytest
from hypothesis import given
from hypothesis import strategies as st

from routers.base import RouterError
from routers.posterior import posterior, weighed_vote

NAMES = ["code", "law", "math", "poems"]
scores = st.dictionaries(st.sampled_from(NAMES), st.floats(0, 1), min_size=1)


def test_nobody_has_no_posterior():
    with pytest.raises(RouterError, match="score of one expert or more"):
        posterior({})


@pytest.mark.parametrize("score", [-0.1, float("nan"), float("inf")])
def test_a_score_that_is_none_is_refused_with_its_expert(score):
    with pytest.raises(RouterError, match="expert 'law' scores"):
        posterior({"math": 0.5, "law": score})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"temperature": 0.0}, "temperature is 0.0"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"top_k": 0}, "top_k is 0"),
        ({"floor": 1.5}, "floor is 1.5"),
    ],
    ids=["cold", "no number", "nobody", "all out"],
)
def test_settings_out_of_range_are_refused(settings, said):
    with pytest.raises(RouterError, match=said):
        posterior({"math": 0.5}, **settings)


def test_at_temperature_one_weights_are_shares_of_the_scores():
    assert posterior({"law": 0.2, "math": 0.6}) == pytest.approx({"math": 0.75, "law": 0.25})


def test_a_low_temperature_gives_the_best_nearly_all():
    # (0.6 / 0.3) ** 10 = 1024
    found = posterior({"math": 0.6, "law": 0.3}, temperature=0.1)

    assert found == pytest.approx({"math": 1024 / 1025, "law": 1 / 1025})


def test_the_first_k_share_the_weight_of_those_left_out():
    found = posterior({"a": 0.1, "b": 0.3, "c": 0.6}, top_k=2)

    assert found == pytest.approx({"c": 2 / 3, "b": 1 / 3})


def test_who_is_below_the_floor_is_left_out_but_never_the_best():
    assert list(posterior({"a": 0.05, "b": 0.95}, floor=0.1)) == ["b"]
    assert list(posterior({"a": 0.5, "b": 0.5}, floor=0.9)) == ["a"]


def test_experts_that_all_score_nothing_weigh_alike():
    assert posterior({"a": 0.0, "b": 0.0}) == {"a": 0.5, "b": 0.5}


@given(scores, st.floats(0.01, 10), st.integers(1, 5), st.floats(0, 1))
def test_weights_sum_to_one_in_the_order_of_the_scores(found, temperature, top_k, floor):
    weights = posterior(found, temperature=temperature, top_k=top_k, floor=floor)

    assert sum(weights.values()) == pytest.approx(1)
    assert len(weights) <= top_k
    kept = [found[name] for name in weights]
    assert kept == sorted(kept, reverse=True)
    assert kept[0] == max(found.values())


@given(scores, st.floats(1e-3, 1e3))
def test_the_unit_of_the_scores_changes_nothing(found, unit):
    if any(0 < score < 1e-290 for score in found.values()):
        return  # products of these are rounded away

    scaled = posterior({name: score * unit for name, score in found.items()})

    assert scaled == pytest.approx(posterior(found), abs=1e-9)


def test_a_likely_domain_outvotes_two_unlikely_ones():
    weights = {"math": 0.6, "law": 0.3, "code": 0.1}

    vote = weighed_vote([("law", "B"), ("code", "B"), ("math", "A")], weights)

    assert (vote.answer, vote.shares) == ("A", pytest.approx({"A": 0.6, "B": 0.4}))


def test_a_drawn_vote_goes_to_the_likelier_expert_whoever_came_first():
    weights = {"math": 0.5, "law": 0.3, "code": 0.2}

    vote = weighed_vote([("law", "B"), ("code", "B"), ("math", "A")], weights)

    assert vote.answer == "A"


def test_an_answer_of_somebody_without_weight_is_refused():
    with pytest.raises(RouterError, match=r"\['law'\] have no weight; \['math'\] have"):
        weighed_vote([("law", "A")], {"math": 1.0})
