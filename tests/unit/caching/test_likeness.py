"""Like questions: found by vectors, within a context, never past numbers and negations."""

from collections.abc import Sequence

import numpy as np

from orchestrator.caching.keys import Question
from orchestrator.caching.likeness import Like, Likeness, marks_of
from routers.embeddings import unit_rows


class Letters:
    """Embeds a text by how often it has each letter."""

    dim = 26
    is_slow = False

    def embed(self, texts: Sequence[str]):
        counts = [[text.lower().count(chr(97 + at)) for at in range(26)] for text in texts]
        return unit_rows(np.asarray(counts, dtype=np.float32))


def likeness(**given) -> Likeness:
    return Likeness(Letters(), **({"least": 0.9} | given))


def asked(text: str, context: str = "c") -> Question:
    return Question(text=text, context=context)


def remember(index: Likeness, text: str, context: str = "c") -> None:
    question = asked(text, context)
    index.remember(question, index.vector(question), key=f"key of {text}")


def nearest(index: Likeness, text: str, context: str = "c") -> Like | None:
    question = asked(text, context)
    return index.nearest(question, index.vector(question))


def test_the_most_alike_question_is_found_where_it_is_alike_enough():
    index = likeness()
    for text in ("capital of france", "zzz", "what is the capital of france"):
        remember(index, text)

    assert nearest(index, "what is the capital of france?").key == (
        "key of what is the capital of france"
    )
    assert nearest(index, "xxx") is None


def test_questions_of_another_context_are_not_looked_at():
    index = likeness()
    remember(index, "capital of france", "other")

    assert nearest(index, "capital of france") is None


def test_numbers_and_negations_are_never_passed_over():
    index = likeness(least=0.5)
    for text in ("what is 12 and 3", "which of these is not a metal"):
        remember(index, text)

    assert nearest(index, "what is 12 and 4") is None
    assert nearest(index, "what is 3 and 12") is None
    assert nearest(index, "which of these is a metal") is None
    assert nearest(index, "what is 12 and 3 ?").cosine > 0.99


def test_only_the_latest_questions_and_contexts_are_kept():
    index = likeness(max_questions=2, max_contexts=2)
    for text in ("aaa", "bbb", "ccc"):
        remember(index, text)
    for context in ("d", "e"):
        remember(index, "aaa", context)

    assert nearest(index, "bbb") is None  # its context is the one used longest ago
    assert nearest(index, "aaa", "e") is not None


def test_of_one_context_the_oldest_question_goes_first():
    index = likeness(max_questions=2)
    for text in ("aaa", "bbb", "ccc"):
        remember(index, text)

    assert [nearest(index, text) is None for text in ("aaa", "bbb", "ccc")] == [True, False, False]


def test_marks_are_read_in_order_and_in_any_case():
    assert marks_of("NOT 1,000.5 but isn't 2") == ("not", "1,000.5", "isn't", "2")
