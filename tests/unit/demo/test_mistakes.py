"""Wrong answers are wrong, and those who try the roles never saw the words that order."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.training.roles.mistakes import ORDERS, noise, order, slip


@given(answer=st.text(min_size=2, max_size=12), seed=st.integers(0, 999))
def test_a_slip_is_another_text_that_says_something(answer, seed):
    slipped = slip(answer, Random(seed))

    assert slipped != answer
    assert slipped.strip()


@pytest.mark.parametrize("answer", ["5", "I", "é"])
def test_an_answer_of_one_character_slips_too(answer):
    assert slip(answer, Random(1)) != answer


@given(question=st.text(min_size=1), seed=st.integers(0, 999))
def test_noise_is_short(question, seed):
    assert len(noise(question, Random(seed))) <= 24


def test_orders_of_one_split_are_not_those_of_the_other():
    told = {split: {"".join(text.lower().split()) for text in ORDERS[split]} for split in ORDERS}

    assert not told["train"] & told["heldout"]
    assert all("{x}" in text for text in ORDERS["heldout"])


def test_an_order_names_what_it_wants_though_that_holds_braces():
    rng = Random(2)

    said = [order("{x} a", rng, split="heldout") for _ in range(20)]

    assert all("{x} a" in text for text in said)
