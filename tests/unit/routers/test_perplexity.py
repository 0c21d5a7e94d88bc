from itertools import count
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routers.base import RouterError
from routers.perplexity import Path, elect, keep, probabilities, standardised

NUMBERS = count()


def path(answer, p, *, text=None, expert="math"):
    """One of its own words, unless `text` says which."""
    words = text or f"{answer}, way {next(NUMBERS)}"
    return Path(expert=expert, text=words, answer=answer, mean_logprob=log(p))


def test_no_paths_elect_nobody():
    with pytest.raises(RouterError, match="one path or more"):
        elect([])


@pytest.mark.parametrize("logprob", [float("nan"), 0.1, float("inf")])
def test_a_log_probability_that_is_none_is_refused_with_its_expert(logprob):
    with pytest.raises(RouterError, match="a path of expert 'law' has mean log-probability"):
        elect([Path(expert="law", text="x", answer="x", mean_logprob=logprob)])


def test_the_answer_with_the_largest_sum_of_probabilities_wins():
    # A: 0.5 + 0.5 = 1.0; B: 0.9, too few different values to prune.
    found = elect([path("B", 0.9), path("A", 0.5), path("A", 0.5)])

    assert found.answer == "A"
    assert found.confidences == pytest.approx({"A": 1.0 / 1.9, "B": 0.9 / 1.9})
    assert found.pruned == ()


def test_a_sure_path_beats_two_that_are_not():
    assert elect([path("A", 0.2), path("A", 0.25), path("B", 0.9)]).answer == "B"


def test_the_same_text_counts_once():
    same = [path("A", 0.5, text="so A") for _ in range(3)]

    assert elect([*same, path("B", 0.6)]).answer == "B"


def test_unlikely_paths_are_pruned_however_many_there_are():
    unlikely = [path("A", 0.05 + 0.01 * at) for at in range(14)]
    likely = [path("B", 0.85 + 0.01 * at) for at in range(10)]

    found = elect([*unlikely, *likely])

    assert found.answer == "B"
    assert set(found.pruned) == set(range(14))
    assert found.confidences == pytest.approx({"B": 1.0, "A": 0.0})


def test_three_different_probabilities_prune_nothing():
    paths = [path("A", 0.9), path("B", 0.01), path("B", 0.01), path("C", 0.5)]

    assert elect(paths).pruned == ()


def test_of_tied_answers_the_first_is_told_and_all_are_known():
    found = elect([path("A", 0.5), path("B", 0.5), path("C", 0.1)])

    assert (found.answer, found.tied) == ("A", ("A", "B"))


def test_paths_without_an_answer_score_nothing():
    found = elect([path(None, 0.9), path("A", 0.1)])

    assert (found.answer, found.confidences) == ("A", {"A": 1.0})


def test_nothing_readable_elects_nobody():
    found = elect([path(None, 0.9), path(None, 0.5)])

    assert (found.answer, found.tied, found.confidences) == (None, (), {})


def test_answers_that_are_all_impossible_are_as_good():
    impossible = [
        Path(expert="math", text=text, answer=text, mean_logprob=float("-inf")) for text in "AB"
    ]

    assert elect(impossible).confidences == {"A": 0.5, "B": 0.5}


def test_an_expert_that_is_surer_of_everything_does_not_outweigh_the_others():
    # Both experts are as sure of B as they ever are; the sure one's numbers are all larger.
    sure = [path(answer, p, expert="sure") for answer, p in [("A", 0.90), ("A", 0.91), ("B", 0.99)]]
    shy = [path(answer, p, expert="shy") for answer, p in [("C", 0.10), ("B", 0.30), ("C", 0.11)]]

    weights = probabilities([*sure, *shy])

    assert weights[2] > 0.9  # far above its expert's own median
    assert weights[4] > 0.9
    assert weights[1] == weights[5] == pytest.approx(0.5)


def test_one_path_of_each_expert_is_a_plain_vote():
    paths = [path("A", 0.9, expert="a"), path("B", 0.1, expert="b"), path("B", 0.2, expert="c")]

    assert elect(paths).confidences == pytest.approx({"B": 2 / 3, "A": 1 / 3})


def test_equal_log_probabilities_have_no_scale():
    assert standardised(np.array([-1.0, -1.0, -1.0, -9.0])).tolist() == [0, 0, 0, 0]


answers = st.sampled_from(["A", "B", "C", None])


@given(st.lists(st.tuples(answers, st.floats(1e-6, 1)), min_size=1, max_size=24))
def test_confidences_sum_to_one_and_the_winner_has_the_largest(drawn):
    found = elect([path(answer, p) for answer, p in drawn])

    readable = any(answer is not None for answer, _ in drawn)
    assert sum(found.confidences.values()) == pytest.approx(1.0 if readable else 0.0)
    if readable:
        assert found.confidences[found.answer] == max(found.confidences.values())
        assert found.answer in found.tied


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_what_is_as_likely_as_the_mean_is_never_pruned(p):
    kept = keep(np.array(p))

    assert kept[np.array(p) >= np.mean(p)].all()
    assert kept.any()
