"""Which candidates stay where there is no room for all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.compositions.fitting_in import fitted, over_share, tries
from orchestrator.compositions.size import size_of
from orchestrator.engines.base import Text


def put(candidates) -> Text:
    return Text(text="Merge: " + "|".join(candidates))


def tokens(*candidates) -> int:
    """What a prompt with these takes, by the high estimate."""
    return size_of(put(candidates)).high


def kept(candidates, *, room) -> list[str]:
    return [candidates[at] for at in fitted(candidates, put, room=room).kept]


def test_one_candidate_stays_where_none_fits():
    assert kept(["x" * 100, "y" * 90, "z" * 95], room=0) == ["y" * 90]


def test_where_all_fit_all_stay_repeated_ones_too():
    same = ["a", "a", "b"]

    assert kept(same, room=tokens(*same)) == same


def test_what_repeats_an_earlier_one_is_dropped_first_and_the_last_of_it():
    said = ["b" * 50, "a" * 20, "a" * 20, "<think>longer</think>" + "a" * 20]

    assert kept(said, room=tokens("b" * 50, "a" * 20, "a" * 20)) == ["b" * 50, "a" * 20, "a" * 20]
    assert kept(said, room=tokens("b" * 50, "a" * 20)) == ["b" * 50, "a" * 20]


def test_then_the_longest_is_dropped_of_equally_long_ones_the_last():
    said = ["a" * 40, "b" * 60, "c" * 20, "d" * 60]

    assert kept(said, room=tokens(*said) - 1) == ["a" * 40, "b" * 60, "c" * 20]
    assert kept(said, room=tokens("a" * 40, "c" * 20)) == ["a" * 40, "c" * 20]


def test_a_context_that_nobody_knows_holds_all():
    assert kept(["x" * 10**6] * 3, room=float("inf")) == ["x" * 10**6] * 3


texts = st.lists(st.text(alphabet="abé ", max_size=60), min_size=1, max_size=9)


@given(texts, st.integers(0, 300))
def test_what_stays_fits_and_one_more_would_not(said, room):
    found = fitted(said, put, room=room)

    assert found.prompt == put([said[at] for at in found.kept])
    assert list(found.kept) == sorted(set(found.kept))
    assert size_of(found.prompt).high <= room or len(found.kept) == 1
    if len(found.kept) < len(said):
        assert tokens(*said) > room


@given(texts, st.integers(0, 300), st.integers(0, 100))
def test_more_room_never_keeps_fewer(said, room, more):
    few = set(fitted(said, put, room=room).kept)

    assert few <= set(fitted(said, put, room=room + more).kept)


@pytest.mark.parametrize(
    ("num", "sizes"), [(1, [1]), (2, [2, 1]), (5, [5, 2, 1]), (8, [8, 4, 2, 1])], ids=str
)
def test_what_an_engine_refuses_is_tried_with_the_first_half_and_again(num, sizes):
    said = [str(number) for number in range(num)]

    found = tries(said, put, room=float("inf"))

    assert [one.kept for one in found] == [tuple(range(size)) for size in sizes]
    assert [one.prompt for one in found] == [put(said[:size]) for size in sizes]


def test_nobody_is_over_their_share_where_all_fit():
    said = ["a" * 100, "b"]

    assert over_share(said, put, room=tokens(*said)).places == ()


def test_who_is_over_an_equal_share_of_the_room_is_to_be_shorter():
    said = ["a" * 500, "b" * 50, "c" * 300]

    # 100 tokens for three, less those of the empty prompt.
    found = over_share(said, put, room=100 + tokens("", "", ""))

    assert (found.places, found.share) == ((0, 2), 33)


def test_nobody_is_to_be_shorter_where_there_is_no_room_to_speak_of():
    said = ["a" * 500, "b" * 500]

    assert over_share(said, put, room=tokens("", "") + 2 * 31).places == ()
