import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routers.grams import HashedGrams, shaped

GRAMS = HashedGrams(bits=10, char_lengths=(2, 3), word_lengths=(1, 2), word_share=0.5)
TABLE = np.random.default_rng(0).normal(size=(1024, 4)).astype(np.float32)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("What is XIV?", "what is \x02?", id="roman numeral"),
        pytest.param("a mix of xiv", "a mix of \x02", id="words that look like numerals stay"),
        pytest.param("3, 17,  9", "0, 0, 0", id="numbers and spaces"),
        pytest.param("I am", "i am", id="one letter is no numeral"),
        pytest.param("\uff21\uff22", "ab", id="wide letters"),
    ],
)
def test_text_is_shaped(text, expected):
    assert shaped(text) == expected


def test_numbers_and_spaces_make_no_difference():
    rows = GRAMS.rows(["add 12 and 7", "Add 340  and 1"]).dot(TABLE)

    assert np.array_equal(rows[0], rows[1])


def test_word_order_makes_a_difference():
    rows = GRAMS.rows(["dog bites man", "man bites dog"]).dot(TABLE)

    assert not np.allclose(rows[0], rows[1])


def test_blank_texts_give_zero_rows():
    rows = GRAMS.rows(["", "word", "  "])

    assert set(rows.rows.tolist()) == {1}
    assert not rows.dot(TABLE)[[0, 2]].any()


def test_a_text_without_repeats_has_unit_norm():
    assert np.square(GRAMS.rows(["one cup"]).values).sum() == pytest.approx(1, abs=1e-5)


@settings(deadline=None)  # a busy machine is no fault of the hash
@given(st.lists(st.text(max_size=30), max_size=6))
def test_a_batch_gives_what_each_text_gives_alone(texts):
    texts = [text.encode("utf-8", "replace").decode() for text in texts]

    together = GRAMS.rows(texts).dot(TABLE)

    for row, text in zip(together, texts, strict=True):
        assert np.allclose(row, GRAMS.rows([text]).dot(TABLE)[0], atol=1e-5)


@given(st.sampled_from(["a", "ha ", "\U0001f600", "0 1 ", "=", "buy now "]), st.integers(50, 2000))
@settings(deadline=None)
def test_what_is_repeated_is_not_so_many_times_as_telling(part, times):
    rows = GRAMS.rows([part * times, "one cup"])

    squares = np.bincount(rows.rows, weights=rows.values.astype(np.float64) ** 2)
    assert squares[0] <= 3.0001
    assert squares[1] == pytest.approx(1, abs=1e-5)


def test_each_column_of_a_row_is_told_once_and_in_order():
    rows = GRAMS.rows(["the cat and the dog", "the the the"])

    cells = list(zip(rows.rows.tolist(), rows.columns.tolist(), strict=True))
    assert cells == sorted(set(cells))
