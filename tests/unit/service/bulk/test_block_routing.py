"""A block is routed as the gateway routes, and what cannot be asked says why."""

import re

import pytest

from orchestrator.service.bulk.folder import Folder
from orchestrator.service.bulk.routed import read_share, routed_path
from orchestrator.service.bulk.source import source_at
from tests.unit.service.bulk.inputs import line, routing, write_jsonl, write_parquet


def routed(tmp_path, *, max_line_bytes=10_000):
    """Blocks, and rows by expert."""
    source, work = source_at(str(tmp_path / "in")), Folder(str(tmp_path / "work"))
    router = routing(tmp_path, source.folder, work, max_line_bytes=max_line_bytes)
    blocks = [router.route(block) for block in source.blocks(block_bytes=400)]
    rows = {}
    for block in blocks:
        for group, share in enumerate(block.shares):
            found = read_share(work, block.number, group)
            assert len(found) == share.num_rows
            rows.setdefault(share.expert, []).extend(found)
    return blocks, rows


def test_rows_are_with_the_expert_that_answers_them(tmp_path):
    texts = ["a sum", "paint", "another sum", "draw"] * 5
    write_jsonl(tmp_path / "in/a.jsonl", *(line(str(i), text) for i, text in enumerate(texts)))

    blocks, rows = routed(tmp_path)

    assert len(blocks) > 1
    ids = {expert: [int(row.custom_id) for row in found] for expert, found in rows.items()}
    assert ids == {"math": list(range(0, 20, 2)), "painter": list(range(1, 20, 2))}


def test_tokens_are_those_of_the_prompt_and_the_longest_answer(tmp_path):
    write_jsonl(tmp_path / "in/a.jsonl", line("a"), line("b", max_tokens=5, n=3))

    (block,), _ = routed(tmp_path)

    (share,) = block.shares
    assert share.output_tokens == 64 + 3 * 5
    assert 2 < share.prompt_tokens < 40


def test_other_endpoints_and_named_experts_are_routed_too(tmp_path):
    embed = {"model": "vectors", "input": ["a", "b"]}
    write_jsonl(
        tmp_path / "in/a.jsonl",
        {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": embed},
        {"custom_id": "b", "method": "POST", "url": "/v1/completions",
         "body": {"model": "math", "prompt": "x"}},
    )  # fmt: skip

    _, rows = routed(tmp_path)

    assert {expert: row.custom_id for expert, (row,) in rows.items()} == {
        "vectors": "a", "math": "b",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("bad", "code", "told"),
    [
        ("{oops", "invalid_json_line", "not valid JSON"),
        (line("x", model="mth"), "model_not_found", "nearest: \\['math'\\]"),
        (line("x") | {"body": {"model": "math"}}, "invalid_request", "'messages' is required"),
        (line("x", stream=True), "invalid_request", "'stream' is true"),
        (line("x", "long " * 3000), "line_too_long", "longer than the limit of 10000 bytes"),
        (line("x", tempereture=1), "invalid_request", "did you mean 'temperature'"),
    ],
    ids=["JSON", "model", "body", "stream", "long", "typo"],
)  # fmt: skip
def test_a_row_that_cannot_be_asked_is_kept_with_the_reason_and_harms_no_other(
    tmp_path, bad, code, told
):
    write_jsonl(tmp_path / "in/a.jsonl", line("good"), bad, "", line("fine"))

    _, rows = routed(tmp_path)

    assert [row.custom_id for row in rows["painter"]] == ["good", "fine"]
    (row,) = rows[""]
    assert row.place == 1
    assert row.fault is not None
    assert row.fault.code == code
    assert re.search(told, row.fault.message)


def test_parquet_rows_are_routed_with_the_columns_they_have(tmp_path):
    write_parquet(tmp_path / "in/a.parquet", group_rows=7, custom_id=[str(i) for i in range(20)],
                  prompt=["a sum", "paint"] * 10, note=["left aside"] * 20)  # fmt: skip

    _, rows = routed(tmp_path)

    assert [int(row.custom_id) for row in rows["math"]] == list(range(0, 20, 2))
    assert [int(row.custom_id) for row in rows["painter"]] == list(range(1, 20, 2))


def test_a_block_that_is_stored_is_not_routed_again(tmp_path):
    write_jsonl(tmp_path / "in/a.jsonl", line("a"))
    (first,), _ = routed(tmp_path)
    before = (tmp_path / "work" / routed_path(0)).stat().st_mtime_ns

    (again,), _ = routed(tmp_path)

    assert again == first
    assert (tmp_path / "work" / routed_path(0)).stat().st_mtime_ns == before
