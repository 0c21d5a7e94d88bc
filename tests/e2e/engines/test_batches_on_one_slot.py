"""Small versions of `make bench-batch`: batches by plan, on one engine of real vLLM."""

from collections import defaultdict
from pathlib import Path

import pytest

from bench.batch_slot import batch_slot, line, mixed, questions

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(400),
    pytest.mark.filterwarnings("default"),
]

ROOT = Path(__file__).parents[3]


async def test_a_mixed_batch_swaps_once_for_each_expert_and_loses_none():
    async with batch_slot(ROOT / "experts.yaml") as site:
        ids = [expert.id for expert in site.siblings.experts]
        ran = await site.run_planned(mixed(ids, 160))

    assert ran.num_swaps <= len(ids) - 1
    assert (len(ran.results), ran.num_failed) == (160, 0)


async def test_composed_lines_swap_at_most_for_each_expert_of_each_stage():
    used: dict[str, set[str]] = defaultdict(set)
    asked = questions()
    lines = [line(at, "symbolic-moe", f"{at}: {asked[at].text}") for at in range(30)]

    async with batch_slot(ROOT / "deploy/demo/compositions.yaml") as site:
        ran = await site.run_planned(
            lines, heard=lambda call: used[call.id.rpartition("-")[2][0]].add(call.expert)
        )

    assert ran.num_swaps <= sum(map(len, used.values()))
    assert ran.num_failed == 0
