"""What comes of a decomposer's reply."""

import pytest

from orchestrator.compositions.splitting import Split, Whole, split_of


def split(reply, *, message="How old was its founder?", most=6, ends_with_last=True):
    return split_of(reply, message=message, most=most, ends_with_last=ends_with_last)


@pytest.mark.parametrize(
    "reply", ["", "What is #1?", "What is #2?\nWhat is #1?", "a?\nb?\nc?"],
    ids=["nothing", "itself", "in a circle", "too many"],
)  # fmt: skip
def test_lines_that_cannot_be_asked_leave_the_question_whole_by_fault(reply):
    found = split(reply, most=2)

    assert isinstance(found, Whole)
    assert found.is_fault


@pytest.mark.parametrize("reply", ["How old was its founder?", " 1. how old was its  founder\n"])
def test_the_question_itself_as_the_only_line_is_no_split(reply):
    found = split(reply)

    assert isinstance(found, Whole)
    assert not found.is_fault


def test_the_question_in_other_words_is_asked():
    found = split("What age did the founder have?")

    assert isinstance(found, Split)
    assert (found.waves, found.last) == ((), 1)


def test_signs_within_a_question_make_another_one():
    assert isinstance(split("3 - 4 = ?", message="3 + 4 = ?"), Split)


def test_parts_that_need_nothing_of_one_another_are_asked_together_and_the_last_after_them():
    found = split("Who?\nWhen?\nHow old was #1 in #2?")

    assert (found.waves, found.last, found.num_calls) == (((1, 2),), 3, 3)


def test_what_the_last_one_does_not_rest_on_is_not_asked():
    found = split("Who?\nWhen?\nWhere was #1?\nHow tall is #3?")

    assert (found.waves, found.last) == (((1,), (3,)), 4)


def test_a_solver_is_told_all_of_them():
    found = split("Who?\nWhen?\nWhere was #1?", ends_with_last=False)

    assert (found.waves, found.last, found.num_calls) == (((1, 2), (3,)), None, 4)
