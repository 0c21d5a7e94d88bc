import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.batch.batch import BatchFault
from orchestrator.batch.input_lines import LineSplitter, RawLine, read_lines


def lines_of(*chunks: bytes, max_line_bytes: int = 100) -> list[RawLine | BatchFault]:
    splitter = LineSplitter(max_line_bytes=max_line_bytes)
    found = [one for chunk in chunks for one in splitter.feed(chunk)]
    return [*found, *splitter.end()]


def texts(found: list[RawLine | BatchFault]) -> list[bytes]:
    return [one.data if isinstance(one, RawLine) else one.code.encode() for one in found]


@pytest.mark.parametrize(
    ("file", "found"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"\n", [], id="an empty line"),
        pytest.param(b"1\n2\n", [(1, 0, b"1"), (2, 2, b"2")], id="two lines"),
        pytest.param(b"1\n2", [(1, 0, b"1"), (2, 2, b"2")], id="the last without its end"),
        pytest.param(b"1", [(1, 0, b"1")], id="one byte"),
        pytest.param(b"1\r\n2\r\n", [(1, 0, b"1"), (2, 3, b"2")], id="CR LF"),
        pytest.param(b"1\r\n2\r", [(1, 0, b"1"), (2, 3, b"2")], id="CR at the end"),
        pytest.param(b"\n\n \t\r\n1\n\n2", [(4, 6, b"1"), (6, 9, b"2")], id="empty lines"),
        pytest.param(b"\xef\xbb\xbf1\n2", [(1, 3, b"1"), (2, 5, b"2")], id="a mark of UTF-8"),
        pytest.param(b"\xef\xbb\xbf", [], id="nothing but a mark"),
        pytest.param(
            b"1\n\xef\xbb\xbf2", [(1, 0, b"1"), (2, 2, b"\xef\xbb\xbf2")], id="mark later"
        ),
    ],
)
def test_lines_are_numbered_and_placed_as_in_an_editor(file, found):
    assert [(one.number, one.offset, one.data) for one in lines_of(file)] == found


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_a_file_of_wide_letters_is_one_fault_that_says_what_to_do(encoding):
    (fault,) = lines_of('{"custom_id": "ä"}\n{}'.encode(encoding), b"more\n")

    assert (fault.code, fault.line) == ("invalid_encoding", None)
    assert fault.message == "the file is UTF-16 or UTF-32; save it as UTF-8"


async def test_of_a_hopeless_file_no_more_is_read():
    async def endless():
        yield "{}".encode("utf-16")
        raise AssertionError("read on")

    assert [one.code async for one in read_lines(endless(), max_line_bytes=9)] == [
        "invalid_encoding"
    ]


def test_a_line_that_is_too_long_is_a_fault_with_its_length_and_the_next_is_read():
    chunks = [b"1\n", *[b"x" * 50] * 4, b"xyz\r\n", b"3\n"]

    first, fault, third = lines_of(*chunks)

    assert (first.number, third.number) == (1, 3)
    assert (third.offset, third.data) == (2 + 205, b"3")
    assert fault == BatchFault(
        code="line_too_long", message="the line has 203 bytes; at most 100 are allowed", line=2
    )


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_line_may_be_exactly_as_long_as_it_is_allowed(end):
    assert texts(lines_of(b"x" * 100 + end)) == [b"x" * 100]
    assert texts(lines_of(b"x" * 101 + end)) == [b"line_too_long"]


def test_of_a_line_that_is_too_long_nothing_is_held():
    splitter = LineSplitter(max_line_bytes=1000)

    for _ in range(1000):
        assert list(splitter.feed(b"x" * 1000)) == []
    assert len(splitter._rest) <= 1001
    (fault,) = splitter.end()
    assert "has 1000000 bytes" in fault.message


@given(
    st.lists(st.sampled_from([b"a", b"bc", b"\n", b"\r", b"\r\n", b" ", b"\x00", b"\xff"]))
    | st.lists(st.binary(max_size=8)),
    st.integers(1, 7),
)
def test_how_a_file_is_cut_into_chunks_changes_nothing(parts, step):
    file = b"".join(parts)
    pieces = [file[begin : begin + step] for begin in range(0, len(file), step)]

    whole, cut = lines_of(file, max_line_bytes=5), lines_of(*pieces, max_line_bytes=5)

    assert whole == cut
    for one in whole:
        if isinstance(one, RawLine):
            assert file[one.offset : one.offset + one.length] == one.data
    numbers = [one.number if isinstance(one, RawLine) else one.line or 0 for one in whole]
    assert all(before < after for before, after in itertools.pairwise(numbers))
