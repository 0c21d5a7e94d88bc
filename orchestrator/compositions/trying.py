"""The first stage of compositions that go on only where an answer is unsure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.compositions.asks import Ask
from orchestrator.compositions.bar import Bar, as_wanted
from orchestrator.compositions.stages import CallDone
from orchestrator.compositions.staging import Staging
from orchestrator.compositions.voting import Sample, samples_of, winner
from orchestrator.engines.answer import Choice
from orchestrator.engines.base import Sampling
from orchestrator.registry.composition_entry import AnswerKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of it."""

    calls: Sequence[CallDone] = ()
    samples: Sequence[Sample] = ()
    #: Who gave the answer that most give first, and that answer; `None` where nobody said anything.
    best: tuple[str, Choice] | None = None
    #: Whether it will do.
    is_sure: bool = False


async def tried(
    staging: Staging,
    name: str,
    asks: Sequence[Ask],
    *,
    bar: Bar | None,
    answers: AnswerKind,
    sampling: Sampling,
) -> Tried:
    """Make the calls of a stage, and end those that cannot change the verdict any more.

    Args:
        staging: the request so far.
        name: of the stage.
        asks: best expert first.
        bar: what they have to reach; `None` where nothing will do.
        answers: what they are compared as.
        sampling: what the caller sent: log-probabilities that only the bar sees are not told.
    """
    is_enough = None if bar is None else lambda seen: bar.verdict(seen) is not None
    calls = await staging.run(name, asks, is_enough=is_enough)
    samples = samples_of(calls, answers)
    if not samples:
        return Tried(calls=calls)
    found = winner(samples, dict.fromkeys((ask.expert for ask in asks), 1.0))
    return Tried(
        calls=calls,
        samples=samples,
        best=(found.expert, as_wanted(found.choice, sampling)),
        is_sure=bar is not None and bool(bar.verdict(calls)),
    )
