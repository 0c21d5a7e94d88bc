import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.batch.line_index import IndexedLines, LineIndexBuilder, packed, unpacked
from orchestrator.errors import StorageError
from orchestrator.planner.workload import PlannedCall, WorkloadBuilder


def indexed(num_lines: int, experts: tuple[str, ...] = ("a", "b")) -> IndexedLines:
    index, work = LineIndexBuilder(), WorkloadBuilder()
    for place in range(num_lines):
        index.add(offset=place * 3_000_000_000, num_bytes=place + 1, number=place + 1)
        call = PlannedCall(
            stage=place % 2, expert=experts[place % 2], prompt_tokens=place, output_tokens=1
        )
        work.add([call] * (place % 3), deadline_s=60.0)
    return IndexedLines(index=index.index(), workload=work.workload())


@pytest.mark.parametrize("num_lines", [0, 1, 1_000])
def test_what_was_packed_is_what_is_unpacked(num_lines):
    lines = indexed(num_lines, ("ex@pert/1", "\u00fc"))

    found = unpacked(packed(lines))

    for one, other in ((found.index, lines.index), (found.workload, lines.workload)):
        for name in other.__slots__:
            kept, given_one = getattr(one, name), getattr(other, name)
            assert np.array_equal(kept, given_one)
            assert not isinstance(given_one, np.ndarray) or kept.dtype == given_one.dtype


@given(cut=st.integers(0, 400), junk=st.binary(max_size=8))
def test_what_is_damaged_is_as_none_and_never_raises(cut, junk):
    data = packed(indexed(5))
    at = cut * len(data) // 400

    found = unpacked(data[:at] + junk + data[at + len(junk) :])

    assert found is None or len(found.index) == 5
    assert unpacked(data[:at]) is None or at == len(data)


def test_an_index_of_a_later_version_is_refused():
    later = packed(indexed(1)).replace(b"lines 1", b"lines 2", 1)

    with pytest.raises(StorageError, match="version 2; this software reads up to 1"):
        unpacked(later)
