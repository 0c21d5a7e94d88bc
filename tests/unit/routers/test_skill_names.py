import pytest
from hypothesis import given
from hypothesis import strategies as st

from routers.base import RouterError
from routers.skill_names import MAX_CHARS, agreed_names, names_in


def test_a_name_occurs_once_at_least():
    with pytest.raises(RouterError, match="min_samples is 0"):
        agreed_names(["algebra"], min_samples=0)


@pytest.mark.parametrize(
    ("reply", "names"),
    [
        ("Algebra, Number Theory", ("algebra", "number theory")),
        (" algebra ,algebra,, ", ("algebra",)),
        ("algebra.\n- geometry", ("algebra", "geometry")),
        ("`algebra`, **geometry**", ("algebra", "geometry")),
        ("none", ()),
        ("None.", ()),
        ("", ()),
        ("a" * 20 + "," + "b" * 21, ("a" * 20,)),
        ("The core skills that are needed are these", ()),
    ],
    ids=["two", "twice", "lines", "marked", "none", "None.", "empty", "20 and 21", "sentence"],
)
def test_a_reply_names_what_stands_between_its_commas(reply, names):
    assert names_in(reply) == names


def test_names_of_more_than_one_sample_are_kept_most_agreed_first():
    replies = ["algebra, units", "units", "Units, roman", "roman", "chess"]

    assert agreed_names(replies) == ("units", "roman")


def test_what_one_sample_repeats_is_agreed_by_nobody():
    assert agreed_names(["algebra, algebra", "chess"]) == ()


def test_nothing_is_agreed_where_nobody_replied():
    assert agreed_names([]) == ()


@given(st.lists(st.text(max_size=60), max_size=6))
def test_names_are_short_lower_and_of_two_replies_at_least(replies):
    for name in agreed_names(replies):
        assert 0 < len(name) <= MAX_CHARS
        assert name == name.lower()
        assert sum(name in reply.lower() for reply in replies) >= 2
