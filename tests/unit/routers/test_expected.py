import numpy as np
import pytest

from routers.base import RouterError
from routers.expected import fit_expected, fitted_strengths, left_out
from routers.signals import Signals, looks
from tests.unit.routers.small import embedding


def drawn(p, num, seed=0):
    """Answers of experts that are right with chance `p`, one row a kind of question."""
    kinds = np.arange(num) % len(p)
    right = np.random.default_rng(seed).random((num, len(p[0]))) < np.array(p)[kinds]
    return np.eye(len(p))[kinds], right.astype(float)


@pytest.mark.parametrize(
    ("rows", "right", "message"),
    [
        (np.zeros((9, 1)), np.zeros((9, 2)), "9 rows of signals"),
        (np.zeros((20, 1)), np.zeros((19, 2)), "19 of grades"),
        (np.zeros((20, 1)), np.full((20, 2), np.nan), "row 0 has grade nan"),
        (np.zeros((20, 1)), np.full((20, 2), 2.0), r"row 0 has grade 2\.0"),
    ],
    ids=["too few", "different numbers", "no number", "over one"],
)
def test_labels_that_cannot_be_learned_from_are_refused(rows, right, message):
    with pytest.raises(RouterError, match=message):
        fitted_strengths(rows, right)


def test_questions_without_any_are_refused():
    with pytest.raises(RouterError, match="one question or more"):
        Signals.of([], [], embedder=None)


@pytest.mark.parametrize("text", ["", "\x00\xff", "1" * 1_000_000, "\n" * 1000, "日本語"])
def test_any_text_has_looks(text):
    assert np.isfinite(looks([text])).all()


def test_an_unknown_skill_leaves_no_mark():
    signals = Signals.of(["a", "b"], [["x"], ["y"]], embedder=embedding())

    found = signals.rows(["capital of"], [["z"]])

    assert found.shape == (1, 2 + 12 + 3)
    assert found[0, :2].tolist() == [0, 0]


def test_a_text_unlike_all_others_does_not_carry_the_choice_away():
    signals = Signals.of(["one line"] * 5, [[]] * 5, embedder=None)

    assert np.abs(signals.rows(["%" * 20_000], [[]])).max() <= 4 * 0.3


def test_an_expert_is_expected_to_be_good_at_what_it_solved():
    rows, right = drawn([[0.9, 0.3], [0.3, 0.9]], 400)

    found = fit_expected(rows, right, fitted_strengths(rows, right)).accuracy(np.eye(2))

    assert found.argmax(axis=1).tolist() == [0, 1]
    assert found[0] == pytest.approx([0.9, 0.3], abs=0.1)


def test_difficulty_is_learned_where_experts_do_not_differ():
    rows, right = drawn([[0.9, 0.9], [0.2, 0.2]], 400)

    found = fitted_strengths(rows, right)

    assert found.difficulty < 100
    assert found.difference > 100


def test_few_labels_lose_next_to_nothing_to_an_expert_that_is_best_at_everything():
    p = np.array([[0.75, 0.5, 0.45]] * 5)
    shrunken, naive = [], []
    for seed in range(20):
        rows, right = drawn(p, 50, seed)
        found = fit_expected(rows, right, fitted_strengths(rows, right)).accuracy(np.eye(5))
        shrunken.append(p[np.arange(5), found.argmax(axis=1)].mean())
        naive.append(p[np.arange(5), (rows.T @ right).argmax(axis=1)].mean())

    # The best single expert reaches .75; there are ten labels a category.
    assert 0.75 - np.mean(shrunken) <= 0.011
    assert 0.75 - np.mean(naive) >= 0.02


def test_what_is_left_out_is_not_used():
    rows, right = drawn([[0.5, 0.5], [0.5, 0.5]], 50)
    strengths = fitted_strengths(rows, right)
    other = right.copy()
    other[0] = 1 - other[0]

    before, after = (left_out(rows, answers, strengths)[0] for answers in (right, other))

    assert before.tolist() == after.tolist()
