"""Compositions whose numbers of answers cannot be meant."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.registry.composition_ensemble import EnsembleComposition
from orchestrator.registry.composition_judged import BestOfNComposition, RankComposition
from orchestrator.registry.composition_moa import MoaComposition, SelfMoaSeqComposition
from orchestrator.registry.composition_rpc import RpcComposition
from orchestrator.registry.compositions import SelfMoaComposition, VoteComposition
from orchestrator.registry.draft import Draft
from orchestrator.registry.faults import Finding, shown

_Electing = VoteComposition | RpcComposition
_Merging = SelfMoaComposition | SelfMoaSeqComposition
_Judged = BestOfNComposition | RankComposition
#: Those that ask for several samples of who answers.
_Sampling = _Electing | _Merging | _Judged
#: Those whose answers can be counted before a request is there.
_Counted = _Sampling | MoaComposition | EnsembleComposition


def findings(draft: Draft) -> Iterator[Finding]:
    """A warning for each vote of one, each sample that repeats, and each minimum out of reach."""
    for name, composition in draft.compositions.items():
        if isinstance(composition, _Counted):
            yield from _of_number(name, composition)
        if isinstance(composition, _Sampling) and composition.samples > 1:
            yield from _of_temperature(name, composition)


def max_answers(composition: _Counted) -> int:
    """Most answers that one stage of it gathers."""
    if isinstance(composition, _Merging):
        return composition.samples
    if isinstance(composition, EnsembleComposition):
        return composition.experts
    if isinstance(composition, _Electing):
        return composition.samples * composition.experts
    who = len(composition.proposers) or composition.experts
    return who if isinstance(composition, MoaComposition) else who * composition.samples


def _of_number(name: str, composition: _Counted) -> Iterator[Finding]:
    most = max_answers(composition)
    if composition.min_answers > most:
        yield Finding(
            path=("compositions", name, "min_answers"),
            value=shown(composition.min_answers),
            reason=f"answers never come: {most} at most are asked for; ask for more, or need fewer",
            is_warning=True,
        )
    if most == 1 and isinstance(composition, _Electing | EnsembleComposition):
        yield Finding(
            path=("compositions", name),
            reason="one answer is compared with nothing: ask for more, or say kind: route",
            is_warning=True,
        )


def _of_temperature(name: str, composition: _Sampling) -> Iterator[Finding]:
    if composition.temperature == 0:
        yield Finding(
            path=("compositions", name, "temperature"),
            value=shown(composition.temperature),
            reason=f"draws the same answer {composition.samples} times of each that is asked; say "
            "more than 0, or ask for one sample of several experts",
            is_warning=True,
        )
