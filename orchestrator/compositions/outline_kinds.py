"""What stages a composition of each kind is expected to have: whom it asks, and for how much.

What may or may not be needed counts by what is expected of it. A vote in turn ends with the first
majority. A cascade's cheap experts are sure. A first attempt that is compared is sure; one that
never is gets split into two parts. Where judges tell, no two answers are the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.registry.composition_cascade import CascadeComposition
from orchestrator.registry.composition_decompose import DecomposeComposition
from orchestrator.registry.composition_ensemble import EnsembleComposition
from orchestrator.registry.composition_judged import (
    BestOfNComposition,
    JudgedComposition,
    RankComposition,
)
from orchestrator.registry.composition_moa import (
    MoaComposition,
    SelfMoaSeqComposition,
    SymbolicMoeComposition,
)
from orchestrator.registry.composition_rpc import RpcComposition
from orchestrator.registry.compositions import RouteComposition, SelfMoaComposition, VoteComposition
from routers.comparisons import orders
from routers.windows import steps

#: Tokens that a role's prompt has beside what it is about.
_ROLE_TOKENS = 120
#: Tokens of a list of skills, and of one of sub-questions.
_SKILLS_TOKENS, _PARTS_TOKENS = 24.0, 96.0
#: Sub-questions that a question is split into.
_NUM_PARTS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one model is asked for, tokens."""

    prompt_tokens: float
    #: Longest answer that is allowed; `None` leaves it to the model.
    max_tokens: int | None = None
    #: Of one answer, where its role says more than what the model usually writes.
    output_tokens: float | None = None
    num_answers: int = 1

    def several(self, num_answers: int) -> Asked:
        """The same, for so many answers."""
        return replace(self, num_answers=num_answers)

    def reading(self, num_texts: int, text_tokens: float) -> Asked:
        """One answer from what was asked and so many texts that others wrote."""
        tokens = self.prompt_tokens + _ROLE_TOKENS + num_texts * text_tokens
        return replace(self, prompt_tokens=tokens, num_answers=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who answers, as it was decided or is guessed."""

    expert: str
    team: tuple[str, ...] = ()
    #: Whom the router's artifact names to write the answer.
    aggregator: str | None = None
    #: Whether skills are to be named before.
    is_unnamed: bool = False

    @property
    def whole(self) -> tuple[str, ...]:
        """All that are asked."""
        return self.team or (self.expert,)


#: Models that are asked at the same time.
Stage = Sequence[tuple[str, Asked]]
#: Tokens that a model is expected to write as one answer.
Length = Callable[[str, Asked], float]


def stages_of(spec: Any, cast: Cast, asked: Asked, length: Length) -> list[Stage]:
    """The stages of a composition.

    Args:
        spec: its entry.
        cast: who answers.
        asked: what the composition is asked for.
        length: of the answers that later stages read.
    """
    return OUTLINES[spec.kind](spec, cast, asked, length)


def _route(spec: RouteComposition, cast: Cast, asked: Asked, length: Length) -> list[Stage]:
    return [[(cast.expert, asked)]]


def _vote(spec: VoteComposition, cast: Cast, asked: Asked, length: Length) -> list[Stage]:
    if not spec.in_turn:
        return [_each(cast.whole, asked.several(max(spec.samples, asked.num_answers)))]
    order = [name for name in cast.whole for _ in range(spec.samples)]
    return [[(name, asked.several(1))] for name in order[: len(order) // 2 + 1]]


def _rpc(spec: RpcComposition, cast: Cast, asked: Asked, length: Length) -> list[Stage]:
    return [_each(cast.whole, asked.several(spec.samples))]


def _ensemble(spec: EnsembleComposition, cast: Cast, asked: Asked, length: Length) -> list[Stage]:
    return [_each(cast.whole, asked)]


def _self_moa(spec: SelfMoaComposition, cast: Cast, asked: Asked, length: Length) -> list[Stage]:
    read = asked.reading(spec.samples, length(cast.expert, asked))
    return [
        [(cast.expert, asked.several(spec.samples))],
        [(spec.aggregator or cast.expert, read)],
    ]


def _self_moa_seq(
    spec: SelfMoaSeqComposition, cast: Cast, asked: Asked, length: Length
) -> list[Stage]:
    aggregator = spec.aggregator or cast.expert
    windows = steps(spec.samples, window=spec.window, carried=spec.slots)
    sizes = [step.num_carried + len(step.samples) for step in windows]
    text_tokens = length(cast.expert, asked)
    return [
        [(cast.expert, asked.several(spec.samples))],
        *([(aggregator, asked.reading(size, text_tokens))] for size in sizes),
    ]


def _symbolic_moe(
    spec: SymbolicMoeComposition, cast: Cast, asked: Asked, length: Length
) -> list[Stage]:
    stages = list[Stage]()
    if cast.is_unnamed and spec.namer is not None:
        naming = replace(
            asked,
            prompt_tokens=asked.prompt_tokens + _ROLE_TOKENS,
            max_tokens=None,
            output_tokens=_SKILLS_TOKENS,
            num_answers=spec.naming_samples,
        )
        stages.append([(spec.namer, naming)])
    if len(cast.whole) == 1:
        return [*stages, [(cast.whole[0], asked)]]
    aggregator = spec.aggregator or cast.aggregator or cast.whole[0]
    return [*stages, _each(cast.whole, asked), [(aggregator, _merging(cast, asked, length))]]


def _moa(spec: MoaComposition, cast: Cast, asked: Asked, length: Length) -> list[Stage]:
    if len(cast.whole) == 1:
        return [[(cast.whole[0], asked)]]
    read = _merging(cast, asked, length)
    later = [_each(cast.whole, read) for _ in range(spec.layers - 1)]
    return [_each(cast.whole, asked), *later, [(spec.aggregator or cast.whole[0], read)]]


def _cascade(spec: CascadeComposition, cast: Cast, asked: Asked, length: Length) -> list[Stage]:
    if not cast.team:
        return [[(spec.strong, asked)]]
    return [_each(cast.team, asked.several(spec.num_samples))]


def _decompose(spec: DecomposeComposition, cast: Cast, asked: Asked, length: Length) -> list[Stage]:
    attempt = [(cast.expert, asked.several(spec.num_samples))]
    if spec.unsure != "always":
        return [attempt]
    said = asked.reading(1, length(cast.expert, asked))
    split = replace(said, max_tokens=None, output_tokens=_PARTS_TOKENS)
    part = replace(asked, max_tokens=None)
    answer = asked.reading(_NUM_PARTS, length(cast.expert, part))
    parts: list[Stage] = [[(cast.expert, part)] for _ in range(_NUM_PARTS - 1)]
    if spec.finish == "solver":
        parts.append([(cast.expert, part)])
    return [attempt, [(spec.decomposer, split)], *parts, [(spec.solver or cast.expert, answer)]]


def _best_of_n(spec: BestOfNComposition, cast: Cast, asked: Asked, length: Length) -> list[Stage]:
    num_candidates = spec.samples * len(cast.whole)
    judges = [judge.expert for judge in spec.judges for _ in range(num_candidates)]
    return _judged(spec, cast, asked, judges, shown=1, length=length)


def _rank(spec: RankComposition, cast: Cast, asked: Asked, length: Length) -> list[Stage]:
    num_candidates = spec.samples * len(cast.whole)
    if spec.how == "listwise":
        judges = [judge for judge in spec.judges for _ in range(2)]
        return _judged(spec, cast, asked, judges, shown=num_candidates, length=length)
    num_orders = len(orders(num_candidates, rounds=spec.rounds))
    judges = [judge for judge in spec.judges for _ in range(num_orders)]
    return _judged(spec, cast, asked, judges, shown=2, length=length)


def _judged(
    spec: JudgedComposition,
    cast: Cast,
    asked: Asked,
    judges: Sequence[str],
    *,
    shown: int,
    length: Length,
) -> list[Stage]:
    tokens = length(cast.expert, asked)
    verdict = replace(
        asked.reading(shown, tokens),
        max_tokens=spec.verdict_tokens,
        output_tokens=float(spec.verdict_tokens),
    )
    return [
        _each(cast.whole, asked.several(spec.samples)),
        [(judge, verdict) for judge in judges],
    ]


def _merging(cast: Cast, asked: Asked, length: Length) -> Asked:
    """One answer from one of each of the team."""
    return asked.reading(len(cast.whole), length(cast.whole[0], asked))


def _each(models: Sequence[str], asked: Asked) -> Stage:
    """Who is named several times answers as often, in one call."""
    return [
        (model, asked.several(asked.num_answers * num)) for model, num in Counter(models).items()
    ]


#: By kind.
OUTLINES: Mapping[str, Callable[[Any, Cast, Asked, Length], list[Stage]]] = {
    "route": _route,
    "vote": _vote,
    "rpc": _rpc,
    "ensemble": _ensemble,
    "self_moa": _self_moa,
    "self_moa_seq": _self_moa_seq,
    "symbolic_moe": _symbolic_moe,
    "moa": _moa,
    "cascade": _cascade,
    "decompose": _decompose,
    "best_of_n": _best_of_n,
    "rank": _rank,
}
