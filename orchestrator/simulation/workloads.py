"""Traces made by rule and seed: what a service of many experts meets, each kind on its own.

Arrivals have no memory unless a kind says otherwise (Poisson); lengths are geometric.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import cos, pi
from typing import TypeVar

from orchestrator.errors import SetupError
from orchestrator.simulation.trace import Request, Trace

T = TypeVar("T")

#: Requests of a burst, on average, and how much faster than usual they come.
_BURST_REQUESTS, _BURST_SPEED = 20, 10.0
#: Experts that a composition asks at once, before its aggregator.
_PROPOSERS = 3
#: Part of a day that is rush, and its load against the quiet hours'.
_RUSH_SHARE, _RUSH_LOAD = 0.1, 4.0
#: Places of the day's rate that are told apart.
_DAY_STEPS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How much of a kind is asked for.

    Raises:
        SetupError: a count or a rate is not positive.
    """

    num_requests: int = 1000
    num_experts: int = 12
    #: On average over the whole trace.
    requests_per_s: float = 10.0
    prompt_tokens: int = 200
    output_tokens: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("num_requests", "num_experts", "requests_per_s"):
            if getattr(self, name) <= 0:
                raise SetupError(f"a trace's {name} is {getattr(self, name)}; it must be above 0")
        for name in ("prompt_tokens", "output_tokens"):
            if getattr(self, name) < 1:
                raise SetupError(f"a trace's {name} is {getattr(self, name)}; 1 is the least")

    @property
    def experts(self) -> list[str]:
        """Their names, the most asked for first where some are."""
        return [f"e{number:03}" for number in range(self.num_experts)]

    @property
    def span_s(self) -> float:
        """About how long the trace is."""
        return self.num_requests / self.requests_per_s


#: Time of arrival and expert, in order of time.
_Arrivals = Iterator[tuple[float, str]]


def made(kind: str, load: Load) -> Trace:
    """The trace of this kind.

    Raises:
        SetupError: there is no such kind.
    """
    if kind == "waves":
        return _waves(load)
    if kind not in _KINDS:
        raise SetupError(f"no trace is called {kind!r}; known: {list(KINDS)}")
    dice = random.Random(load.seed)
    arrivals = _KINDS[kind](load, dice)
    requests = [
        _request(place, when_s, expert, load, dice)
        for place, (when_s, expert) in zip(range(load.num_requests), arrivals, strict=False)
    ]
    return Trace(name=kind, requests=requests)


def _uniform(load: Load, dice: random.Random) -> _Arrivals:
    """Every expert as often as every other."""
    experts = load.experts
    for when_s in _poisson(load.requests_per_s, dice):
        yield when_s, dice.choice(experts)


def _zipf(load: Load, dice: random.Random) -> _Arrivals:
    """The expert of rank r in proportion to 1/r."""
    draw = _zipf_draw(load.experts, dice)
    for when_s in _poisson(load.requests_per_s, dice):
        yield when_s, draw()


def _bursty(load: Load, dice: random.Random) -> _Arrivals:
    """Each arrival is a burst for one expert, drawn by Zipf; bursts may overlap."""
    draw = _zipf_draw(load.experts, dice)
    gaps = _poisson(load.requests_per_s / _BURST_REQUESTS, dice)
    pending: list[tuple[float, str]] = []
    for start_s in gaps:
        ready = sorted(one for one in pending if one[0] <= start_s)
        pending = [one for one in pending if one[0] > start_s]
        yield from ready
        expert, when_s = draw(), start_s
        for _ in range(_geometric(_BURST_REQUESTS, dice)):
            pending.append((when_s, expert))
            when_s += dice.expovariate(load.requests_per_s * _BURST_SPEED)


def _abcabc(load: Load, dice: random.Random) -> _Arrivals:
    """Each expert in turn, evenly spaced: the worst case of arrival order."""
    del dice
    for place in range(load.num_requests):
        yield place / load.requests_per_s, load.experts[place % load.num_experts]


def _day(load: Load, dice: random.Random) -> _Arrivals:
    """A quiet night, a rush at noon, and other experts in demand in the evening.

    The rate swings by a half around its mean and is four times as high for a tenth of the day.
    Demand is by Zipf, and the ranks turn round once over the day.
    """
    experts, span_s = load.experts, load.span_s
    when = _warped([_day_rate((step + 0.5) / _DAY_STEPS) for step in range(_DAY_STEPS)], span_s)
    rank = _zipf_draw(list(range(load.num_experts)), dice)
    for even_s in _poisson(load.requests_per_s, dice):
        when_s = when(even_s)
        shift = int(load.num_experts * when_s / span_s)
        yield when_s, experts[(rank() + shift) % load.num_experts]


def _waves(load: Load) -> Trace:
    """Compositions: three different experts at once, then an aggregator that reads their answers.

    Three quarters of the requests are proposals; the last composition may be cut off.
    """
    dice = random.Random(load.seed)
    aggregator, *proposers = load.experts
    num_asked = min(_PROPOSERS, len(proposers))
    starts = _poisson(load.requests_per_s / (num_asked + 1), dice)
    drafts: list[tuple[float, int, str, bool]] = []
    for number, start_s in zip(range(load.num_requests), starts, strict=False):
        chosen = _distinct(_zipf_draw(proposers, dice), num_asked) if proposers else []
        drafts += [(start_s, number, expert, False) for expert in chosen]
        drafts.append((start_s, number, aggregator, True))
    return Trace(name="waves", requests=_linked(drafts[: load.num_requests], load, dice))


def _linked(
    drafts: Sequence[tuple[float, int, str, bool]], load: Load, dice: random.Random
) -> list[Request]:
    requests: list[Request] = []
    asked: list[int] = []
    for place, (start_s, _, expert, is_last) in enumerate(drafts):
        after = tuple(asked) if is_last else ()
        requests.append(_request(place, start_s, expert, load, dice, after=after))
        asked = [] if is_last else [*asked, place]
    return requests


def _request(
    place: int,
    when_s: float,
    expert: str,
    load: Load,
    dice: random.Random,
    *,
    after: tuple[int, ...] = (),
) -> Request:
    return Request(
        id=place,
        expert=expert,
        arrives_s=when_s,
        prompt_tokens=_geometric(load.prompt_tokens, dice),
        output_tokens=_geometric(load.output_tokens, dice),
        after=after,
    )


def _poisson(per_s: float, dice: random.Random) -> Iterator[float]:
    when_s = 0.0
    while True:
        when_s += dice.expovariate(per_s)
        yield when_s


def _geometric(mean: int, dice: random.Random) -> int:
    """At least one, `mean` on average."""
    return 1 if mean == 1 else 1 + int(dice.expovariate(1 / (mean - 0.5)))


def _zipf_draw(items: Sequence[T], dice: random.Random) -> Callable[[], T]:
    weights = list(accumulate(1 / rank for rank in range(1, len(items) + 1)))
    return lambda: dice.choices(items, cum_weights=weights)[0]


def _distinct(draw: Callable[[], str], count: int) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < count:
        found[draw()] = None
    return list(found)


def _day_rate(part: float) -> float:
    is_rush = abs(part - 0.5) < _RUSH_SHARE / 2
    return (1.0 - 0.5 * cos(2 * pi * part)) * (_RUSH_LOAD if is_rush else 1.0)


def _warped(rates: Sequence[float], span_s: float) -> Callable[[float], float]:
    """Maps evenly paced times to times paced by `rates`, each for an equal part of `span_s`."""
    total = sum(rates)
    reached = [0.0, *(span_s * part / total for part in accumulate(rates))]
    step_s = span_s / len(rates)

    def when(even_s: float) -> float:
        if even_s >= span_s:
            return even_s
        step = bisect_right(reached, even_s) - 1
        step = min(step, len(rates) - 1)
        inside = (even_s - reached[step]) / (reached[step + 1] - reached[step])
        return step_s * (step + inside)

    return when


_KINDS: Mapping[str, Callable[[Load, random.Random], _Arrivals]] = {
    "uniform": _uniform,
    "zipf": _zipf,
    "bursty": _bursty,
    "abcabc": _abcabc,
    "day": _day,
}
#: Kinds of traces that can be made.
KINDS = (*_KINDS, "waves")
