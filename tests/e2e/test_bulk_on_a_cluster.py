"""A bulk batch on a Ray cluster of three nodes, one of which is killed while it routes."""

from pathlib import Path

import pytest
from watchfiles import awatch

from orchestrator.engines.fake import FakeEngine
from tests.e2e.ray_nodes import ray_nodes, works
from tests.integration.cli.bulk_runs import Echoes, bulk_run, finished, lines_of, said
from tests.served import Service, running
from tests.unit.service.bulk.inputs import line, write_jsonl

pytestmark = pytest.mark.e2e

#: Whose router takes 0.4 ms a line: seconds pass until all are routed.
REGISTRY = Path(__file__).parents[2] / "experts.yaml"
NUM_ROWS = 12_000
#: Of which 90 make a block, so that much is left when the node dies.
BLOCK_MIB = 0.02


async def test_a_node_that_dies_loses_no_row_and_doubles_none(tmp_path):
    rows = [line(f"row-{i}", f"What is {i} plus one?") for i in range(NUM_ROWS)]
    write_jsonl(tmp_path / "in/a.jsonl", *rows, "{oops", rows[7])
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
    assert sum(told["num_rows_by_expert"].values()) == NUM_ROWS + 1
    assert told["num_faults"] == 1
    async with running(Service(engine=FakeEngine(script=Echoes()))) as url:
        told = await finished(await bulk_run(*options, "--url", url))
    assert (told["num_answers"], told["num_errors"]) == (NUM_ROWS, 2)
    results = lines_of(tmp_path / "out/results")
    assert len(results) == NUM_ROWS
    assert set(said(results)) == {f"row-{i}" for i in range(NUM_ROWS)}
    errors = [one["error"]["code"] for one in lines_of(tmp_path / "out/errors")]
    assert sorted(errors) == ["duplicate_custom_id", "invalid_json_line"]
