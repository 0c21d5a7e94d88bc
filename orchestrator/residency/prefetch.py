"""What the queues will need next, brought one step up the ladder while the current expert computes.

The step is from the disk to the page cache: every way up that reads weights (a swap, a start, a
waking without them) reads files. From the page cache on there is nothing to bring ahead: vLLM's
`reload_weights` takes a path, and pinned host memory has no way into it.

Source: the idea is ExpertFlow's and Fate's (arXiv:2410.17954, 2502.12224): predict, bring while
computing, correct on a miss. We differ: nothing is predicted by a model, since whoever waits has
said what it needs, and a composition says what its next stage will ask.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice

from orchestrator.costs.costs import Costs
from orchestrator.residency.actions import Add
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import EngineState, SlotState

#: How long a hint is believed, seconds: the stage that it announced has asked by then.
HINT_S = 30.0
#: Experts that are looked at, the soonest first; guesses further ahead come true more rarely.
_MAX_AHEAD = 8
#: Steps that read the files of weights.
_READING = frozenset({"swap", "start", "reload"})
#: What a step must save for its weights to be brought, seconds.
_WORTH_S = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The weights of a slot as files: what of them is in the page cache, and by whose doing."""

    #: Experts whose weights are there, and until when that is believed.
    near_until_s: Mapping[str, float] = field(default_factory=dict)
    #: Whose weights were brought, if only in part, and read by no engine since, the oldest first.
    brought: Collection[str] = ()
    #: Most that may be brought and not yet read.
    room_gib: float = 0.0

    def is_near(self, expert: str, now_s: float) -> bool:
        """Whether its weights need not be brought."""
        return self.near_until_s.get(expert, now_s) > now_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """What should be under way; anything else that is, was a wrong guess and is given up."""

    #: Whose weights to bring, `None` for nobody's.
    fetch: str | None = None
    #: Wrong guesses whose room is wanted: what was brought of them is given back.
    release: tuple[str, ...] = ()


def look_ahead(
    state: SlotState,
    queues: Queues,
    costs: Costs,
    shelf: Shelf,
    *,
    hints: Mapping[str, float],
    now_s: float,
) -> Ahead:
    """Whose weights to bring now, one expert at a time.

    Args:
        state: the slot, as it is.
        queues: the tickets that wait.
        costs: sizes and bandwidths.
        shelf: what is in the page cache.
        hints: when each expert was announced.
        now_s: the time on the clock that stamped hints and tickets.

    Returns:
        Nothing while an engine reads weights that are not near: the disk is for whoever waits for
        that step.
    """
    if any(_is_at_disk(engine, shelf, now_s) for engine in state.engines):
        return Ahead()
    soon = tuple(islice(_coming(state, queues, hints, now_s=now_s), _MAX_AHEAD))
    gib, gain_s = costs.prior.gib, costs.prior.bandwidths.fetch_gain_s
    wanted = (one for one in soon if gain_s(gib(one)) >= _WORTH_S and not shelf.is_near(one, now_s))
    expert = next(wanted, None)
    if expert is None:
        return Ahead()
    right_gib = gib(expert) + sum(
        gib(one) for one in shelf.brought if one in soon and one != expert
    )
    if right_gib > shelf.room_gib:
        return Ahead()  # what is wanted later is not brought in its stead
    wrong = tuple(one for one in shelf.brought if one not in soon)
    is_short = right_gib + sum(map(gib, wrong)) > shelf.room_gib
    return Ahead(fetch=expert, release=wrong if is_short else ())


def adapter_ahead(state: SlotState, *, hints: Mapping[str, float], now_s: float) -> Add | None:
    """An adapter that was announced and has room beside what its engine holds: added ahead.

    None is taken away for a hint, and an engine that drains is left alone.
    """
    for expert in _told(hints, now_s):
        for engine in state.engines:
            is_free = engine.is_serving and engine.change is None and engine.draining_for is None
            is_lacking = expert in engine.adapters and expert not in engine.residents
            is_sound = expert not in state.broken
            if is_free and is_lacking and is_sound and engine.has_adapter_room:
                return Add(engine=engine.id, expert=expert)
    return None


def _coming(
    state: SlotState, queues: Queues, hints: Mapping[str, float], *, now_s: float
) -> Iterator[str]:
    """Experts whose weights a step will read, the soonest first, each once."""
    engines = [engine for engine in state.engines if engine.down is None]
    passed = {expert for engine in engines for expert in _at_hand(engine)}
    drained_for = [one.draining_for for one in engines if one.draining_for is not None]
    waited_for = (expert for _, _, expert in queues.by_wanted)
    for expert in chain(drained_for, waited_for, _told(hints, now_s)):
        if expert not in passed and any(expert in engine.experts for engine in engines):
            passed.add(expert)
            yield expert


def _is_at_disk(engine: EngineState, shelf: Shelf, now_s: float) -> bool:
    change = engine.change
    if change is None or change.expert is None or change.step not in _READING:
        return False
    return not shelf.is_near(change.expert, now_s)


def _at_hand(engine: EngineState) -> Iterator[str]:
    """What an engine needs no file for: what it holds for long, and what it is reading itself."""
    if engine.change is not None and engine.change.expert is not None:
        yield engine.change.expert
    holds = engine.rung in ("serving", "asleep") and engine.draining_for is None
    if holds:
        yield from engine.residents


def _told(hints: Mapping[str, float], now_s: float) -> list[str]:
    """What was announced and is still believed, the first told first."""
    believed = [(at_s, expert) for expert, at_s in hints.items() if now_s - at_s < HINT_S]
    return [expert for _, expert in sorted(believed)]
