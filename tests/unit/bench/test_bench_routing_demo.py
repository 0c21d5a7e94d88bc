from pathlib import Path

import pytest

from bench import routing
from bench.process import BenchError
from bench.routing_demo import DEMO, DEMO_TARGETS, measure_demo
from bench.routing_process import figures
from bench.routing_speed import ARTIFACT, HELDOUT, SPEED_TARGETS, measure_speed
from bench.setup import Setup
from routers.base import RouterError


def setup(root: Path) -> Setup:
    return Setup(
        root=root, folder=root, registry=root / "experts.yaml", gateways=1, rounds=1, run_s=1.0
    )


def test_a_tree_without_the_demo_is_named(tmp_path):
    with pytest.raises(RouterError, match=str(tmp_path)):
        measure_demo(setup(tmp_path))
    with pytest.raises(BenchError, match=r"orchestrator fit|cannot be read"):
        measure_speed(setup(tmp_path))


def test_a_routing_process_says_what_it_took_and_how_often_it_was_right():
    found = figures(Path(ARTIFACT), Path(HELDOUT), rounds=2, num_prompts=8)

    assert len(found["p50_ms"]) == len(found["prompts_per_s"]) == 2
    assert 0 < found["p50_ms"][0] < 1000
    assert found["peak_mb"] > 1
    assert len(found["right"]) == len(found["right_after_words"]) == len(found["frames"]) == 2400
    assert sum(found["right"]) > 2200


def test_every_part_has_bars_of_its_own():
    names = [target.name for part in routing.PARTS.values() for target in part.targets]

    assert len(names) == len(set(names))
    assert {target.name for target in (*DEMO_TARGETS, *SPEED_TARGETS)} <= set(names)
    assert DEMO in routing.PARTS
