"""Which of several slots that host an expert is asked first: the gateway's choice, as values.

The fewest calls alone would show every slot every expert, and each would swap for all of them.
What a gateway knows of its own calls is enough to keep experts apart: a slot with calls for other
experts has to swap for them, and one without a call for this expert has to swap for it.

Source: CoServe (arXiv:2503.02354) gives a request to the executor to which it adds the least time,
which asks each executor for its state. Here the calls of one gateway are counted, in swaps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: What the first call for an expert costs, in swaps: its own, and the place it takes from the
#: experts that are there; of a slot that has no others, its own and what replicas cost memory.
_NEW_AMONG_OTHERS = 4.0
_NEW_ALONE = 2.0
#: Calls that weigh as much as a swap: about what an engine generates beside one another.
_CALLS_A_SWAP = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotLoad:
    """What a gateway has under way at one slot."""

    #: Calls that wait or run, by expert; every count is at least one.
    num_by_expert: Mapping[str, int]
    #: The expert it was last asked for.
    last_expert: str | None = None


def disturbance(expert: str, load: SlotLoad) -> tuple[float, int]:
    """How much one more call for `expert` disturbs a slot and is kept waiting there; least is best.

    Returns:
        Swaps, with calls counted as parts of one; then calls.
    """
    num_by_expert = load.num_by_expert
    num_calls = sum(num_by_expert.values())
    num_others = len(num_by_expert) - (expert in num_by_expert)
    is_there = expert in num_by_expert or (not num_by_expert and load.last_expert == expert)
    new = _NEW_AMONG_OTHERS if num_others else _NEW_ALONE
    return num_others + (0.0 if is_there else new) + num_calls / _CALLS_A_SWAP, num_calls
