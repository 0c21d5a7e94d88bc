"""In which order chunks are answered: expert after expert, on as many lanes as there are slots.

Every expert stays on one lane, so that no two slots swap to it; the heaviest go first, each to the
lane that has least to do, and on a lane what is resident somewhere comes before what is not.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby

from orchestrator.service.bulk.inventory import Chunk

#: What a written token takes, in read ones: they come one by one.
_OUTPUT_WEIGHT = 8.0


def lanes(
    chunks: Sequence[Chunk], *, num_lanes: int, residents: Collection[str] = ()
) -> list[list[Chunk]]:
    """Chunks by lane, in the order they are to be begun; no lane is empty.

    Args:
        chunks: what is left, those of an expert beside each other.
        num_lanes: slots that answer.
        residents: experts that answer without a swap now.
    """
    runs = [list(one) for _, one in groupby(chunks, key=lambda chunk: chunk.expert)]
    found: list[list[list[Chunk]]] = [[] for _ in range(max(num_lanes, 1))]
    loads = [0.0] * len(found)
    for run in sorted(runs, key=_weight, reverse=True):
        lightest = loads.index(min(loads))
        found[lightest].append(run)
        loads[lightest] += _weight(run)
    return [_ordered(lane, residents) for lane in found if lane]


def _ordered(lane: list[list[Chunk]], residents: Collection[str]) -> list[Chunk]:
    # Sorting is stable: the heavy stay before the light.
    runs = sorted(lane, key=lambda run: run[0].expert not in residents)
    return [chunk for run in runs for chunk in run]


def _weight(run: Sequence[Chunk]) -> float:
    return sum(chunk.prompt_tokens + _OUTPUT_WEIGHT * chunk.output_tokens for chunk in run)
