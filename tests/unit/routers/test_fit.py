import numpy as np
import pytest

from routers.artifacts import GramsPart
from routers.base import RouterError
from routers.features import LinearHead, TextFeatures, normalised_entropy
from routers.fit import Settings, fit_head, training_set
from routers.questions import Question
from tests.unit.routers.small import GRAMS, embedding

ASKS = {"capitals": "name the capital of {}", "sums": "work out {} plus {}"}
PLACES = ("Peru", "Chad", "Oman", "Fiji", "Cuba", "Mali")


def data():
    known = [
        Question(text=f"{lead} {ask.format(place, place)}", skill=skill, frame=lead, kind="plain")
        for skill, ask in ASKS.items()
        for lead in ("please", "now", "so", "hey", "well", "ok")
        for place in PLACES
    ]
    stray = [
        Question(text=f"{verb} me a {noun}", skill="unknown", frame=verb, kind="unknown")
        for verb in ("sing", "draw", "cook", "sell", "lend")
        for noun in ("song", "horse", "meal", "boat")
    ]
    return training_set(known, stray)


def fitted():
    parts = {name: getattr(GRAMS, name) for name in GramsPart.model_fields}
    settings = Settings(num_folds=3, l2=1e-4, grams=GramsPart(**parts))
    features = TextFeatures(embedder=embedding(), grams=GRAMS, dense_norm=1.0)
    return features, *fit_head(data(), features, settings=settings)


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
    given = data()
    folds = given.folds(3, seed=1)

    frames = [question.frame for question in given.known + given.unknown]
    assert len(set(zip(frames, folds.tolist(), strict=True))) == len(set(frames))


def test_a_question_cannot_be_known_and_unknown():
    question = Question(text="x", skill="a", frame="x", kind="plain")

    with pytest.raises(RouterError, match="'x' is in the known"):
        training_set([question], [question])
