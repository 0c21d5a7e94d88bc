"""Real programs over recorded models, in this process, with routers whose scores are given."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.compositions.base import Query
from orchestrator.compositions.digest import digest
from orchestrator.compositions.programs import Programs
from orchestrator.engines.base import Call, Chat, Engine, Item, Message, TextPart
from orchestrator.engines.collecting import collect
from orchestrator.engines.embedding import EmbedCall, Vectors
from orchestrator.engines.remote import remote_engine
from orchestrator.errors import OrchestratorError, UnsupportedParameterError
from orchestrator.registry.models import Registry
from routers.answers import extract
from routers.base import Prompts, Route

Table = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreTable:
    """What a router says of questions."""

    models: tuple[str, ...]
    #: Shape [n_prompts, n_models].
    scores: Table
    #: Shape [n_prompts, k]; models that it chooses, best first.
    order: NDArray[np.int64]


class KnownScores:
    """A router whose scores were made beforehand; it knows questions as routers read them, cut.

    Args:
        prompts: the questions it is asked about.
        table: what it says of each, in order.
    """

    version = "bench"
    is_slow = False

    def __init__(self, prompts: Sequence[str], table: ScoreTable) -> None:
        self._routes = {
            digest(_chat(prompt))[0]: Route(
                chosen=tuple(table.models[model] for model in chosen),
                scores=dict(zip(table.models, own, strict=True)),
            )
            for prompt, own, chosen in zip(
                prompts, table.scores.tolist(), table.order.tolist(), strict=True
            )
        }

    def route(self, prompts: Prompts) -> list[Route]:
        """The routes of questions that it knows."""
        return [self._routes[text] for text in prompts.texts]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a composition answered to one question."""

    #: As `routers/answers.py` reads an option; `None` where it gave none.
    answer: str | None
    num_calls: int


class Recorded:
    """The engines of all models, as dispatch would reach them."""

    def __init__(self, engine_by_expert: Mapping[str, Engine]) -> None:
        self._engines = engine_by_expert

    def generate(self, call: Call) -> AsyncIterator[Item]:
        """The recorded answer of whoever is called."""
        return self._engines[call.expert].generate(call)

    async def embed(self, call: EmbedCall) -> Vectors:
        """Nothing of the kind was recorded."""
        raise UnsupportedParameterError(
            f"expert {call.expert!r} says again what was recorded, and embeds nothing",
            param="model",
        )

    async def close(self) -> None:
        """Forget the recordings."""
        for engine in self._engines.values():
            await engine.close()


def registry_of(
    models: Sequence[str], answers: Path, compositions: Mapping[str, Mapping[str, Any]]
) -> Registry:
    """A registry of recorded models and compositions; entries of their routers are not read."""
    experts = [
        {
            "id": model,
            "engine": {"kind": "replay", "answers": str(answers), "model": model},
        }
        for model in models
    ]
    unread = {"kind": "category", "artifact": "in this process", "fallback": models[0]}
    routers = {str(entry["router"]): unread for entry in compositions.values()}
    return Registry.model_validate(
        {"experts": experts, "routers": routers, "compositions": compositions}
    )


def engines_of(registry: Registry) -> Recorded:
    """The recordings of all experts; each is read once, at its first call."""
    return Recorded({expert.id: remote_engine(expert, os.environ) for expert in registry.experts})


async def asked_of(programs: Programs, model: str, prompt: str) -> Asked:
    """One question to one composition; what fails has no answer."""
    reply = await programs.reply(Query(id="recorded", model=model, prompt=_chat(prompt)))
    try:
        said = (await collect(reply.items)).choices[0].text
    except OrchestratorError:
        said = ""
    num_calls = sum(len(stage.calls) for stage in reply.stages) or 1
    return Asked(answer=extract(said, "option"), num_calls=num_calls)


def _chat(prompt: str) -> Chat:
    return Chat(messages=(Message(role="user", content=(TextPart(text=prompt),)),))
