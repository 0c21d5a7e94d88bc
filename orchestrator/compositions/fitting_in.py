"""Which candidates stay where an aggregator's context has no room for all: pure, on estimates.

The rule: nothing is dropped that need not be, by the high estimate of sizes. Those that repeat an
earlier one word for word are dropped first, the last of them first; then the longest, of equally
long ones the last, so that most views stay; one stays at least. A vocabulary of bytes has more
tokens than the estimate says: what is refused as too long all the same is asked with halves.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator.compositions.size import size_of
from orchestrator.engines.base import Prompt, Text
from routers.answers import without_thinking

#: Makes the prompt that holds these candidates.
Put = Callable[[Sequence[str]], Prompt]

#: Tokens below which a summary says nothing.
_MIN_SHARE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A prompt and the candidates in it."""

    prompt: Prompt
    #: Positions of those that stayed, ascending.
    kept: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverShare:
    """Candidates that are too long for all to fit."""

    #: Positions, ascending; none where all fit, or where there is no room to speak of.
    places: tuple[int, ...] = ()
    #: Tokens each of them may have, by the high estimate.
    share: int = 0


def fitted(candidates: Sequence[str], put: Put, *, room: float) -> Fitted:
    """The prompt with all candidates that stay.

    Args:
        candidates: one at least.
        put: makes the prompt; more candidates make no shorter one.
        room: tokens that the context has for a prompt.
    """
    prompt = put(candidates)
    if size_of(prompt).high <= room:
        return Fitted(prompt=prompt, kept=tuple(range(len(candidates))))
    order = _dropped_first(candidates)[:-1]

    def fits(num_dropped: int) -> bool:
        left = _without(order[:num_dropped], candidates)
        return size_of(put([candidates[at] for at in left])).high <= room

    kept = _without(order[: bisect_left(range(len(order)), True, key=fits)], candidates)
    return Fitted(prompt=put([candidates[at] for at in kept]), kept=kept)


def tries(candidates: Sequence[str], put: Put, *, room: float) -> list[Fitted]:
    """What to ask one after another of an engine that may refuse it as too long.

    All that stay by the estimate, then the first half of those, and again.
    """
    found = [fitted(candidates, put, room=room)]
    while kept := found[-1].kept[: len(found[-1].kept) // 2]:
        found.append(Fitted(prompt=put([candidates[at] for at in kept]), kept=kept))
    return found


def over_share(candidates: Sequence[str], put: Put, *, room: float) -> OverShare:
    """Who would have to be shorter for all to fit, each with an equal share of the room."""
    if size_of(put(candidates)).high <= room:
        return OverShare()
    around = size_of(put([""] * len(candidates))).high
    share = int((room - around) / len(candidates))
    if share < _MIN_SHARE:
        return OverShare()
    sizes = [size_of(Text(text=without_thinking(one))).high for one in candidates]
    places = tuple(at for at, size in enumerate(sizes) if size > share)
    return OverShare(places=places, share=share)


def _dropped_first(candidates: Sequence[str]) -> list[int]:
    """All positions, the first to be dropped first."""
    said = [without_thinking(one) for one in candidates]
    repeated = [at for at, text in enumerate(said) if said.index(text) < at]
    others = sorted(set(range(len(said))) - {*repeated}, key=lambda at: (len(said[at]), at))
    return [*reversed(repeated), *reversed(others)]


def _without(dropped: Sequence[int], candidates: Sequence[str]) -> tuple[int, ...]:
    gone = set(dropped)
    return tuple(at for at in range(len(candidates)) if at not in gone)
