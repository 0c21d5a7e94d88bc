"""Lines of parts of files: every line is of one part, whatever the parts are."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.service.bulk.lines import lines_of
from orchestrator.service.bulk.source import Block


def part(start: int, end: int) -> Block:
    return Block(number=0, path="", kind="jsonl", start=start, end=end)


def read(content: bytes, *, block_bytes: int, max_line_bytes: int = 100) -> list[bytes | None]:
    return [
        line
        for start in range(0, len(content), block_bytes)
        for line in lines_of(
            io.BytesIO(content),
            part(start, min(start + block_bytes, len(content))),
            max_line_bytes=max_line_bytes,
        )
    ]  # fmt: skip


@given(
    content=st.binary(max_size=60).map(lambda text: text.replace(b"\x00", b"\n")),
    block_bytes=st.integers(1, 20),
)
def test_all_parts_together_have_the_lines_of_the_whole(content, block_bytes):
    whole = content.split(b"\n")
    expected = whole[:-1] if whole[-1] == b"" else whole

    assert read(content, block_bytes=block_bytes) == [
        line.removeprefix(b"\xef\xbb\xbf") if place == 0 else line
        for place, line in enumerate(expected)
    ]


@pytest.mark.parametrize("block_bytes", [3, 1000], ids=["cut inside it", "in one part"])
def test_a_line_that_is_too_long_is_told_and_the_next_is_read(block_bytes):
    content = b"a\n" + b"x" * 12 + b"\nb\n"

    found = read(content, block_bytes=block_bytes, max_line_bytes=10)

    assert found == [b"a", None, b"b"]


def test_a_line_as_long_as_it_may_be_is_read():
    assert read(b"x" * 10, block_bytes=50, max_line_bytes=10) == [b"x" * 10]


def test_a_byte_order_mark_is_no_part_of_the_first_line():
    assert read(b"\xef\xbb\xbfa\nb", block_bytes=50) == [b"a", b"b"]


def test_a_huge_line_is_never_held():
    class Endless(io.RawIOBase):
        """A line of 64 MiB, made as it is read."""

        left = 64

        def seek(self, place):
            return place

        def read(self, num_bytes):
            self.left -= 1
            return b"x" * num_bytes if self.left >= 0 else b""

    assert list(lines_of(Endless(), part(0, 64 * 2**20), max_line_bytes=2**20)) == [None]
