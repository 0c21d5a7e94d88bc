import pytest
from hypothesis import given
from hypothesis import strategies as st

from routers.choices import options_of, unchosen, without

QUESTION = "Which metal rusts?\nA. Gold\nB. Iron\nC. Neon\nD. Lead"


def letters(question):
    return "".join(option.letter for option in options_of(question))


@pytest.mark.parametrize(
    "question",
    [
        "Which metal rusts?",
        "A. Gold is what it asks for.",
        "B. Gold\nC. Iron",
        "A cat or\nB dog?",
        "",
    ],
    ids=["open", "one", "no A", "no signs", "empty"],
)
def test_what_has_no_list_of_options_has_none(question):
    assert options_of(question) == ()
    assert without(question, ["A"]) == question


@pytest.mark.parametrize(
    "question",
    ["Q?\nA. x\nB. y", "Q?\n(A) x\n(B) y", "Q?\nA) x\nB) y", "Q?\n  A: x\n  B: y", "A. x\nB. y"],
    ids=["dots", "brackets", "half brackets", "colons", "alone"],
)
def test_options_are_read_in_the_usual_spellings(question):
    assert [(one.letter, one.text) for one in options_of(question)] == [("A", "x"), ("B", "y")]


def test_an_option_goes_on_until_the_next_letter_and_the_last_until_a_blank_line():
    question = "Q?\nA. one\nand more\nB. two\nas well\n\nAnswer with a letter."

    assert [one.text for one in options_of(question)] == ["one\nand more", "two\nas well"]


def test_the_last_list_counts():
    question = "Example\nA. no\nB. yes\n\nNow:\nA. red\nB. blue\nC. green"

    assert [one.text for one in options_of(question)] == ["red", "blue", "green"]


def test_a_line_within_an_option_is_none():
    assert letters("Q?\nA. x\nI. myself\nB. y") == "AB"


def test_what_nobody_chose_is_dropped_and_the_letters_stay():
    dropped = unchosen(options_of(QUESTION), ["B", "D", "B", None, "Z"])

    assert dropped == ("A", "C")
    assert without(QUESTION, dropped) == "Which metal rusts?\nB. Iron\nD. Lead"


def test_nothing_is_dropped_where_a_single_one_would_be_left():
    assert unchosen(options_of(QUESTION), ["B", "B", None]) == ()
    assert unchosen(options_of(QUESTION), []) == ()


def test_what_stands_behind_the_options_stays():
    question = f"{QUESTION}\n\nAnswer with a letter."

    assert without(question, "ACD") == "Which metal rusts?\nB. Iron\n\nAnswer with a letter."


@given(st.text("AB. )(\nx", max_size=200))
def test_a_question_without_nothing_is_the_question(question):
    assert without(question, []) == question


@given(st.lists(st.text("xyz ", min_size=1).map(str.strip).filter(bool), min_size=2, max_size=10))
def test_what_is_written_as_options_is_read_as_them(texts):
    question = "Q?\n" + "\n".join(
        f"{letter}. {text}" for letter, text in zip("ABCDEFGHIJ", texts, strict=False)
    )

    found = options_of(question)

    assert [one.text for one in found] == texts
    assert [question[one.start] for one in found] == [one.letter for one in found]
