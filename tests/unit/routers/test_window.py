import pytest

from routers.window import Window

WINDOW = Window(head=10, tail=10, lead=12)


@pytest.mark.parametrize(
    "text", ["", " \n\t", "=" * 40, "_____", "|---|---|", "?!", "😀", "\x00\x01", "=" * 1_000_000]
)
def test_signs_alone_are_blank(text):
    assert WINDOW.is_blank(text)


@pytest.mark.parametrize(
    "text", ["a", "=== 7 ===", "日", "ф", "²", "=" * 99 + "end", "a" + "=" * 99]
)
def test_a_letter_or_digit_of_any_script_is_not_blank(text):
    assert not WINDOW.is_blank(text)


def test_what_is_not_read_does_not_count():
    assert WINDOW.is_blank("=" * 30 + "word" + "=" * 30)


def test_a_short_text_is_kept_whole():
    assert WINDOW.views("  short text ") == ["short text"]


def test_a_long_text_is_cut_at_words():
    assert WINDOW.cut("one two three four five six seven") == "one two\nsix seven"


def test_a_text_without_a_space_is_cut_all_the_same():
    assert WINDOW.cut("a" * 1_000_000) == "a" * 10 + "\n" + "a" * 10


def test_a_long_text_is_read_by_its_outer_sentences():
    views = Window(head=100, tail=100, lead=12).views("Why? Because. It was so long. Who?")

    assert views == ["Who?", "Why?"]


def test_a_line_of_signs_does_not_speak_for_a_long_text():
    views = Window(head=100, tail=100, lead=12).views("=====\nWhy? Because. It was so long.\n=====")

    assert views == ["Why?"]


def test_a_long_sentence_is_read_whole():
    assert WINDOW.views("one two three") == ["one two three"]


def test_lone_surrogates_become_question_marks():
    assert WINDOW.cut("a\udcffb") == "a?b"
