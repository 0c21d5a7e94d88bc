"""2,000 mixed lines on one slot of real vLLM: by plan, and as others would send them.

The floor is what each expert's lines take where it is resident already, summed. Arrival order and
llama-swap's collation are shown beside it on the first lines alone, which is enough for a rate;
with cold starts they are what the same swaps would take if each ended an engine and started one.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence

from bench.batch_slot import BatchSlot, batch_slot, mixed
from bench.report import Outcome, Target
from bench.setup import Setup
from orchestrator.api.inside import InsideEndpoint
from orchestrator.batch.line import Line
from orchestrator.residency.arrival_order import arrival_order
from orchestrator.residency.policy import Policy
from orchestrator.simulation.peers.collation import collation

NAME = "planned"
_SHARE = "planned wall-clock by that of resident experts"
_OFF = "prediction off what happened"
TARGETS = (
    Target(name=_SHARE, sense="<=", limit=1.08),
    Target(name=_OFF, sense="<=", limit=0.15),
)
NUM_LINES = 2000
#: Lines of the arms that swap all the time.
NUM_COMPARED = 300
#: Clients of llama-swap's arm: its queue is as long.
_NUM_WAITING = 64
#: Lines that are under way at once in arrival order.
_NUM_IN_ORDER = 16


def measure(setup: Setup) -> Outcome:
    """Run them all, one after another, on one engine."""
    return asyncio.run(_measure(setup, num_lines=NUM_LINES))


async def _measure(setup: Setup, *, num_lines: int) -> Outcome:
    async with batch_slot(setup.registry) as site:
        ids = [expert.id for expert in site.siblings.experts]
        await site.run_planned(mixed(ids, num_lines, seed=1))  # what calls take is learned here
        lines = mixed(ids, num_lines)
        before_s = await _resident_s(site, lines)
        ours = await site.run_planned(lines)
        after_s = await _resident_s(site, lines)  # a machine is not always as fast
        few = lines[: min(NUM_COMPARED, num_lines)]
        arms = {
            "arrival order": await _sent(site, few, arrival_order, num_clients=_NUM_IN_ORDER),
            "llama-swap": await _sent(site, few, collation, num_clients=_NUM_WAITING),
        }
        start_s = site.siblings.starts_s[0] + await site.siblings.stop_s()
    floor_s = (before_s + after_s) / 2
    scaled = {name: _scaled(arm, num_lines / len(few), start_s) for name, arm in arms.items()}
    off = abs(ours.predicted_s - ours.wall_s) / ours.wall_s
    return Outcome(
        values={_SHARE: ours.wall_s / floor_s, _OFF: off},
        figures={
            "lines": num_lines,
            "experts": len(ids),
            "resident_s": [round(before_s, 3), round(after_s, 3)],
            "planned": ours.figures(),
            "arms": scaled,
            "cold_start_s": round(start_s, 2),
            "compared_lines": len(few),
        },
        rows=[
            ("every expert resident", f"{floor_s:.1f} s"),
            ("planned", f"{ours.wall_s:.1f} s, {ours.num_swaps} swaps"),
            ("planned: predicted", f"{ours.predicted_s:.1f} s, {ours.predicted_swaps} swaps"),
            *(
                (f"{name}: {how}", f"{arm[how]:,.0f} s, {arm['swaps']:,.0f} swaps")
                for name, arm in scaled.items()
                for how in ("sibling swaps_s", "cold starts_s")
            ),
        ],
    )


async def _resident_s(site: BatchSlot, lines: Sequence[Line]) -> float:
    """What every expert's lines take beside each other, each resident before."""
    by_model: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_model[line.body.split(b'"')[3].decode()].append(line)
    taken_s = 0.0
    for expert in site.siblings.experts:
        if expert.id not in by_model:
            continue
        await site.host.become(expert)
        endpoint = site.endpoint(site.slot())
        began_s = time.perf_counter()
        await _ask_all(endpoint, by_model[expert.id], num_clients=256)
        taken_s += time.perf_counter() - began_s
    return taken_s


async def _sent(
    site: BatchSlot, lines: Sequence[Line], policy: Policy, *, num_clients: int
) -> tuple[float, int, float]:
    """Lines in their order, so many at a time: seconds, swaps, and seconds of the swaps."""
    endpoint = site.endpoint(site.slot(policy))
    num_before, began_s = len(site.host.swaps_s), time.perf_counter()
    await _ask_all(endpoint, lines, num_clients=num_clients)
    swaps_s = site.host.swaps_s[num_before:]
    return time.perf_counter() - began_s, len(swaps_s), sum(swaps_s)


async def _ask_all(endpoint: InsideEndpoint, lines: Sequence[Line], *, num_clients: int) -> None:
    left = iter(lines)

    async def client() -> None:
        for line in left:
            await endpoint.answer(line, call_id=line.custom_id, batch="", owner="")

    await asyncio.gather(*(client() for _ in range(num_clients)))


def _scaled(arm: tuple[float, int, float], factor: float, start_s: float) -> dict[str, float]:
    wall_s, num_swaps, swap_s = arm
    return {
        "sibling swaps_s": round(wall_s * factor, 2),
        "cold starts_s": round((wall_s - swap_s + num_swaps * start_s) * factor, 2),
        "swaps": round(num_swaps * factor, 1),
    }
