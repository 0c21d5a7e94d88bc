"""Patterns that operators write, and texts that strangers send."""

import time

import pytest

from routers.base import RouterError
from routers.patterns import MAX_CHARS, any_word, compiled, searchable

#: Python's own engine needs longer than the universe is old for the first three.
EVIL = [
    pytest.param(r"(a+)+$", "a" * 10**6 + "!", id="nested repetition"),
    pytest.param(r"(a|aa)+$", "a" * 10**6 + "!", id="overlapping alternatives"),
    pytest.param(r"(x+x+)+y", "x" * 10**6, id="two repetitions of one letter"),
    pytest.param(r"(?:[ab]*a[ab]{900})x", "ab" * 10**6, id="more states than fit in memory"),
    pytest.param(r"(.*){50}x", "word " * 10**6, id="fifty captures"),
]


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("[", "missing ]"),
        ("a{2", None),
        ("(?=x)", "no look-around"),
        (r"(\w)\1", "no back-references"),
        (r"((a{30}){30}){30}", "invalid repetition size"),
        (r"\pL{1,500}", "too large"),
        (r"\pL{1,50}", "at most 5000"),
        ("*", "no argument for repetition"),
    ],
)
def test_what_cannot_be_searched_with_is_refused_with_the_reason(pattern, reason):
    if reason is None:
        assert compiled(pattern).is_in(b"xa{2")
        return
    with pytest.raises(RouterError, match=reason):
        compiled(pattern)


@pytest.mark.parametrize(("pattern", "text"), EVIL)
def test_an_evil_pattern_on_an_evil_text_ends_soon(pattern, text):
    began_s = time.thread_time()

    assert not compiled(pattern).is_in(searchable(text))

    assert time.thread_time() - began_s < 1.0


@pytest.mark.parametrize("text", ["\ud800", "\x00\x01", "", "e\u0301" * 5000])
def test_any_text_can_be_searched(text):
    assert not compiled("needle").is_in(searchable(text))


def test_of_a_long_text_head_and_tail_are_searched():
    text = "first" + "." * MAX_CHARS + "middle" + "." * MAX_CHARS + "last"

    found = [
        word for word in ("first", "middle", "last") if any_word([word]).is_in(searchable(text))
    ]

    assert found == ["first", "last"]


@pytest.mark.parametrize(
    ("word", "text", "is_there"),
    [
        ("sum", "the SUM of", True),
        ("sum", "summer", False),
        ("sum", "assume", False),
        ("sum", "sum", True),
        ("capital of", "Capital\n  OF France", True),
        ("c++", "in C++, please", True),
        ("c++", "c+++", True),
        (".net", "asp .NET", True),
        ("été", "l'e\u0301te\u0301 dernier", True),
        ("été", "répété", False),
        ("首都", "日本の首都はどこですか", True),
        ("a.c", "abc", False),
    ],
)
def test_words_are_whole_and_of_any_case(word, text, is_there):
    assert any_word([word]).is_in(searchable(text)) is is_there


def test_one_of_several_words_is_enough():
    assert any_word(["minus", "plus"]).is_in(searchable("3 plus 4"))
