"""Chunks of an expert's rows over all blocks, and where rows came from."""

from orchestrator.service.bulk.inventory import Inventory
from orchestrator.service.bulk.routed import RoutedBlock, Share
from orchestrator.service.bulk.source import Block


def block(number, path="a.jsonl", **more):
    return Block(number=number, path=path, **{"kind": "jsonl", "start": 0, "end": 1} | more)


def routed(number, num_lines, **num_by_expert):
    shares = tuple(
        Share(expert=name.strip("_"), num_rows=num, prompt_tokens=0.0, output_tokens=0.0)
        for name, num in num_by_expert.items()
    )  # fmt: skip
    return RoutedBlock(number=number, num_lines=num_lines, shares=shares)


def test_chunks_go_over_blocks_and_every_row_is_in_one():
    inventory = Inventory(
        [block(0), block(1), block(2)],
        iter([routed(0, 5, math=4), routed(1, 3, code=2, math=1), routed(2, 9, math=5)]),
    )

    chunks = inventory.chunks(chunk_rows=6)

    assert [(one.expert, one.first, one.last) for one in chunks] == [
        ("code", 0, 2), ("math", 0, 6), ("math", 6, 10),
    ]  # fmt: skip
    pieces = [[(p.block, p.group, p.first, p.last) for p in inventory.pieces(c)] for c in chunks]
    assert pieces == [[(1, 0, 0, 2)], [(0, 0, 0, 4), (1, 1, 0, 1), (2, 0, 0, 1)], [(2, 0, 1, 5)]]


def test_a_name_says_expert_and_number_and_rows_with_faults_are_nobodys():
    inventory = Inventory([block(0)], iter([routed(0, 3, _=1, math=2)]))

    assert [one.name for one in inventory.chunks(chunk_rows=2)] == [
        "part-_faults-00000000", "part-math-00000000",
    ]  # fmt: skip
    assert inventory.num_rows == 3
    assert inventory.num_rows_by_expert == {"math": 2}


def test_lines_are_counted_from_the_beginning_of_their_own_file():
    blocks = [
        block(0, "a.jsonl"), block(1, "a.jsonl"), block(2, "b.jsonl"),
        block(3, "c.parquet", kind="parquet", num_before=40),
    ]  # fmt: skip
    inventory = Inventory(blocks, iter(routed(number, 10 + number) for number in range(4)))

    assert inventory.place_of(0, 0) == ("a.jsonl", 1)
    assert inventory.place_of(1, 4) == ("a.jsonl", 15)  # 10 before it, places from 0
    assert inventory.place_of(2, 0) == ("b.jsonl", 1)
    assert inventory.place_of(3, 1) == ("c.parquet", 42)
