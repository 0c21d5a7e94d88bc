"""The best set of experts for one request under caps, found exactly by branch and bound.

Source: MoE^2, arXiv:2501.09410: what a set could become is bounded by what all that may still join
would make of it; a gate fitted on all experts stays best on any subset, so its scores are only
restricted to who is allowed. We differ: the quality of a set must grow with the scores of its
members, not with its size, since a vote may lose by one more voter.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray

from .base import RouterError

Table = NDArray[np.float64]
#: Scores in rows, shape [n, k] -> the quality of the first 1, 2, ... k of each row, shape [n, k].
SetQuality = Callable[[Table], Table]

#: Sets that are looked at together.
_BLOCK = 4096
#: Steps that are taken whatever the time: a busy machine may stall the first.
_LEAST_STEPS = 4
#: A sum may pass its cap by this factor, since decimals are no floats.
_ROUNDING = 1e-9
_GAIN = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An expert that may be asked, and what a request to it takes."""

    expert: str
    #: Expected quality of its answer, in [0, 1].
    score: float
    price_usd: float = 0.0
    latency_s: float = 0.0
    #: As the operator entered it.
    energy_j: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The most that one request may take; the experts of a set are asked at the same time."""

    #: Summed over the set.
    max_price_usd: float = inf
    #: Of the slowest of the set.
    max_latency_s: float = inf
    #: Summed over the set.
    max_energy_j: float = inf


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertSet:
    """A set within its caps."""

    #: Best first.
    experts: tuple[str, ...]
    quality: float
    price_usd: float
    latency_s: float
    energy_j: float
    #: False where time ran out before it was proven that no set is better.
    is_best: bool
    #: Expert -> the caps that keep it out of every set.
    left_out: Mapping[str, str] = field(default_factory=dict)


def noisy_or(scores: Table) -> Table:
    """The chance that one of the first k is right, for every k, if they err independently."""
    return np.asarray(1 - np.cumprod(1 - scores, axis=1))


def best_set(
    candidates: Sequence[Candidate],
    caps: Caps,
    *,
    k: int,
    quality: SetQuality = noisy_or,
    time_s: float = 0.1,
    clock: Callable[[], float] = time.monotonic,
) -> ExpertSet:
    """The set of at most `k` experts with the highest quality within the caps.

    Args:
        candidates: who may be asked, each once.
        caps: of the request.
        k: most experts.
        quality: of a set; must not fall when a member's score rises, such as `noisy_or` or
            `votes.chances`.
        time_s: longest search but for its first steps; after it the best set so far.
        clock: monotonic seconds.

    Raises:
        RouterError: no expert is within the caps (names the nearest), or a number is out of range.
    """
    _check(candidates, k)
    left_out = {one.expert: why for one in candidates if (why := _why_not(one, caps))}
    able = [one for one in candidates if one.expert not in left_out]
    if not able:
        raise RouterError(f"no expert is within the caps: {_nearest(candidates, caps)}")
    able.sort(key=lambda one: (-one.score, one.price_usd, one.expert))
    search = _Search(able, caps, k=min(k, len(able)), quality=quality)
    end_s, num_steps = clock() + time_s, 0
    while search.has_more and (num_steps < _LEAST_STEPS or clock() < end_s):
        search.step()
        num_steps += 1
    return search.found(left_out)


class _Search:
    """Blocks of sets still to be extended, and the best set so far."""

    def __init__(
        self, able: Sequence[Candidate], caps: Caps, *, k: int, quality: SetQuality
    ) -> None:
        self._able, self._k, self._quality = able, k, quality
        self._scores = np.array([one.score for one in able])
        #: Shape [n, 2]: shares of the two caps that are summed.
        self._costs = np.array(
            [
                (_share(one.price_usd, caps.max_price_usd), _share(one.energy_j, caps.max_energy_j))
                for one in able
            ]
        )
        self._best: tuple[int, ...] = ()
        self._value = -inf
        none = np.zeros((1, 0), dtype=np.int64)
        self._blocks = [_Block(none, np.zeros((1, 2)), np.array([inf]))]
        self._take_in_turn(range(len(able)))
        # The second order is that of gain for what the dearer cap takes.
        worth = self._scores / np.maximum(self._costs.max(axis=1), _GAIN)
        self._take_in_turn(np.argsort(-worth, kind="stable").tolist())

    @property
    def has_more(self) -> bool:
        """Whether a set is left that could be better."""
        return bool(self._blocks)

    def step(self) -> None:
        """Extend one block of sets by every expert that may join, and keep what can still win."""
        block = self._blocks.pop()
        hopeful = np.flatnonzero(block.bounds > self._value + _GAIN)
        if len(hopeful) > _BLOCK:
            self._blocks.append(block.rows(hopeful[_BLOCK:]))
        wider = self._extended(block.rows(hopeful[:_BLOCK]))
        order = np.flatnonzero(wider.bounds > self._value + _GAIN)
        if len(order):
            # The most promising first: they are taken from a block's start.
            self._blocks.append(wider.rows(order[np.argsort(-wider.bounds[order], kind="stable")]))

    def _take_in_turn(self, order: Sequence[int]) -> None:
        """A set to beat: whoever still fits, in this order."""
        taken: list[int] = []
        spent = np.zeros(2)
        for number in order:
            wider = spent + self._costs[number]
            if len(taken) < self._k and (wider <= 1 + _ROUNDING).all():
                taken, spent = [*taken, number], wider
        for size in range(1, len(taken) + 1):
            own = sorted(taken[:size])
            value = float(self._quality(self._scores[own][None])[0, -1])
            if value > self._value + _GAIN:
                self._best, self._value = tuple(own), value

    def found(self, left_out: Mapping[str, str]) -> ExpertSet:
        """The best set so far."""
        members = [self._able[i] for i in self._best]
        return ExpertSet(
            experts=tuple(one.expert for one in members),
            quality=self._value,
            price_usd=sum(one.price_usd for one in members),
            latency_s=max(one.latency_s for one in members),
            energy_j=sum(one.energy_j for one in members),
            is_best=not self._blocks,
            left_out=left_out,
        )

    def _extended(self, block: _Block) -> _Block:
        """Each set with each later expert that fits; a set is so made in one way only."""
        num, size = block.members.shape
        last = block.members[:, -1] if size else np.full(num, -1)
        spent = block.spent[:, None] + self._costs[None]
        fits = (spent <= 1 + _ROUNDING).all(axis=2)
        fits &= np.arange(len(self._able)) > last[:, None]
        rows, joined = np.nonzero(fits)
        members = np.hstack([block.members[rows], joined[:, None]])
        if len(rows) == 0:
            return _Block(members, np.empty((0, 2)), np.empty(0))
        wider = _Block(members, spent[rows, joined], np.empty(len(rows)))
        qualities, counts = self._prospects(wider)
        values = qualities[:, size]
        top = int(values.argmax())
        if values[top] > self._value + _GAIN:
            self._best, self._value = tuple(members[top].tolist()), float(values[top])
        columns = np.arange(qualities.shape[1])
        later = (columns > size) & (columns <= size + counts[:, None])
        bounds = np.where(later, qualities, -inf).max(axis=1)
        return _Block(members, wider.spent, bounds)

    def _prospects(self, block: _Block) -> tuple[Table, NDArray[np.int64]]:
        """Qualities of each set as the best of those who could join do so, caps or not.

        Returns:
            Shape [n, k]; the first columns are for the set's own members in turn. And how many
            could join: shape [n].
        """
        room = self._k - block.members.shape[1]
        fits = ((block.spent[:, None] + self._costs[None]) <= 1 + _ROUNDING).all(axis=2)
        fits &= np.arange(len(self._able)) > block.members[:, -1:]
        first = np.argsort(~fits, axis=1, kind="stable")[:, :room]
        scores = np.hstack([self._scores[block.members], self._scores[first]])
        counts = np.minimum(fits.sum(axis=1), self._affordable(block))
        return self._quality(scores), np.minimum(counts, room)

    def _affordable(self, block: _Block) -> NDArray[np.int64]:
        """How many of the cheapest experts fit what is left of each cap: shape [n]."""
        counts = np.full(len(block.spent), self._k)
        for column in range(2):
            sums = np.cumsum(np.sort(self._costs[:, column]))
            left = 1 + _ROUNDING - block.spent[:, column]
            counts = np.minimum(counts, np.searchsorted(sums, left, side="right"))
        return counts


class _Block:
    """Sets of one size."""

    __slots__ = ("bounds", "members", "spent")

    def __init__(self, members: NDArray[np.int64], spent: Table, bounds: Table) -> None:
        #: Shape [n, size]; numbers of experts, each row ascending, so best first.
        self.members = members
        #: Shape [n, 2]; shares of the caps.
        self.spent = spent
        #: Shape [n]; no set that a row grows into is better.
        self.bounds = bounds

    def rows(self, numbers: NDArray[np.int64]) -> _Block:
        """Some of them."""
        return _Block(self.members[numbers], self.spent[numbers], self.bounds[numbers])


def _check(candidates: Sequence[Candidate], k: int) -> None:
    names = [one.expert for one in candidates]
    if k < 1 or not names or len(set(names)) < len(names):
        raise RouterError(f"a set of {k} is chosen of one or more different experts, found {names}")
    for one in candidates:
        costs = (one.price_usd, one.latency_s, one.energy_j)
        if not (0 <= one.score <= 1 and all(isfinite(cost) and cost >= 0 for cost in costs)):
            raise RouterError(f"a score lies in 0 to 1 and costs are 0 or more, found {one}")


def _why_not(one: Candidate, caps: Caps) -> str:
    return ", ".join(
        f"{name} {cost:g} is over {cap:g}"
        for name, cost, cap in _capped(one, caps)
        if cost > cap * (1 + _ROUNDING)
    )


def _capped(one: Candidate, caps: Caps) -> list[tuple[str, float, float]]:
    return [
        ("price_usd", one.price_usd, caps.max_price_usd),
        ("latency_s", one.latency_s, caps.max_latency_s),
        ("energy_j", one.energy_j, caps.max_energy_j),
    ]


def _nearest(candidates: Sequence[Candidate], caps: Caps) -> str:
    """The expert that is over its caps by the smallest factor."""

    def excess(one: Candidate) -> float:
        return max(_share(cost, cap) for _, cost, cap in _capped(one, caps))

    nearest = min(candidates, key=excess)
    return f"the nearest is {nearest.expert!r}, whose {_why_not(nearest, caps)}"


def _share(cost: float, cap: float) -> float:
    if cap == 0:
        return 0.0 if cost == 0 else inf
    return cost / cap
