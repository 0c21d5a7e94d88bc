import numpy as np
import pytest

from routers.features import TextFeatures
from routers.fit import fit_head
from routers.labelling import Labels
from routers.training import UNLABELLED
from tests.unit.routers.small import GRAMS, PLACES, SETTINGS, embedding, lessons

FEATURES = TextFeatures(embedder=embedding(), grams=GRAMS, dense_norm=1.4)
NEW = tuple(f"tell the capital of {place}" for place in PLACES)


def labels(data, is_in):
    return Labels(data, FEATURES.of(data.texts), settings=SETTINGS).within(is_in)


@pytest.fixture
def data():
    return lessons(*NEW)


def everything(data):
    return np.ones(len(data.known) + len(data.unknown), dtype=np.bool_)


def test_without_unlabelled_texts_labels_are_those_given():
    data = lessons()

    found = labels(data, everything(data))

    assert np.bincount(found).tolist() == [36, 36, 20]


def test_unlabelled_texts_get_the_label_of_those_near_them(data):
    assert labels(data, everything(data))[-len(NEW) :].tolist() == [0] * len(NEW)


def test_what_is_left_out_gets_no_label_and_lends_none(data):
    is_in = everything(data)
    is_in[: len(data.known)] = data.labels != 0

    found = labels(data, is_in)

    assert set(found[: len(data.known)][data.labels == 0]) == {UNLABELLED}
    assert 0 not in found


def test_a_text_that_has_a_label_is_not_without_one(data):
    again = lessons(data.known[0].text, data.unknown[0].text, NEW[0], NEW[0])

    assert again.unlabelled == NEW[:1]


def test_a_head_is_measured_on_questions_with_labels_alone(data):
    part, weights = fit_head(data, FEATURES, settings=SETTINGS)

    assert part.metrics["category_accuracy"] == 1
    assert weights.shape == (3 + 256 + 1, 2)
