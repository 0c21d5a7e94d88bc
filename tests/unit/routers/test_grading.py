"""Replies beside the right answers of their questions."""

from pathlib import Path

import pytest

from routers.base import RouterError
from routers.datasets import Example
from routers.grading import check_gradable, grade, grader_of


def question(**parts):
    return Example(**{"id": "q", "prompt": "?", "gold": "4", "place": "q:1"} | parts)


def check(*examples, grader="number"):
    check_gradable(examples, grader=grader, source=[Path("q")])


@pytest.mark.parametrize(
    ("parts", "grader", "fault"),
    [
        ({"gold": None}, "number", "q:1: has no right answer: 'gold' or 'answer'"),
        ({}, None, "nobody says what the answer '4' is graded as"),
        ({"gold": "many"}, "number", "the gold answer 'many' cannot be read as 'number'"),
        ({"accepted": ("iv",)}, "number", "the gold answer 'iv' cannot be read"),
    ],
)
def test_what_cannot_be_graded_is_refused_before_anybody_is_asked(parts, grader, fault):
    with pytest.raises(RouterError) as told:
        check(question(), question(**parts), grader=grader)

    assert fault in str(told.value)


def test_a_kind_nobody_knows_is_refused():
    with pytest.raises(RouterError, match=r"'essay' is no kind of answer; known: \['boolean'"):
        grader_of("essay")


def test_a_questions_own_kind_goes_before_that_of_all():
    found = grade("The answer is B", question(gold="B", grader="option"), grader="number")

    assert (found.answer, found.score) == ("B", 1.0)


@pytest.mark.parametrize(
    ("text", "score"), [("4", 1.0), ("It is 5.", 0.0), ("four", 1.0), ("", 0.0)]
)
def test_any_of_the_right_answers_will_do(text, score):
    example = question(gold="four", accepted=("4",), grader="text")

    assert grade(text, example).score == score


def test_nothing_read_is_no_answer():
    assert grade("I do not know", question(), grader="number").answer is None


def test_kinds_have_names():
    assert (grader_of("set"), grader_of(None)) == ("set", None)
