"""How words of fresh engines are compared, and the walk over all pairs."""

from itertools import pairwise, permutations

import pytest

from bench.spoken import Spoken, circuit, difference

FRESH = Spoken(prompt_token_ids=(1,), text="Paris", logprobs=(-0.5, -0.25))


@pytest.mark.parametrize("num", [1, 2, 3, 13])
def test_the_walk_makes_every_swap_once(num):
    names = [f"e{number}" for number in range(num)]

    walk = list(circuit(names))

    assert sorted(pairwise(walk)) == sorted(permutations(names, 2))
    assert walk[0] == walk[-1]


def test_equal_words_differ_by_their_scores():
    said = FRESH.model_copy(update={"logprobs": (-0.5, -0.375)})

    assert difference(said, FRESH) == 0.125
    assert difference(FRESH, FRESH) == 0.0


@pytest.mark.parametrize("change", [{"text": "Rome"}, {"logprobs": (-0.5,)}], ids=str)
def test_other_words_have_no_difference_in_scores(change):
    assert difference(FRESH.model_copy(update=change), FRESH) is None
