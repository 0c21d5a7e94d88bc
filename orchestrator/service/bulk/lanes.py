"""In which order chunks are answered: the runs of a plan, a lane a slot.

The plan's calls are chunks, so it is as small for a hundred million rows as for ten thousand
requests. A lane is how much is sent at once and in which order; who answers is the service's to
say, by where experts are when the rows arrive.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from orchestrator.planner.planner import planned
from orchestrator.planner.slots import ExpertCost, PlannedSlot
from orchestrator.planner.workload import PlannedCall, Workload, WorkloadBuilder
from orchestrator.service.bulk.inventory import Chunk

#: One lineage for all: whoever asks from outside is not told which experts are siblings.
LINEAGE = "any"
#: Where nobody has told: only their proportions matter to an order.
_COST = ExpertCost(
    lineage=LINEAGE, swap_s=1.0, wake_s=3.0, start_s=30.0, prompt_token_s=2e-5, output_token_s=5e-4
)
#: Experts that no slot hosts, and rows that nobody answers, need no step.
_ELSEWHERE = "elsewhere"


def lanes(chunks: Sequence[Chunk], slots: Iterable[PlannedSlot] = ()) -> list[list[Chunk]]:
    """Chunks by lane, in the order they are to be begun; no lane is empty.

    Args:
        chunks: what is left.
        slots: of the service, as far as it tells.
    """
    if not chunks:
        return []
    own = list(slots)
    hosted = frozenset[str]().union(*(one.experts or () for one in own))
    experts = frozenset(chunk.expert for chunk in chunks)
    rest = experts - hosted
    if rest:
        lane = PlannedSlot(name=_ELSEWHERE, experts=rest, residents=tuple(rest), serving=(LINEAGE,))
        own.append(lane)
    costs = dict.fromkeys(experts - rest, _COST)
    costs |= {name: replace(_COST, swap_s=0.0, start_s=0.0) for name in rest}
    plan = planned(_workload(chunks), own, costs)
    found: dict[str, list[Chunk]] = defaultdict(list)
    for run in sorted(plan.runs, key=lambda run: run.begins_s):
        found[run.slot].extend(chunks[call] for call in sorted(run.calls))
    return list(found.values())


def _workload(chunks: Iterable[Chunk]) -> Workload:
    builder = WorkloadBuilder()
    for chunk in chunks:
        call = PlannedCall(
            stage=0,
            expert=chunk.expert,
            prompt_tokens=chunk.prompt_tokens,
            output_tokens=chunk.output_tokens,
        )
        builder.add((call,))
    return builder.workload()
