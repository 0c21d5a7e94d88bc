"""The arithmetic of merges, on small matrices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from orchestrator.merging.methods import Factors, average, blend, low_rank, padded, reduced, twin

NUMBERS = st.floats(-100, 100, width=32)
MATRICES = arrays(np.float64, (4, 3), elements=NUMBERS)
SHARES = st.lists(st.integers(0, 9), min_size=3, max_size=3).filter(any)


def factors(seed, *, rank=2, scale=1.0):
    rng = np.random.default_rng(seed)
    return Factors(down=rng.normal(size=(rank, 6)), up=rng.normal(size=(5, rank)), scale=scale)


@given(matrix=MATRICES, shares=SHARES)
def test_the_average_of_equals_is_the_same(matrix, shares):
    weights = [share / sum(shares) for share in shares]

    merged = average([matrix] * 3, weights)

    assert np.array_equal(merged.astype(np.float32), matrix.astype(np.float32))


@given(one=MATRICES, other=MATRICES, share=st.floats(0, 1))
def test_an_average_lies_between_its_sources(one, other, share):
    merged = average([one, other], [share, 1 - share])

    assert (merged >= np.minimum(one, other) - 1e-9).all()
    assert (merged <= np.maximum(one, other) + 1e-9).all()


@given(matrices=st.lists(MATRICES, min_size=2, max_size=4), data=st.data())
def test_a_twin_merge_of_full_rank_and_one_weight_is_that_expert(matrices, data):
    at = data.draw(st.integers(0, len(matrices) - 1))
    weights = [float(place == at) for place in range(len(matrices))]
    shared = average(matrices, [1 / len(matrices)] * len(matrices))

    merged, _ = twin(matrices, weights, shared=shared, rank=3)

    np.testing.assert_allclose(merged, matrices[at], atol=1e-9)


@given(matrix=MATRICES, rank=st.integers(1, 3))
def test_a_low_rank_keeps_what_it_says(matrix, rank):
    kept = low_rank(matrix, rank)

    lost = np.square(matrix - kept.tensor).sum()
    assert np.linalg.matrix_rank(kept.tensor, tol=1e-6) <= rank
    assert lost == pytest.approx(kept.energy - kept.kept_energy, abs=1e-6 * (1 + kept.energy))


def test_vectors_are_kept_whole():
    vector = np.arange(4.0)

    assert low_rank(vector, 1).tensor is vector


@given(weights=st.lists(st.floats(-2, 2), min_size=3, max_size=3), seed=st.integers(0, 99))
def test_a_blend_is_the_weighted_sum_of_the_changes(weights, seed):
    parts = [factors(seed + at, rank=at + 1, scale=0.5 + at) for at in range(3)]

    merged = blend(parts, weights)

    wanted = sum(w * part.delta for w, part in zip(weights, parts, strict=True))
    assert merged.down.shape == (1 + 2 + 3, 6)
    np.testing.assert_allclose(merged.delta, wanted, atol=1e-12)


@pytest.mark.parametrize("rank", [1, 2, 3, 4])
def test_a_reduced_blend_is_the_best_of_its_rank(rank):
    whole = blend([factors(1), factors(2)], [0.7, 0.3])

    small, kept = reduced(whole, rank)

    best = low_rank(whole.delta, rank)
    np.testing.assert_allclose(small.delta, best.tensor, atol=1e-9)
    assert kept.kept_energy == pytest.approx(best.kept_energy)


def test_a_rank_above_that_of_the_blend_is_filled_with_nothing():
    whole = blend([factors(1, rank=1), factors(2, rank=1)], [1.0, 1.0])

    small, kept = reduced(whole, 4)

    assert small.down.shape == (4, 6)
    assert kept.kept_energy == pytest.approx(kept.energy)
    np.testing.assert_allclose(padded(small, 8).delta, whole.delta, atol=1e-9)
