"""How a composition reads what was answered: as a kind of answer, or by what it means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from orchestrator.compositions.stages import CallDone
from orchestrator.compositions.voting import Sample, samples_of
from orchestrator.registry.composition_entry import AnswerKind

if TYPE_CHECKING:
    from routers.embeddings import Embedder


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """From calls to answers that can be counted."""

    #: In order; what says nothing at all is none.
    read: Callable[[Sequence[CallDone]], tuple[Sample, ...]]
    #: Whether what is still to come may join answers that are apart so far.
    may_join: bool


def by_kind(kind: AnswerKind) -> Reading:
    """Answers of one spelling are one (`routers/answers.py`)."""
    return Reading(read=partial(samples_of, kind=kind), may_join=False)


def by_meaning(embedder: Embedder) -> Reading:
    """Answers in free text that mean the same are one, in the words of the first."""
    # scipy comes with it: only who compares by meaning loads it.
    from routers.meanings import representatives

    def read(calls: Sequence[CallDone]) -> tuple[Sample, ...]:
        samples = samples_of(calls, "text")
        names = representatives([one.answer for one in samples], embedder)
        return tuple(replace(one, answer=name) for one, name in zip(samples, names, strict=True))

    return Reading(read=read, may_join=True)
