"""What all programs of one generation share, and how a decision becomes an expert's call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.compositions.admission import Admission
from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.pricing import priced
from orchestrator.engines.base import Call, Item, Sampling
from orchestrator.engines.embedding import FullEngine
from orchestrator.engines.hints import Hinted
from orchestrator.registry.models import Expert, Price, Registry, key_of
from routers.skill_cache import SkillCache


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One version of the registry with the means to answer from it."""

    number: int
    registry: Registry
    admission: Admission
    #: Reaches every expert of the registry.
    dispatch: FullEngine
    #: `Expert.version` by expert id: hashed once, not once a call.
    version_by_id: Mapping[str, str]
    #: Expert id -> its price, where the registry has one.
    prices: Mapping[str, Price]
    #: Skills that models have named for texts as they are routed; a stage that has them named
    #: remembers them here, and skill routers know them from then on.
    named: SkillCache = field(default_factory=SkillCache)

    def filled_in(self, sampling: Sampling, expert: Expert) -> dict[str, float]:
        """The values of the registry that hold where the caller was silent.

        The expert's own defaults come before the registry's. `temperature` and `top_p` stay out
        when neither has one: the expert's generation config then decides.
        """
        own = expert.defaults
        known = {
            "temperature": own.temperature,
            "top_p": own.top_p,
            "max_tokens": own.max_tokens or self.registry.defaults.max_tokens,
        }
        return {
            name: value
            for name, value in known.items()
            if value is not None and getattr(sampling, name) is None
        }

    def max_wait_s(self, query: Query, decision: Decision) -> float:
        """The caller's bound, else the composition's own, else the defaults'."""
        if query.max_wait_s is not None:
            return query.max_wait_s
        composition = self.registry.compositions.get(decision.composition or "")
        own_s = None if composition is None else composition.max_wait_s
        return self.registry.defaults.max_wait_s if own_s is None else own_s

    def announce(self, expert_ids: Iterable[str]) -> None:
        """Tell ahead which experts a later stage will call, so that they can be made ready."""
        if isinstance(self.dispatch, Hinted):
            for expert_id in expert_ids:
                self.dispatch.hint(key_of(expert_id, self.version_by_id[expert_id]))

    def timeout_s(self, query: Query) -> float:
        """The caller's bound, else the defaults'."""
        default_s = self.registry.defaults.timeout_s
        return default_s if query.timeout_s is None else query.timeout_s

    def carry_out(self, query: Query, decision: Decision) -> Reply:
        """Start the call that `decision` stands for."""
        return Reply(decision=decision, items=self.items(query, decision))

    def items(self, query: Query, decision: Decision) -> AsyncIterator[Item]:
        """The answer of the expert that was decided for; whoever that is, the limits bind it.

        Raises:
            LimitsError: the limits of the request shut the expert out.
        """
        self.admission.bind(decision.expert, query.limits)
        filled: Mapping[str, Any] = decision.defaults
        call = Call(
            id=query.id,
            expert=decision.expert,
            generation=self.number,
            version=self.version_by_id[decision.expert],
            prompt=query.prompt,
            sampling=replace(query.sampling, **filled) if filled else query.sampling,
            structure=query.structure,
            timeout_s=self.timeout_s(query),
            max_wait_s=self.max_wait_s(query, decision),
            priority=query.priority,
            order=query.order,
            echo=query.echo,
            stream=query.is_streamed,
        )
        items = self.dispatch.generate(call)
        price = self.prices.get(decision.expert)
        if price is not None:
            return priced(items, price)
        return items
