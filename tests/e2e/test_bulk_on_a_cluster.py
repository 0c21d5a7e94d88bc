"""A bulk batch on a Ray cluster of three nodes, one of which is killed while it routes."""

from pathlib import Path

import pytest
from watchfiles import awatch

from bench.batch_bulk import lost_or_doubled
from tests.e2e.ray_nodes import ray_nodes, works
from tests.integration.cli.bulk_runs import bulk_run, finished
from tests.unit.service.bulk.inputs import line, write_jsonl

pytestmark = pytest.mark.e2e

#: Whose router takes 0.4 ms a line: seconds pass until all are routed.
REGISTRY = Path(__file__).parents[2] / "experts.yaml"
NUM_ROWS = 6_000
#: Of which 40 make a block, so that much is left when the node dies.
BLOCK_MIB = 0.006


async def test_a_node_that_dies_loses_no_row_and_doubles_none(tmp_path):
    rows = [line(f"line-{i}", f"What is {i} plus one?") for i in range(NUM_ROWS)]
    write_jsonl(tmp_path / "in/a.jsonl", *rows, "{oops")
    (tmp_path / "out").mkdir()
    with ray_nodes() as nodes:
        options = (
            tmp_path / "in", tmp_path / "out", "--registry", REGISTRY,
            "--ray-address", nodes.address, "--workers", 3, "--block-mib", BLOCK_MIB,
        )  # fmt: skip
        process = await bulk_run(*options, "--route-only", env=nodes.env)
        async for _ in awatch(tmp_path / "out"):
            busy = [raylet for raylet in nodes.raylets if works(raylet)]
            if busy:
                busy[0].kill()
                num_done = len(list((tmp_path / "out/_work/done").glob("*.json")))
                break
        told = await finished(process)

    assert num_done < len(list((tmp_path / "out/_work/done").glob("*.json"))) - 10
    assert sum(told["num_rows_by_expert"].values()) == NUM_ROWS
    assert told["num_faults"] == 1
    assert lost_or_doubled(tmp_path / "out/_work/routed", num_lines=NUM_ROWS) == 0
