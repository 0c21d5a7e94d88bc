"""A bulk batch on this machine alone, killed while it routes: the bench's way, on fewer lines."""

from pathlib import Path

import pytest

from bench.batch_bulk import TARGETS, left_behind, measure
from bench.setup import Setup

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]


def test_killed_while_it_routes_it_goes_on_and_nothing_of_it_is_left_running(tmp_path):
    setup = Setup(
        root=ROOT, folder=tmp_path, registry=ROOT / "experts.yaml", gateways=1, rounds=1, run_s=1.0
    )

    outcome = measure(setup, num_lines=25_000)

    assert [
        str(bar) for bar in (t.judge(outcome.values[t.name]) for t in TARGETS) if not bar.holds
    ] == []
    assert 0 < outcome.figures["blocks_kept"] < outcome.figures["num_blocks"]
    assert sum(outcome.figures["told"]["num_rows_by_expert"].values()) == 25_000
    assert left_behind(tmp_path / "bulk-out") == []
