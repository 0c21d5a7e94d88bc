"""What all programs of one generation share, and how a decision becomes an expert's call."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from typing import Any

from orchestrator.compositions.admission import Admission
from orchestrator.compositions.base import Composition, Decision, Query, Reply
from orchestrator.compositions.charging import RetriesOnAccount, charged
from orchestrator.compositions.course import Course
from orchestrator.compositions.ledger import Ledger, Spend
from orchestrator.compositions.pricing import priced
from orchestrator.compositions.slot_prices import FREE, SlotHours, slot_priced
from orchestrator.compositions.tracing_calls import traced
from orchestrator.engines.base import Call, Item, Sampling
from orchestrator.engines.embedding import FullEngine
from orchestrator.engines.hints import Hinted
from orchestrator.engines.retries import Retries
from orchestrator.registry.models import Energy, Expert, Price, Registry, key_of
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
    #: What an hour of each slot costs: calls of experts without a price share it.
    slot_hours: SlotHours = FREE
    #: Expert id -> what its tokens take of power, where the registry says.
    energies: Mapping[str, Energy] = field(default_factory=dict)
    #: Programs that compositions may ask like experts, by name.
    programs: Mapping[str, Composition] = field(default_factory=dict)
    #: Seconds, monotonic.
    clock: Callable[[], float] = time.monotonic
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
            stall_s=self.registry.defaults.stall_s if query.is_streamed else None,
            max_wait_s=self.max_wait_s(query, decision),
            priority=query.priority,
            order=query.order,
            begun=query.begun,
            echo=query.echo,
            stream=query.is_streamed,
            retries=None if query.course is None else _retries(query.course),
        )
        course = query.course
        if course is not None and course.span.is_recorded:
            return traced(
                partial(self._sent, query=query), call, parent=course.span, clock=self.clock
            )
        return self._sent(call, query=query)

    def _sent(self, call: Call, *, query: Query) -> AsyncIterator[Item]:
        """The answer to a call, priced and charged."""
        items: AsyncIterator[Item] = self.dispatch.generate(call)
        price = self.prices.get(call.expert)
        if price is not None:
            items = priced(items, price)
        elif self.slot_hours is not FREE:
            items = slot_priced(items, self.slot_hours)
        course = query.course
        if course is not None and course.ledger.is_bounding:
            ledger, energy = course.ledger, self.energies.get(call.expert)
            most = self.most(call.expert, query) if ledger.needs_estimate else Spend(calls=1)
            items = charged(items, ledger, most=most, energy=energy)
        return items

    def most(self, expert_id: str, query: Query) -> Spend:
        """What an answer of one expert may take; what nobody can say is nothing."""
        expected = self.admission.expected(expert_id, query)
        return Spend(
            calls=1,
            tokens=expected.tokens,
            price_usd=expected.price_usd or 0.0,
            energy_j=expected.energy_j or 0.0,
        )

    def room(self, model: str, sampling: Sampling) -> float:
        """Tokens that `model` has for a prompt; infinite where nobody says, as of a composition."""
        if model in self.programs:
            return inf
        return self.admission.room(model, sampling)

    def course(self, query: Query) -> Course:
        """A request at its beginning."""
        ledger = Ledger(
            query.limits,
            timeout_s=self.timeout_s(query),
            clock=_stopped if query.is_patient else self.clock,
            allowance=query.allowance,
        )
        return Course(ledger=ledger, retries=Retries(self.registry.defaults.max_retries))


def _retries(course: Course) -> Retries:
    """Further tries of one call, on the account where that bounds anything."""
    if not course.ledger.is_bounding:
        return course.retries
    return RetriesOnAccount(course.retries, course.ledger)


def _stopped() -> float:
    """The clock of an account whose calls may be held for as long as it takes."""
    return 0.0
