import numpy as np
import pytest

from routers.base import RouterError
from routers.features import LinearHead, TextFeatures, normalised_entropy
from routers.fit import fit_head
from routers.questions import Question
from routers.training import training_set
from tests.unit.routers.small import GRAMS, SETTINGS, embedding, lessons


def fitted():
    features = TextFeatures(embedder=embedding(), grams=GRAMS, dense_norm=1.0)
    return features, *fit_head(lessons(), features, settings=SETTINGS)


@pytest.fixture(scope="module")
def head():
    return fitted()


def test_a_head_knows_its_categories_on_frames_left_out(head):
    _, part, _ = head

    assert part.metrics["category_accuracy"] == 1
    assert part.metrics["unknown_recall"] > 0.9


def test_unknown_prompts_are_taught_to_be_unsure(head):
    features, part, weights = head
    linear = LinearHead(
        dense=weights[:3], grams=weights[3:-1], bias=weights[-1], temperature=part.temperature
    )

    seen = features.of(["tell the capital of Togo", "draw me a castle"])
    sure, unsure = normalised_entropy(linear.probabilities(seen))

    assert sure <= part.tau < unsure


def test_the_same_questions_give_the_same_weights(head):
    _, part, weights = head
    _, again, others = fitted()

    assert part == again
    assert np.array_equal(weights, others)


def test_questions_of_one_frame_share_a_fold():
    given = lessons()
    folds = given.folds(3, seed=1)

    frames = [question.frame for question in given.known + given.unknown]
    assert len(set(zip(frames, folds.tolist(), strict=True))) == len(set(frames))


def test_a_question_cannot_be_known_and_unknown():
    question = Question(text="x", skill="a", frame="x", kind="plain")

    with pytest.raises(RouterError, match="'x' is in the known"):
        training_set([question], [question])
