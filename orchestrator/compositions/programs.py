"""Every model that callers can name in one generation, and the program behind each."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from orchestrator.compositions.admission import Admission
from orchestrator.compositions.base import Composition, Decision, Query, Reply
from orchestrator.compositions.building import composed
from orchestrator.compositions.direct import Direct
from orchestrator.compositions.embedding import Embedding
from orchestrator.compositions.generation import Generation
from orchestrator.compositions.slot_prices import slot_hours
from orchestrator.compositions.tracing_calls import within
from orchestrator.engines.embedding import FullEngine
from orchestrator.engines.foresight import Foresight
from orchestrator.errors import InvalidRequestError, UnknownModelError
from orchestrator.registry.engine_entry import Task
from orchestrator.registry.models import Expert, Registry
from orchestrator.routing.limits import UNLIMITED, Limits
from orchestrator.tracing.spans import UNTRACED, Span
from routers.base import Router
from routers.skill_cache import SkillCache


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A name that callers can use."""

    id: str
    kind: Literal["expert", "composition"]
    #: The entry behind the name; `None` for a composition.
    expert: Expert | None = None

    @property
    def task(self) -> Task:
        """What it makes of its input."""
        return "embed" if self.expert is not None and self.expert.embeds else "generate"


class Programs:
    """One generation's programs; a request keeps the `Programs` it started with.

    Args:
        registry: the generation's content.
        generation: its number.
        routers: router id of the registry -> the loaded router.
        dispatch: reaches every expert of the registry.
        named: skills that models have named, as the routers read them.

    Raises:
        RegistryError: a composition names a router that was not loaded.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        generation: int,
        routers: Mapping[str, Router],
        dispatch: FullEngine,
        named: SkillCache | None = None,
    ) -> None:
        self.registry = registry
        self.generation = generation
        #: Requests that are pinned to it: what they need stays until they have ended.
        self.num_pinned = 0
        self._models = {model.id: model for model in _models(registry)}
        compositions = self._compositions = dict[str, Composition]()
        shared = self._shared = Generation(
            number=generation,
            registry=registry,
            admission=Admission(
                registry, foresight=dispatch if isinstance(dispatch, Foresight) else None
            ),
            dispatch=dispatch,
            version_by_id={expert.id: expert.version for expert in registry.experts},
            prices={e.id: e.price for e in registry.experts if e.price.model_fields_set},
            slot_hours=slot_hours(registry),
            energies={e.id: e.energy for e in registry.experts if e.energy is not None},
            programs=compositions,
            named=SkillCache() if named is None else named,
        )
        compositions |= {name: composed(name, shared, routers) for name in registry.compositions}
        self._programs: dict[str, Composition] = {
            **{expert.id: Direct(expert, shared) for expert in registry.experts},
            **compositions,
        }
        self._embedders = {
            expert.id: Embedding(expert, shared) for expert in registry.experts if expert.embeds
        }

    def close(self) -> None:
        """Let go of all that compositions know of one another, once nobody is pinned to it.

        They are a circle, which holds the whole registry until garbage is collected: long after
        the next edits of a service that answers without leaving any.
        """
        self._compositions.clear()

    async def decide(self, query: Query) -> Decision:
        """Say who would answer `query`; nothing is generated.

        Raises:
            RequestError: the model is unknown or cannot take the query.
        """
        return await self._program(query.model).decide(query)

    async def reply(self, query: Query, *, span: Span = UNTRACED) -> Reply:
        """Decide, and start the answer to `query`.

        Args:
            query: as its caller meant it.
            span: of the request; ended by whoever began it.

        Raises:
            RequestError: the model is unknown or cannot take the query.
        """
        program = self._program(query.model)
        course = self._shared.course(query) if query.course is None else query.course
        reply = await program.reply(within(replace(query, course=course), span))
        reply.ledger = course.ledger
        return reply

    def embedder(self, model_id: str, limits: Limits = UNLIMITED) -> Embedding:
        """The program that embeds as `model_id`.

        Args:
            model_id: a name that callers can use.
            limits: of the request: whom it is not told of.

        Raises:
            UnknownModelError: there is no model of this name.
            InvalidRequestError: it does not embed; the message names those that do.
        """
        found = self._embedders.get(model_id)
        if found is not None:
            return found
        model = self.model(model_id)
        able = sorted(self._embedders.keys() - self.veiled(limits))
        others = f"models that do: {able}" if able else "no model that you may ask does"
        raise InvalidRequestError(
            f"{model.kind} {model.id!r} answers with text and does not embed; {others}",
            param="model",
        )

    def veiled(self, limits: Limits) -> frozenset[str]:
        """Experts that a request within `limits` is not told of."""
        return self._shared.admission.veiled(limits)

    def models(self) -> tuple[Model, ...]:
        """Compositions first, then experts, each in the order of the registry."""
        return tuple(self._models.values())

    def model(self, model_id: str) -> Model:
        """The model of this name.

        Raises:
            UnknownModelError: there is none; the message names the nearest.
        """
        found = self._models.get(model_id)
        if found is None:
            raise self._unknown(model_id)
        return found

    def __contains__(self, model_id: object) -> bool:
        return model_id in self._programs

    def _program(self, model_id: str) -> Composition:
        program = self._programs.get(model_id)
        if program is None:
            raise self._unknown(model_id)
        return program

    def _unknown(self, model_id: str) -> UnknownModelError:
        known = [model.id for model in self.models()]
        near = difflib.get_close_matches(model_id[:128], known, n=3, cutoff=0.5)
        hint = f"nearest: {near}" if near else f"known: {known[:20]}"
        more = "" if len(known) <= 20 or near else f" and {len(known) - 20} more"
        return UnknownModelError(
            f"model {model_id[:128]!r} is not in the registry; {hint}{more}; "
            "GET /v1/models lists all",
            param="model",
        )


def _models(registry: Registry) -> Iterator[Model]:
    for name in registry.compositions:
        yield Model(id=name, kind="composition")
    for expert in registry.experts:
        yield Model(id=expert.id, kind="expert", expert=expert)
