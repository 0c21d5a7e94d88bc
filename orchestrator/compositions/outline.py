"""Which calls a decided request is expected to make, stage by stage; nothing is asked for it.

Compositions inside a composition are followed by their entries. Their routers are not asked: whom
one will choose is guessed to be its fallback, or the first expert of the registry that writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from orchestrator.compositions.base import Decision, Query
from orchestrator.compositions.outline_kinds import Asked, Cast, stages_of
from orchestrator.compositions.programs import Programs
from orchestrator.compositions.size import size_of
from orchestrator.planner.workload import PlannedCall
from orchestrator.registry.models import Registry

#: Of the longest answer that is allowed, what is written where nothing was learned.
_SHARE_OF_MOST = 0.5
#: Compositions in compositions that are followed.
_MAX_LEVELS = 8

#: Tokens of an answer of an expert, by id, on average; `None` where nobody knows.
Lengths = Callable[[str], float | None]


def outlined(
    programs: Programs, query: Query, decision: Decision, *, lengths: Lengths = lambda _: None
) -> tuple[PlannedCall, ...]:
    """The calls that `query` is expected to make.

    Cascades are expected to be sure, and so on, see `outline_kinds`. Prompts count by the middle of
    what vocabularies make of their text. Answers are of the expert's mean length, or half of what
    is allowed; several of one call count together.

    Args:
        programs: of the generation that decided.
        query: the request.
        decision: what was decided for it.
        lengths: of answers, as learned.

    Returns:
        Calls in the order of their stages; none where a known answer is told.
    """
    if decision.recalled is not None:
        return ()
    size = size_of(query.prompt)
    asked = Asked(
        prompt_tokens=(size.low + size.high) / 2,
        max_tokens=query.sampling.max_tokens,
        num_answers=query.sampling.n,
    )
    outline = _Outline(programs.registry, lengths)
    if decision.composition is None:
        return tuple(outline.of_expert(decision.expert, asked, 0))
    calls, _ = outline.of_composition(decision.composition, asked, _cast_of(decision), at=0)
    return tuple(sorted(calls, key=lambda call: call.stage))


def _cast_of(decision: Decision) -> Cast:
    route = decision.route
    return Cast(
        expert=decision.expert,
        team=decision.team,
        aggregator=None if route is None else route.aggregator,
        is_unnamed=route is not None and route.needs_generation,
    )


@dataclass(frozen=True, slots=True)
class _Outline:
    """What models of one registry make of what they are asked."""

    registry: Registry
    lengths: Lengths

    def of_expert(self, expert_id: str, asked: Asked, at: int) -> Iterator[PlannedCall]:
        """The one call of an expert."""
        yield PlannedCall(
            stage=at,
            expert=expert_id,
            prompt_tokens=asked.prompt_tokens,
            output_tokens=self._length(expert_id, asked) * asked.num_answers,
        )

    def of_composition(
        self, name: str, asked: Asked, cast: Cast, *, at: int, level: int = 0
    ) -> tuple[list[PlannedCall], int]:
        """Its calls from stage `at` on, and the stage behind its last."""
        calls = list[PlannedCall]()
        for stage in stages_of(self.registry.compositions[name], cast, asked, self._length):
            ends = [at + 1]
            for model, wanted in stage:
                found, end = self._of(model, wanted, at, level)
                calls += found
                ends.append(end)
            at = max(ends)
        return calls, at

    def _of(self, model: str, asked: Asked, at: int, level: int) -> tuple[list[PlannedCall], int]:
        if model not in self.registry.compositions or level >= _MAX_LEVELS:
            return list(self.of_expert(model, asked, at)), at + 1
        cast = self._guess(model)
        one, end = self.of_composition(model, asked.several(1), cast, at=at, level=level + 1)
        return one * asked.num_answers, end

    def _guess(self, name: str) -> Cast:
        """Who would answer in a composition whose router was not asked."""
        spec = self.registry.compositions[name]
        named: tuple[str, ...] = getattr(spec, "proposers", ()) or getattr(spec, "cheap", ())
        if named:
            return Cast(expert=named[0], team=named)
        router = self.registry.routers.get(getattr(spec, "router", ""))
        writers = [one.id for one in self.registry.experts if not one.embeds]
        first = getattr(router, "fallback", None) or writers[0]
        others = [one for one in writers if one != first]
        team = (first, *others)[: getattr(spec, "experts", 1)]
        return Cast(expert=first, team=team if len(team) > 1 else ())

    def _length(self, model: str, asked: Asked) -> float:
        """Tokens of one answer of an expert; of a composition as of one that nobody knows."""
        if asked.output_tokens is not None:
            return asked.output_tokens
        most = asked.max_tokens or self._default(model)
        learned = self.lengths(model)
        return min(learned, most) if learned is not None else most * _SHARE_OF_MOST

    def _default(self, model: str) -> int:
        expert = self.registry.expert(model)
        own = None if expert is None else expert.defaults.max_tokens
        return own or self.registry.defaults.max_tokens
