"""Ids that are not the first of their kind are found, in whichever blocks they are."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.service.bulk.duplicates import Duplicates, find_duplicates
from orchestrator.service.bulk.folder import Folder
from orchestrator.service.bulk.identity import (
    digest_of,
    identities_between,
    identities_file,
    repeated,
)
from orchestrator.service.bulk.routed import ids_path


def file_of(ids, block):
    return identities_file([digest_of(one) for one in ids], list(range(len(ids))), block=block)


@given(
    blocks=st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=8), min_size=1, max_size=4),
    cut=st.integers(1, 255),
)
def test_all_but_the_first_are_found_whatever_ranges_are_read_at_once(blocks, cut):
    files = [pa.BufferReader(file_of(ids, number)) for number, ids in enumerate(blocks)]
    found = {
        (one.block, one.place): (one.first_block, one.first_place)
        for first, last in ((0, cut), (cut, 256))
        for one in repeated([identities_between(file, first, last) for file in files])
    }

    firsts, expected = {}, {}
    for block, ids in enumerate(blocks):
        for place, one in enumerate(ids):
            if one in firsts:
                expected[block, place] = firsts[one]
            firsts.setdefault(one, (block, place))
    assert found == expected


def test_duplicates_are_kept_by_block(tmp_path):
    work = Folder(str(tmp_path))
    work.write(ids_path(0), file_of(["a", "b"], 0))
    work.write(ids_path(1), file_of(["c", "b", "a"], 1))

    find_duplicates(work, num_blocks=2, num_rows=5)

    assert Duplicates(work).of(0) == {}
    assert Duplicates(work).of(1) == {1: (0, 1), 2: (0, 0)}


def test_what_was_found_is_not_looked_for_again(tmp_path):
    work = Folder(str(tmp_path))
    work.write(ids_path(0), file_of(["a", "a"], 0))
    find_duplicates(work, num_blocks=1, num_rows=2)
    work.delete(ids_path(0))

    find_duplicates(work, num_blocks=1, num_rows=2)

    assert Duplicates(work).of(0) == {1: (0, 0)}
