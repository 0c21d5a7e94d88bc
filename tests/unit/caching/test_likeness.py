"""Like questions: found by vectors, within a context, never past numbers and negations."""

from collections.abc import Sequence

import numpy as np

from orchestrator.caching.keys import Question
from orchestrator.caching.likeness import Like, Likeness, deciding_words
from routers.embeddings import unit_rows


class Letters:
    """Embeds a text by how often it has each letter."""

    dim = 26
    is_slow = False

    def embed(self, texts: Sequence[str]):
        counts = [[text.lower().count(chr(97 + at)) for at in range(26)] for text in texts]
        return unit_rows(np.asarray(counts, dtype=np.float32))

    def weight(self, word: str) -> float:
        return 0.1 if word in ("what", "is", "the", "please", "which", "of", "these") else 1.0


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

    assert nearest(index, "What is the capital of France?").key == (
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


def test_words_of_weight_are_the_same_in_the_same_order_or_nothing_is_told():
    index = likeness(least=0.5)
    remember(index, "the capital of peru")
    remember(index, "sort the words fig then kiwi")

    assert nearest(index, "the capital of chile") is None
    assert nearest(index, "sort the words kiwi then fig") is None
    assert nearest(index, "what is the capital of peru please").key == "key of the capital of peru"


def test_an_answer_hangs_on_numbers_letters_turns_and_words_of_weight():
    said = "What is the 3rd, X or Y -- and isn't 2.5 of THESE Metals?"

    assert deciding_words(said, Letters()) == (
        ["3rd", "x", "or", "y", "and", "isn't", "2", "5", "metals"]
    )
