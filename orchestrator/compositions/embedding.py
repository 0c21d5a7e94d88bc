"""The one program that embeds: the expert that the caller named."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orchestrator.compositions.base import Decision
from orchestrator.compositions.generation import Generation
from orchestrator.compositions.ledger import NOTHING, Allowance, Spend
from orchestrator.compositions.pricing import cost_usd
from orchestrator.compositions.size import size_of
from orchestrator.compositions.slot_prices import FREE
from orchestrator.compositions.tracing_calls import traced_vectors
from orchestrator.engines.base import Text, Usage
from orchestrator.engines.embedding import EmbedCall, Vectors
from orchestrator.errors import OrchestratorError
from orchestrator.registry.models import Expert, Price
from orchestrator.routing.limits import UNLIMITED, Limits
from orchestrator.tracing.spans import UNTRACED, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedQuery:
    """One request for vectors as its caller meant it, after parsing."""

    id: str
    #: The expert named by the caller.
    model: str
    inputs: tuple[Text, ...]
    dimensions: int | None = None
    timeout_s: float | None = None
    #: Longest wait for an expert's turn; the registry's where it is silent.
    max_wait_s: float | None = None
    #: Advice of a batch, as a `Query`'s.
    priority: int = 0
    order: int | None = None
    #: What binds the expert.
    limits: Limits = UNLIMITED
    #: What its caller may spend over many requests; `None` has no bound.
    allowance: Allowance | None = None


class Embedding:
    """Embeds with one expert; nothing is routed, since vectors of two models do not compare."""

    def __init__(self, expert: Expert, generation: Generation) -> None:
        self._expert = expert
        self._generation = generation

    def decide(self, query: EmbedQuery) -> Decision:
        """The expert itself, where the query's limits let it.

        Raises:
            LimitsError: they do not.
            OverloadedError: it is not expected to answer as soon as the query wants.
        """
        self._generation.admission.check_inputs(self._expert.id, query.inputs, query.limits)
        return Decision(expert=self._expert.id, generation=self._generation.number)

    async def embed(self, query: EmbedQuery, *, span: Span = UNTRACED) -> Vectors:
        """The expert's vectors; see `Embedder.embed`.

        Args:
            query: as its caller meant it.
            span: of the request; ended by whoever began it.
        """
        generation = self._generation
        call = EmbedCall(
            id=query.id,
            expert=self._expert.id,
            generation=generation.number,
            version=generation.version_by_id[self._expert.id],
            inputs=query.inputs,
            dimensions=query.dimensions,
            timeout_s=query.timeout_s or generation.registry.defaults.timeout_s,
            max_wait_s=query.max_wait_s or generation.registry.defaults.max_wait_s,
            priority=query.priority,
            order=query.order,
        )
        if query.allowance is not None:
            return await self._charged(call, query.allowance, span=span)
        return await self._sent(call, span)

    async def _sent(self, call: EmbedCall, span: Span) -> Vectors:
        if not span.is_recorded:
            return await self._asked(call)
        return await traced_vectors(self._asked, call, parent=span)

    async def _asked(self, call: EmbedCall) -> Vectors:
        return self._priced(await self._generation.dispatch.embed(call))

    def _priced(self, vectors: Vectors) -> Vectors:
        price = self._generation.prices.get(self._expert.id)
        if price is not None:
            return replace(vectors, cost_usd=_read_usd(vectors.num_tokens, price))
        hours = self._generation.slot_hours
        if hours is FREE or vectors.slot_s is None:
            return vectors
        return replace(vectors, cost_usd=hours.cost_usd(vectors.slot, vectors.slot_s))

    async def _charged(self, call: EmbedCall, allowance: Allowance, *, span: Span) -> Vectors:
        """Held at the most that its inputs can be; one that is given up is charged for that."""
        most = self._most(call)
        await allowance.reserve(most)
        took = most
        try:
            vectors = await self._sent(call, span)
            took = Spend(calls=1, tokens=vectors.num_tokens, price_usd=vectors.cost_usd or 0.0)
        except OrchestratorError:
            took = NOTHING
            raise
        finally:
            allowance.settle(most, took)
        return vectors

    def _most(self, call: EmbedCall) -> Spend:
        num_tokens = sum(size_of(text).most for text in call.inputs)
        price_usd = self._generation.admission.price_of_inputs_usd(self._expert.id, call.inputs)
        return Spend(calls=1, tokens=num_tokens, price_usd=price_usd or 0.0)


def _read_usd(num_tokens: int, price: Price) -> float:
    return cost_usd(Usage(prompt_tokens=num_tokens, completion_tokens=0), price)
