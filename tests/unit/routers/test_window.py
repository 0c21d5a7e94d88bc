from routers.window import Window

WINDOW = Window(head=10, tail=10, lead=12)


def test_a_short_text_is_kept_whole():
    assert WINDOW.views("  short text ") == ["short text"]


def test_a_long_text_is_cut_at_words():
    assert WINDOW.cut("one two three four five six seven") == "one two\nsix seven"


def test_a_text_without_a_space_is_cut_all_the_same():
    assert WINDOW.cut("a" * 1_000_000) == "a" * 10 + "\n" + "a" * 10


def test_a_long_text_is_read_by_its_outer_sentences():
    views = Window(head=100, tail=100, lead=12).views("Why? Because. It was so long. Who?")

    assert views == ["Who?", "Why?"]


def test_a_long_sentence_is_read_whole():
    assert WINDOW.views("one two three") == ["one two three"]


def test_lone_surrogates_become_question_marks():
    assert WINDOW.cut("a\udcffb") == "a?b"
