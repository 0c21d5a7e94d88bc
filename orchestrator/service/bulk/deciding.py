"""Who would answer a row, found as the gateway finds it, with no engine near."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import NoReturn

from orchestrator.api.embedding_request import EmbeddingRequest, embed_query
from orchestrator.api.faults import parse
from orchestrator.api.parameters import settle
from orchestrator.api.queries import chat_query, completion_query
from orchestrator.api.requests import ChatRequest, CompletionRequest, GenerationRequest
from orchestrator.batch.endpoint import ENDPOINTS
from orchestrator.compositions.base import Query
from orchestrator.compositions.embedding import EmbedQuery
from orchestrator.compositions.programs import Programs
from orchestrator.compositions.size import size_of
from orchestrator.engines.base import Call, Item
from orchestrator.engines.embedding import EmbedCall, Vectors
from orchestrator.errors import EngineError, InvalidRequestError
from orchestrator.registry.models import Registry
from orchestrator.routing.building import Routers

_CHAT, _COMPLETION, _EMBEDDING = ENDPOINTS
_ID = "bulk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The expert that is asked first, and about what it has to read and write, tokens."""

    expert: str
    prompt_tokens: float
    output_tokens: float


class Deciding:
    """One registry's programs, asked who would answer.

    Args:
        registry: its folders are absolute and on this machine.

    Raises:
        RegistryError: a router cannot be used; names it.
    """

    def __init__(self, registry: Registry) -> None:
        routers = Routers()
        self._programs = Programs(
            registry,
            generation=0,
            routers=routers.load(registry.routers),
            dispatch=_Nobody(),
            named=routers.named,
        )
        default = registry.defaults.max_tokens
        self._longest = {one.id: one.defaults.max_tokens or default for one in registry.experts}

    async def decide(self, url: str, body: bytes) -> Decided:
        """Validate a body and say who would answer it.

        Raises:
            OrchestratorError: the endpoint would refuse it; the error is the endpoint's.
        """
        if url == _EMBEDDING:
            return self._embedded(_embedding(body))
        query = _chat(body) if url == _CHAT else _completion(body)
        decision = await self._programs.decide(query)
        sampling = query.sampling
        longest = sampling.max_tokens or self._longest.get(decision.expert, 0)
        return Decided(
            expert=decision.expert,
            prompt_tokens=_usual(query),
            output_tokens=float(longest * sampling.n),
        )

    def _embedded(self, query: EmbedQuery) -> Decided:
        decision = self._programs.embedder(query.model).decide(query)
        sizes = [size_of(text) for text in query.inputs]
        tokens = sum(size.low + size.high for size in sizes) / 2
        return Decided(expert=decision.expert, prompt_tokens=tokens, output_tokens=0.0)


class _Nobody:
    """In the place of engines: a decision asks none."""

    async def generate(self, call: Call) -> AsyncGenerator[Item, None]:
        self._refuse(call.expert)
        yield

    async def embed(self, call: EmbedCall) -> Vectors:
        self._refuse(call.expert)

    async def close(self) -> None:
        """Nothing is held."""

    def _refuse(self, expert: str) -> NoReturn:
        raise EngineError(f"expert {expert!r} was asked while rows are routed; nobody is there")


def _chat(body: bytes) -> Query:
    asked = parse(ChatRequest, body)
    _settle(asked)
    return chat_query(asked, call_id=_ID)


def _completion(body: bytes) -> Query:
    asked = parse(CompletionRequest, body)
    _settle(asked)
    return completion_query(asked, call_id=_ID)


def _embedding(body: bytes) -> EmbedQuery:
    asked = parse(EmbeddingRequest, body)
    settle(asked.model_extra or {}, known=EmbeddingRequest.model_fields)
    return embed_query(asked, call_id=_ID)


def _settle(asked: GenerationRequest) -> None:
    if asked.stream:
        raise InvalidRequestError("'stream' is true; rows are answered whole", param="stream")
    settle(asked.model_extra or {}, known=type(asked).model_fields)


def _usual(query: Query) -> float:
    size = size_of(query.prompt)
    return (size.low + size.high) / 2
