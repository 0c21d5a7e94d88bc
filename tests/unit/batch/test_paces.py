import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.batch.paces import Paces
from orchestrator.errors import StorageError


def took_s(prompt_tokens: float, output_tokens: float) -> float:
    """A model of 1.5 s a run, 0.1 ms a token read and 4 ms a token written."""
    return 1.5 + 1e-4 * prompt_tokens + 4e-3 * output_tokens


def seen(paces: Paces, prompt_tokens: float, output_tokens: float, *, num_calls: int = 10) -> None:
    paces.observe(
        "math",
        num_calls=num_calls,
        prompt_tokens=prompt_tokens,
        output_tokens=output_tokens,
        took_s=took_s(prompt_tokens, output_tokens),
    )


def off(paces: Paces, prompt_tokens: float, output_tokens: float) -> float:
    """How far a prediction is from what happens, as a share."""
    told_s = paces.pace("math").run_s(prompt_tokens=prompt_tokens, output_tokens=output_tokens)
    return abs(told_s / took_s(prompt_tokens, output_tokens) - 1)


def test_one_run_foretells_the_next_like_it():
    paces = Paces()

    seen(paces, 20_000, 5_000)

    assert off(paces, 20_000, 5_000) < 0.02
    assert off(paces, 60_000, 15_000) < 0.15


@given(seed=st.integers(0, 1000))
def test_runs_of_several_shapes_foretell_others(seed):
    dice, paces = random.Random(seed), Paces()

    for _ in range(20):
        seen(paces, dice.uniform(1e3, 1e5), dice.uniform(2e2, 2e4))

    for prompt_tokens, output_tokens in ((9e4, 2e3), (1e3, 2e4), (5e4, 1e4)):
        assert off(paces, prompt_tokens, output_tokens) < 0.15


def test_a_change_is_followed_within_a_dozen_runs():
    paces = Paces()
    for _ in range(30):
        paces.observe("math", num_calls=1, prompt_tokens=100, output_tokens=1000, took_s=50.0)

    for _ in range(12):
        seen(paces, 100, 1000)

    assert off(paces, 100, 1000) < 0.15


def test_an_expert_that_was_never_seen_takes_what_others_do():
    paces, nobody = Paces(), Paces().pace("law")
    seen(paces, 20_000, 5_000)

    assert paces.pace("law").output_token_s == pytest.approx(paces.pace("math").output_token_s)
    assert (nobody.num_runs, nobody.output_token_s) == (0, 2e-3)
    assert (paces.mean_output_tokens("law"), paces.mean_output_tokens("math")) == (None, 500.0)


@given(
    runs=st.lists(
        st.tuples(
            st.integers(1, 10**6), st.floats(0, 1e9), st.floats(0, 1e9), st.floats(1e-6, 1e6)
        ),
        min_size=1,
        max_size=8,
    )
)
def test_a_pace_is_finite_and_positive_whatever_was_seen(runs):
    paces = Paces()

    for num_calls, prompt_tokens, output_tokens, spent_s in runs:
        paces.observe(
            "math",
            num_calls=num_calls,
            prompt_tokens=prompt_tokens,
            output_tokens=output_tokens,
            took_s=spent_s,
        )

    pace = paces.pace("math")
    assert all(0 < one < 1e12 for one in (pace.tail_s, pace.prompt_token_s, pace.output_token_s))


def test_what_was_learned_is_kept():
    paces = Paces()
    seen(paces, 20_000, 5_000)

    again = Paces.from_json(paces.to_json())

    assert again.pace("math") == paces.pace("math")
    assert again.mean_output_tokens("math") == 500.0


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"version": 2}', '{"experts": {"math": {"num_calls": "many"}}}'],
    ids=["empty", "cut off", "a list", "a later form", "no number"],
)
def test_what_cannot_be_read_is_said_to_be_learned_anew(text):
    with pytest.raises(StorageError, match=r"paces of experts cannot be read: .*learned anew"):
        Paces.from_json(text)


def test_a_run_of_nothing_teaches_nothing():
    paces = Paces()

    paces.observe("math", num_calls=0, prompt_tokens=0, output_tokens=0, took_s=1.0)
    paces.observe("math", num_calls=1, prompt_tokens=1, output_tokens=1, took_s=0.0)

    assert paces.pace("math").num_runs == 0
