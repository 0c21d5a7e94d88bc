"""Which of several slots that host an expert is asked: the one where it should be answered first.

The fewest calls alone would show every slot every expert, and each would swap for all of them. So
what a call costs others counts as well: a slot with calls for other experts has to swap for them,
and one where this expert is not at home, and not there by chance either, is worth asking only if
its homes are later by more than that. All in seconds, so that a slot on a CPU, where no swap is
due but a call takes longer, is an alternative like any other.

Source: CoServe (arXiv:2503.02354) gives a request to the executor to which it adds the least time,
which asks each executor for its state. Here a gateway counts its own calls, and knows of those of
others by the expected waits that slots told last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from pydantic import BaseModel, ConfigDict

#: What the first call for an expert costs, in swaps. At home its own; elsewhere also the place it
#: takes from the experts that are there, or, where there are none, the memory of a replica.
_NEW_AT_HOME = 1.0
_NEW_ALONE = 2.0
_NEW_AMONG_OTHERS = 4.0
#: About what an engine generates beside one another: so much later is an answer for each call.
_CALLS_BESIDE = 32


class SlotOutlook(BaseModel):
    """What a slot told last: of its experts only those that wait or are resident."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: Experts that answer there without a swap.
    residents: tuple[str, ...] = ()
    #: Expected waits of those that have calls waiting, seconds.
    wait_s_by_expert: dict[str, float] = {}
    #: What a swap and a call take on average, seconds, in slots of its kind: slots that are alike
    #: are to be told apart by what they have to do.
    swap_s: float = 1.0
    call_s: float = 1.0
    #: Engines that serve there: so many experts without a swap.
    num_engines: int = 1
    #: Whether an engine there may become another expert; False where all hold pinned ones.
    may_swap: bool = True
    #: Experts that it leaves alone for now, since a step for them failed.
    broken: tuple[str, ...] = ()


_UNKNOWN = SlotOutlook()


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotView:
    """One slot as a gateway sees it."""

    #: Its own calls that wait or run there, by expert; every count is at least one.
    num_by_expert: Mapping[str, int] = field(default_factory=dict)
    #: The expert it asked last for.
    last_expert: str | None = None
    outlook: SlotOutlook = _UNKNOWN


def delay_s(expert: str, view: SlotView, *, is_home: bool) -> tuple[float, int]:
    """What one more call for `expert` takes at a slot and costs others there; least is best.

    Returns:
        Seconds; then calls, for equal ones.
    """
    num_by_expert, outlook = view.num_by_expert, view.outlook
    if not outlook.may_swap and expert not in outlook.residents:
        return inf, sum(num_by_expert.values())
    num_calls = sum(num_by_expert.values())
    num_others = len(num_by_expert) - (expert in num_by_expert)
    # With more engines than experts nobody has to swap for another.
    num_rivals = max(num_others + 1 - outlook.num_engines, 0)
    if _is_there(expert, view, num_rivals):
        num_swaps = float(num_rivals)
    elif is_home:
        num_swaps = num_rivals + _NEW_AT_HOME
    else:
        num_swaps = num_rivals + (_NEW_AMONG_OTHERS if num_rivals else _NEW_ALONE)
    own_s = num_swaps * outlook.swap_s + num_calls * outlook.call_s / _CALLS_BESIDE
    return max(own_s, outlook.wait_s_by_expert.get(expert, 0.0)) + outlook.call_s, num_calls


def answer_s(expert: str, view: SlotView) -> float:
    """Seconds in which one more call for `expert` would be answered at a slot, whole.

    What the call costs others there, which `delay_s` counts, is left out.
    """
    num_by_expert, outlook = view.num_by_expert, view.outlook
    if not outlook.may_swap and expert not in outlook.residents:
        return inf
    num_others = len(num_by_expert) - (expert in num_by_expert)
    num_rivals = max(num_others + 1 - outlook.num_engines, 0)
    is_there = expert in outlook.residents or _is_there(expert, view, num_rivals)
    num_swaps = num_rivals if is_there else num_rivals + 1
    own_s = num_swaps * outlook.swap_s
    own_s += sum(num_by_expert.values()) * outlook.call_s / _CALLS_BESIDE
    return max(own_s, outlook.wait_s_by_expert.get(expert, 0.0)) + outlook.call_s


def _is_there(expert: str, view: SlotView, num_rivals: int) -> bool:
    if expert in view.num_by_expert:
        return True
    is_free = not num_rivals
    return is_free and (view.last_expert == expert or expert in view.outlook.residents)
