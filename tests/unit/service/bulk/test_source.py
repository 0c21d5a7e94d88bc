"""What is read of an input, and what is refused before anything runs."""

from itertools import pairwise

import pytest

from orchestrator.errors import SetupError
from orchestrator.service.bulk.source import source_at
from tests.unit.service.bulk.inputs import line, write_jsonl, write_parquet


def test_a_folder_is_read_in_order_without_what_tools_leave_there(tmp_path):
    for name in ("b.jsonl", "a/c.ndjson", "_SUCCESS", "_work/x.jsonl", ".hidden.jsonl", "n.txt"):
        write_jsonl(tmp_path / name, line("1"))

    assert [one.path for one in source_at(str(tmp_path)).entries] == ["a/c.ndjson", "b.jsonl"]


def test_a_file_alone_is_an_input(tmp_path):
    write_jsonl(tmp_path / "other.jsonl", line("2"))
    path = write_jsonl(tmp_path / "a.jsonl", line("1"))

    assert [one.path for one in source_at(str(path)).entries] == ["a.jsonl"]


@pytest.mark.parametrize("name", ["gone", "notes.txt"], ids=["not there", "of another kind"])
def test_nothing_to_read_is_refused(tmp_path, name):
    (tmp_path / "notes.txt").write_text("x")

    with pytest.raises(SetupError, match=r"\.parquet"):
        source_at(str(tmp_path / name))


def test_a_file_that_changed_is_another_input(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", line("1"))
    before = source_at(str(tmp_path)).fingerprint

    path.write_text(path.read_text() + "\n")

    assert source_at(str(tmp_path)).fingerprint != before


def test_blocks_cover_every_byte_and_row_once(tmp_path):
    write_jsonl(tmp_path / "a.jsonl", *(line(str(i)) for i in range(9)))
    write_parquet(tmp_path / "b.parquet", group_rows=40, custom_id=[str(i) for i in range(100)],
                  prompt=["paint " * 20] * 100)  # fmt: skip
    source = source_at(str(tmp_path))

    blocks = source.blocks(block_bytes=300)

    assert [block.number for block in blocks] == list(range(len(blocks)))
    lines = [(block.start, block.end) for block in blocks if block.kind == "jsonl"]
    assert lines[0][0] == 0
    assert all(end == start for (_, end), (start, _) in pairwise(lines))
    assert lines[-1][1] == source.entries[0].num_bytes
    rows = [(b.num_before, b.end - b.start) for b in blocks if b.kind == "parquet"]
    assert [before for before, _ in rows] == [sum(n for _, n in rows[:i]) for i in range(len(rows))]
    assert sum(num for _, num in rows) == 100


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"prompt": ["x"]}, r"no column 'custom_id'; its columns: \['prompt'\]"),
        (
            {"custom_id": ["x"], "text": ["y"]},
            r"no column 'body' .* or 'prompt' .*'custom_id', 'te",
        ),
        ({"text": ["y"]}, r"no column 'custom_id' and none 'body'"),
    ],
    ids=["no id", "no prompt", "neither"],
)
def test_a_parquet_file_without_the_columns_is_refused_with_those_it_has(tmp_path, columns, told):
    write_parquet(tmp_path / "good.parquet", custom_id=["a"], prompt=["b"])
    write_parquet(tmp_path / "nope.parquet", **columns)

    with pytest.raises(SetupError, match=rf"nope\.parquet' has {told}"):
        source_at(str(tmp_path)).blocks(block_bytes=100)


def test_a_parquet_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"not at all")

    with pytest.raises(SetupError, match=r"a\.parquet' is not a parquet file"):
        source_at(str(tmp_path)).blocks(block_bytes=100)


def test_utf_16_is_refused_at_once(tmp_path):
    (tmp_path / "a.jsonl").write_bytes('{"custom_id": "1"}'.encode("utf-16"))

    with pytest.raises(SetupError, match=r"a\.jsonl' is UTF-16: save it as UTF-8"):
        source_at(str(tmp_path)).blocks(block_bytes=100)
