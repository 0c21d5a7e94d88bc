import numpy as np
import pytest

from routers.features import TextFeatures
from routers.nearest_fit import fit_nearest
from routers.training import training_set
from tests.unit.routers.small import GRAMS, SETTINGS, embedding, lessons

FEATURES = TextFeatures(embedder=embedding(), grams=GRAMS, dense_norm=1.4)


@pytest.fixture(scope="module")
def fitted():
    return fit_nearest(lessons(), FEATURES, settings=SETTINGS)


def test_neighbours_know_the_categories_of_frames_left_out(fitted):
    part, _ = fitted

    assert part.classifier == "neighbours"
    assert part.metrics["category_accuracy"] == 1
    assert part.metrics["unknown_recall"] > 0.9
    assert part.metrics["calibration_error"] < 0.1


def test_every_question_is_kept_those_of_no_category_too(fitted):
    part, _ = fitted

    assert part.nearest is not None
    assert part.nearest.num_prompts == len(lessons().texts)


def test_the_same_questions_give_the_same_file(fitted):
    assert fit_nearest(lessons(), FEATURES, settings=SETTINGS) == fitted


def test_more_questions_than_are_kept_are_chosen_evenly():
    some = lessons().at_most(31)

    assert len(some.texts) in range(30, 34)
    assert set(np.unique(some.labels)) == {0, 1}
    assert some.unknown


def test_questions_of_one_frame_alone_are_fitted_without_a_word_of_those_left_out():
    data = lessons()
    lone = [q for q in data.known if q.frame == "please"]

    part, _ = fit_nearest(training_set(lone, data.unknown), FEATURES, settings=SETTINGS)

    assert part.metrics["category_accuracy"] == 0.5
