import pytest
from hypothesis import given
from hypothesis import strategies as st

from routers.base import RouterError
from routers.subquestions import MAX_QUESTIONS, read_subquestions


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("", "wrote 0 sub-questions"),
        ("\n".join(["Why?"] * (MAX_QUESTIONS + 1)), f"1 to {MAX_QUESTIONS} are read"),
        ("What is #1 + 1?", r"#1, 'What is #1 \+ 1\?', refers to \['#1'\]"),
        ("What is #2?\nWhat is #1?", r"refers to \['#2'\]"),
        ("Why?\nWhat is #0 + #5?", r"refers to \['#0', '#5'\]"),
        ("x" * 1001, "has 1001 characters"),
    ],
    ids=["nothing", "too many", "itself", "a cycle", "not there", "too long"],
)
def test_what_cannot_be_asked_in_order_is_refused(reply, said):
    with pytest.raises(RouterError, match=said):
        read_subquestions(reply)


def test_lines_are_read_without_their_bullets_and_numbers():
    found = read_subquestions("1. Who?\n\n(2) Where was #1?\r\n- When?\n#4: Why?\n")

    assert [one.text for one in found.questions] == ["Who?", "Where was #1?", "When?", "Why?"]


def test_a_reference_in_front_is_none_of_the_numbers():
    found = read_subquestions("One?\nTwo?\n#1 + #2 = ?")

    assert found.questions[2].needs == {1, 2}
    assert found.questions[2].text == "#1 + #2 = ?"


def test_a_sign_within_a_word_is_no_reference():
    assert read_subquestions("What is C#2, and what A##1?").questions[0].needs == frozenset()


def test_what_needs_nothing_of_one_another_is_asked_together():
    found = read_subquestions("A?\nB?\nC of #1?\nD?\n#2 or #3?")

    assert found.waves() == ((1, 2, 4), (3,), (5,))


def test_answers_stand_where_they_were_referred_to():
    found = read_subquestions("A?\nB?\n#1 + #2 + #1 = ?")

    assert found.asked(3, {1: "3", 2: "4"}) == "3 + 4 + 3 = ?"


def test_references_in_answers_are_left_as_they_are():
    found = read_subquestions("A?\nB?\nIs #1 in #2?")

    assert found.asked(3, {1: "#2", 2: r"\g<0> #1"}) == r"Is #2 in \g<0> #1?"


def test_an_answer_that_is_missing_is_told():
    with pytest.raises(RouterError, match=r"#2 needs the answers of \[1\]"):
        read_subquestions("A?\nB of #1?").asked(2, {})


@pytest.mark.parametrize("number", [0, 2])
def test_a_sub_question_that_is_not_there_is_told(number):
    with pytest.raises(RouterError, match=f"no sub-question #{number}; there are 1"):
        read_subquestions("A?").asked(number, {})


@given(st.data())
def test_every_question_comes_once_and_after_all_it_needs(data):
    num = data.draw(st.integers(1, MAX_QUESTIONS))
    lines = []
    for number in range(1, num + 1):
        needs = data.draw(st.sets(st.integers(1, number - 1))) if number > 1 else set()
        lines.append(" ".join(["q", *(f"#{one}" for one in needs)]))
    found = read_subquestions("\n".join(lines))

    wave_of = {one: at for at, wave in enumerate(found.waves()) for one in wave}

    assert sorted(one for wave in found.waves() for one in wave) == list(range(1, num + 1))
    for number, question in enumerate(found.questions, start=1):
        latest = max((wave_of[one] for one in question.needs), default=-1)
        assert wave_of[number] == latest + 1


@given(st.lists(st.text(max_size=20), min_size=2, max_size=2))
def test_answers_are_told_letter_by_letter(answers):
    found = read_subquestions("A?\nB?\n#1|#2")

    assert found.asked(3, dict(enumerate(answers, start=1))) == "|".join(answers)
