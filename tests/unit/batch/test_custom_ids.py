from hypothesis import given
from hypothesis import strategies as st

from orchestrator.batch.custom_ids import CustomIds


def repeated(ids: list[str]) -> list[tuple[int, int]]:
    found = CustomIds()
    for one in ids:
        found.add(one)
    return sorted(found.repeated())


@given(st.lists(st.text(max_size=3)))
def test_every_id_that_was_there_before_is_found_with_the_place_it_was_first(ids):
    expected = [(place, ids.index(one)) for place, one in enumerate(ids) if one in ids[:place]]

    assert repeated(ids) == expected


def test_ids_that_differ_in_their_form_alone_are_others():
    assert repeated(["a", "A", "a ", "\u00e9", "e\u0301", ""]) == []
