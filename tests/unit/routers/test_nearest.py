import numpy as np
import pytest

from routers.base import Prompts
from routers.features import TextFeatures, normalised_entropy
from routers.nearest import GramSketch, NearestHead, Votes, vectors
from tests.unit.routers.small import GRAMS, POOL, embedding, router

SKETCH = GramSketch(width=64)
FEATURES = TextFeatures(embedder=embedding(), grams=GRAMS, dense_norm=1.4)
#: Two prompts a category, in the order of `SKILLS`, and two of none.
PROMPTS = ("the capital", "capital of", "in french", "french of", "the sum", "plus sum", "hm", "eh")
LABELS = (0, 0, 1, 1, 2, 2, 3, 3)


def head(*, k=3, bandwidth=0.1, floor=0.3):
    return NearestHead(
        prompts=vectors(FEATURES.of(PROMPTS), SKETCH),
        labels=np.array(LABELS),
        num_categories=3,
        sketch=SKETCH,
        votes=Votes(k=k, bandwidth=bandwidth, floor=floor),
        temperature=1.0,
    )


def shares(text, **votes):
    return head(**votes).probabilities(FEATURES.of([text]))[0]


def test_a_prompt_is_of_the_category_of_those_nearest_to_it():
    small = router(features=FEATURES, head=head())

    found = small.route(Prompts(texts=["a capital", "sum of", "french"], candidates=POOL))

    assert [it.chosen for it in found] == [("capitals",), ("sums",), ("french",)]


def test_shares_sum_to_one_and_more_neighbours_than_prompts_are_all_of_them():
    assert shares("capital", k=99).sum() == pytest.approx(1)
    assert shares("capital", k=99) == pytest.approx(shares("capital", k=len(PROMPTS)))


@pytest.mark.parametrize("text", ["", "?", "zzzz qqqq", "hm"])
def test_what_is_far_from_every_prompt_or_near_those_of_none_could_be_anything(text):
    [entropy] = normalised_entropy(shares(text)[None])

    assert entropy > 0.95


def test_a_neighbour_counts_by_its_similarity():
    """e^0 for one, e^-1 twice for the other; the vote for none is e^-2, a half each."""
    votes = Votes(k=3, bandwidth=0.1, floor=0.8)
    similarity = np.array([[1.0, 0.9, 0.9]], dtype=np.float32)

    found = votes.shares(similarity, np.array([[1, 0, 0]]), 2)

    none = np.exp(-2) / 2
    assert found[0] == pytest.approx(
        np.array([2 * np.exp(-1) + none, 1 + none]) / (1 + 2 * np.exp(-1) + np.exp(-2))
    )


def test_a_sketch_keeps_how_alike_texts_are():
    texts = [f"{word} the {other}" for word in ("open", "close", "paint") for other in PROMPTS]
    rows = GRAMS.rows(texts)
    whole = np.zeros((len(texts), 256), dtype=np.float32)
    np.add.at(whole, (rows.rows, rows.columns), rows.values)

    sketch = GramSketch(width=512).of(rows)

    assert np.abs(sketch @ sketch.T - whole @ whole.T).mean() < 0.05


def test_a_text_is_seen_alike_alone_and_in_a_batch():
    together = head().probabilities(FEATURES.of(PROMPTS))

    alone = np.vstack([head().probabilities(FEATURES.of([text])) for text in PROMPTS])
    assert together == pytest.approx(alone, abs=1e-6)
