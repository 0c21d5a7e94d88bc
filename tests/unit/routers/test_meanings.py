import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routers.answers import extract
from routers.artifacts import load_router
from routers.meanings import representatives

DEMO = Path("deploy/demo")
WORDS = ["iron", "gold", "rusts", "not", "12", "the", "melts", "never", "7"]


@pytest.fixture(scope="module")
def embedder():
    return load_router(DEMO / "routers/topic", fallback="generalist").features.embedder


class Alike:
    """Finds every two texts as near as can be."""

    dim = 2
    is_slow = False

    def embed(self, texts):
        return np.tile(np.array([[1.0, 0.0]], dtype=np.float32), (len(texts), 1))


class Unknown:
    """Knows no token."""

    dim = 2
    is_slow = False

    def embed(self, texts):
        return np.zeros((len(texts), 2), dtype=np.float32)


@pytest.mark.parametrize("answers", [(), (None,), ("iron",), (None, "iron", "iron", None)])
def test_one_answer_or_none_stands_for_itself(answers):
    assert representatives(answers, Alike()) == answers


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("iron rusts", "the iron rusts"),
        ("iron rusts", "iron, it rusts"),
        ("1,000 tons", "1000 tons"),
        ("iron", "iron rusts"),
    ],
    ids=["article", "comma", "thousands", "one word more"],
)
def test_near_answers_that_nothing_tells_apart_are_one(one, other):
    assert representatives([one, other], Alike()) == (one, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("iron 12", "iron 7"),
        ("12 and 7", "7 and 12"),
        ("iron rusts", "iron never rusts"),
        ("it rusts", "it doesn't rust"),
        ("gold melts before iron", "iron melts before gold"),
        ("at 5 degrees", "in degrees"),
    ],
    ids=["numbers", "order of numbers", "denied", "n't", "order of words", "a number more"],
)
def test_what_an_embedding_cannot_see_tells_answers_apart(one, other):
    assert representatives([one, other], Alike()) == (one, other)


def test_words_that_nobody_knows_are_near_themselves_alone():
    found = representatives(["zorb", "the zorb", "blip"], Unknown())

    assert found == ("zorb", "zorb", "blip")


def test_answers_are_joined_in_english_sentences(embedder):
    answers = [
        "because the moon pulls the oceans",
        "it is because the moon pulls at the oceans",
        "because of the wind",
    ]

    assert representatives(answers, embedder) == (answers[0], answers[0], answers[2])


def test_other_spellings_of_the_same_place_are_joined(embedder):
    found = representatives(["washington", "washington, d.c", "the netherlands"], embedder)

    assert found == ("washington", "washington", "the netherlands")


def test_gold_answers_of_different_questions_stay_apart(embedder):
    answers_by_skill = {}
    with (DEMO / "questions/heldout.jsonl").open() as lines:
        for row in map(json.loads, lines):
            answer = extract(row["answer"], "text")
            answers_by_skill.setdefault(row["skill"], {})[answer] = None
    pairs = [pair for own in answers_by_skill.values() for pair in combinations(list(own)[:40], 2)][
        ::7
    ]

    joined = [pair for pair in pairs if len(set(representatives(pair, embedder))) == 1]

    assert len(pairs) > 900
    # What is joined is letters, sorted or as numerals, which the embedding has no words for.
    assert len(joined) / len(pairs) < 0.005


@given(st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)))
def test_representatives_stand_for_themselves_and_come_first(answers):
    found = representatives(answers, Alike())

    assert len(found) == len(answers)
    for at, name in enumerate(found):
        assert answers.index(name) <= at
        assert found[answers.index(name)] == name


@given(st.lists(st.sampled_from(["iron", "the iron", "gold 7", "gold 12", None])))
def test_the_same_answer_has_the_same_representative(answers):
    found = representatives(answers, Alike())

    assert len(set(zip(answers, found, strict=True))) == len(set(answers))
