"""What every picture of a timeline needs: lanes of slots, ranks of experts, ticks and totals."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from orchestrator.batch.progress import Bar, Timeline

#: Between two marks of the time axis, seconds.
_TICKS_S = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One slot: what it was to do and what it did, each in order of time."""

    slot: str
    predicted: tuple[Bar, ...] = ()
    happened: tuple[Bar, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What bars add up to."""

    num_runs: int = 0
    num_calls: int = 0
    num_swaps: int = 0
    #: `None` where nobody measured the swaps there were.
    swap_s: float | None = 0.0
    makespan_s: float = 0.0


def lanes(timeline: Timeline) -> tuple[Lane, ...]:
    """Slots in the order people count them, `gpu-2` before `gpu-10`."""
    predicted, happened = _by_slot(timeline.predicted), _by_slot(timeline.happened)
    return tuple(
        Lane(slot=slot, predicted=predicted.get(slot, ()), happened=happened.get(slot, ()))
        for slot in sorted({*predicted, *happened}, key=_counted)
    )


def ranked(timeline: Timeline) -> tuple[str, ...]:
    """Experts, those that slots work on longest first: the most distinct colours go to them."""
    busy_s: defaultdict[str, float] = defaultdict(float)
    for bar in (*timeline.predicted, *timeline.happened):
        busy_s[bar.expert] += bar.ends_s - bar.begins_s
    return tuple(sorted(busy_s, key=lambda expert: (-busy_s[expert], expert)))


def horizon_s(timeline: Timeline) -> float:
    """Where the time axis ends; never 0."""
    ends = [bar.ends_s for bar in (*timeline.predicted, *timeline.happened)]
    return max([*ends, timeline.lower_bound_s or 0.0, 0.001])


def totals(bars: Iterable[Bar]) -> Totals:
    """The sums of bars, and when the last one ends."""
    found = list(bars)
    num_swaps = sum(bar.step is not None for bar in found)
    swap_s = sum(bar.step_s for bar in found)
    return Totals(
        num_runs=len(found),
        num_calls=sum(bar.num_calls for bar in found),
        num_swaps=num_swaps,
        swap_s=None if num_swaps and not swap_s else swap_s,
        makespan_s=max((bar.ends_s for bar in found), default=0.0),
    )


def condensed(bars: Sequence[Bar], *, shortest_s: float) -> tuple[Bar, ...]:
    """Neighbours that would all be thinner than `shortest_s`, drawn as one of their longest.

    Args:
        bars: of one slot, in order of time.
        shortest_s: what is thinner cannot be told apart anyway.
    """
    found: list[Bar] = []
    for _, together in groupby(bars, key=lambda bar: _place(bar, shortest_s)):
        found.append(_merged(tuple(together)))
    return tuple(found)


def ticks_s(end_s: float, *, most: int) -> tuple[float, ...]:
    """Marks of the time axis from 0, at most so many, at round figures."""
    apart_s = next((one for one in _TICKS_S if end_s / one < most), None)
    if apart_s is None:
        apart_s = 86_400 * (int(end_s / most / 86_400) + 1)
    marks = (place * apart_s for place in range(int(end_s / apart_s) + 1))
    return tuple(mark for mark in marks if mark <= end_s)  # 17 * 0.05 is more than 0.85


def duration(seconds: float) -> str:
    """Seconds as people say them: `0.25 s`, `42 s`, `3 min 20 s`, `2 h 05 min`, `3 d 04 h`."""
    if seconds < 9.95:
        return f"{seconds:.2f}".rstrip("0").rstrip(".") + " s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60:02d} s" if whole % 60 else "")
    minutes = round(seconds / 60)
    if minutes < 24 * 60:
        return f"{minutes // 60} h" + (f" {minutes % 60:02d} min" if minutes % 60 else "")
    hours = round(seconds / 3600)
    return f"{hours // 24} d" + (f" {hours % 24:02d} h" if hours % 24 else "")


def _by_slot(bars: Iterable[Bar]) -> dict[str, tuple[Bar, ...]]:
    found: defaultdict[str, list[Bar]] = defaultdict(list)
    for bar in sorted(map(_drawable, bars), key=lambda bar: (bar.begins_s, bar.ends_s)):
        found[bar.slot].append(bar)
    return {slot: tuple(of_slot) for slot, of_slot in found.items()}


def _drawable(bar: Bar) -> Bar:
    """Observed times may cross one another by a moment; nothing has a width below 0."""
    begins_s = max(bar.begins_s, 0.0)
    ends_s = max(bar.ends_s, begins_s)
    step_s = min(max(bar.step_s, 0.0), ends_s - begins_s)
    if (begins_s, ends_s, step_s) == (bar.begins_s, bar.ends_s, bar.step_s):
        return bar
    return replace(bar, begins_s=begins_s, ends_s=ends_s, step_s=step_s)


def _counted(slot: str) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", slot)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]


def _place(bar: Bar, shortest_s: float) -> tuple[float, int]:
    """What bars share that are drawn as one: their place, if they are thin."""
    if bar.ends_s - bar.begins_s >= shortest_s:
        return bar.begins_s, id(bar)
    return int(bar.begins_s / shortest_s), 0


def _merged(bars: tuple[Bar, ...]) -> Bar:
    if len(bars) == 1:
        return bars[0]
    longest = max(bars, key=lambda bar: bar.ends_s - bar.begins_s)
    experts = len({bar.expert for bar in bars})
    return Bar(
        slot=longest.slot,
        expert=longest.expert if experts == 1 else f"{experts} experts",
        stage=longest.stage,
        num_calls=sum(bar.num_calls for bar in bars),
        begins_s=bars[0].begins_s,
        step=next((bar.step for bar in bars if bar.step is not None), None),
        step_s=sum(bar.step_s for bar in bars),
        ends_s=max(bar.ends_s for bar in bars),
    )
