"""Rows of files as they are, and files that are none."""

import json

import pyarrow
import pyarrow.parquet
import pytest

from routers.base import RouterError
from routers.rows import Faults, read_rows
from tests.unit.routers.small import write_lines

ROWS = [{"id": "a", "prompt": "one", "n": 1}, {"id": "b", "prompt": "two", "n": None}]


def rows(*paths):
    faults = Faults(paths)
    found = list(read_rows(paths, wanted={"id", "prompt"}, faults=faults))
    faults.refuse()
    return found


def written(tmp_path, form):
    table, path = pyarrow.Table.from_pylist(ROWS), tmp_path / f"rows.{form}"
    if form == "parquet":
        pyarrow.parquet.write_table(table, path)
    elif form == "arrow":
        with pyarrow.ipc.new_stream(path, table.schema) as out:
            out.write_table(table)
    elif form == "csv":
        path.write_text("﻿id,prompt,n\na,one,1\nb,two,\n", encoding="utf-8")
    elif form == "tsv":
        path.write_text("id\tprompt\tn\na\tone\t1\nb\ttwo\t\n")
    elif form == "json":
        path.write_text(json.dumps(ROWS, indent=1))
    else:
        write_lines(path, *ROWS)
    return path


@pytest.mark.parametrize("form", ["jsonl", "json", "csv", "tsv", "parquet", "arrow"])
def test_every_form_tells_the_same_rows(tmp_path, form):
    first, second = rows(written(tmp_path, form))

    assert (first.cells["id"], first.cells["prompt"]) == ("a", "one")
    assert (second.cells["id"], second.cells["prompt"]) == ("b", "two")
    assert "n" not in second.cells
    assert list(second.columns) == ["id", "prompt", "n"]


def test_arrow_files_are_read_as_arrow_streams_are(tmp_path):
    table = pyarrow.Table.from_pylist(ROWS)
    with pyarrow.ipc.new_file(tmp_path / "rows.arrow", table.schema) as out:
        out.write_table(table)

    assert [row.cells["id"] for row in rows(tmp_path / "rows.arrow")] == ["a", "b"]


def test_places_are_lines_of_text_and_rows_of_tables(tmp_path):
    text = tmp_path / "q.csv"
    text.write_text('id,prompt\na,"two\nlines"\nb,one\n')

    assert [row.place for row in rows(text)] == ["q.csv:2", "q.csv:4"]
    assert rows(written(tmp_path, "parquet"))[1].place == "rows.parquet, row 2"


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("q.jsonl", b'{"id": 1}\n{\n[1]\n\xff\n', r"(?s)3 bad rows.*:2:.*no JSON.*:3:.*list.*:4:"),
        ("q.jsonl", b"[" * 100_000 + b"\n", r"1 bad row\n.*q.jsonl:1: the line is no JSON"),
        ("q.json", b'[{"id": 1}, 2]', "q.json, row 2: is no object but int"),
        ("q.json", b"[1, ", "q.json' is no JSON"),
        ("q.csv", b"id,prompt\na\n", "q.csv:2: has 1 cells, the head has 2"),
        ("q.csv", b"id,id\na,b\n", "several columns 'id'"),
        ("q.csv", b'id,prompt\na,"open\n', "q.csv' cannot be read: unexpected end"),
        ("q.csv", b"id,prompt\n\xff,b\n", "q.csv' cannot be read"),
        ("q.parquet", b"PAR1 is not all", "is no parquet file"),
        ("q.arrow", b"nothing of the kind", "is no arrow file"),
    ],
)
def test_what_is_no_row_is_named(tmp_path, name, content, fault):
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(RouterError, match=fault):
        rows(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RouterError, match=r"gone\.csv' cannot be read"):
        rows(tmp_path / "gone.csv")


def test_a_file_of_another_shape_than_its_name_says_is_told_by_its_shape(tmp_path):
    path = write_lines(tmp_path / "q.json", *ROWS)

    assert len(rows(path)) == 2


def test_splits_of_a_folder_come_from_its_names(tmp_path):
    write_lines(tmp_path / "test.jsonl", ROWS[0])
    (tmp_path / "data").mkdir()
    for shard in range(2):
        path = tmp_path / f"data/train-{shard:05d}-of-00002.parquet"
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS[shard:][:1]), path)
    (tmp_path / "heldout").mkdir()
    write_lines(tmp_path / "heldout/data-00000-of-00001.jsonl", ROWS[0])
    (tmp_path / "dataset_info.json").write_text('{"splits": {"train": {"num_examples": 2}}}')

    found = [(row.split, row.cells["id"]) for row in rows(tmp_path)]

    assert found == [("train", "a"), ("train", "b"), ("heldout", "a"), ("test", "a")]


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({"notes.txt": "x"}, "holds no data set"),
        ({"train-00001-of-00002.jsonl": "{}\n"}, "lacks shard 00000 of 00002 of 'train'"),
        (
            {
                "train.jsonl": "{}\n",
                "dataset_info.json": '{"splits": {"train": {"num_examples": 2}}}',
            },
            r"has 1 rows of split 'train', its dataset_info.json says 2",
        ),
        ({"train.jsonl": "{}\n", "dataset_info.json": '{"splits": [1]}'}, "no description"),
    ],
)
def test_a_folder_that_is_not_whole_is_refused(tmp_path, files, fault):
    for name, content in files.items():
        (tmp_path / name).write_text(content)

    with pytest.raises(RouterError, match=fault):
        rows(tmp_path)
