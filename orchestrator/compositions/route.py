"""`kind: route`: the one expert that a router chooses."""

from __future__ import annotations

import asyncio
import time

from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.digest import digest
from orchestrator.compositions.eligibility import needs_of
from orchestrator.compositions.generation import Generation
from orchestrator.compositions.recalled import recalled, with_room
from orchestrator.compositions.traits import traits_of
from orchestrator.engines.base import Prompt, Text
from orchestrator.errors import InvalidRequestError
from routers.base import Prompts, Route, Router, RouterError


class RouteOne:
    """Asks the router once, then the best expert it names.

    Args:
        composition_id: its name in the registry.
        generation: what it answers from.
        router_id: the router's name in the registry.
        router: the router, loaded.
    """

    def __init__(
        self, composition_id: str, generation: Generation, *, router_id: str, router: Router
    ) -> None:
        self._id = composition_id
        self._generation = generation
        self._router_id = router_id
        self._router = router
        self._experts = {expert.id: expert for expert in generation.registry.experts}

    async def decide(self, query: Query) -> Decision:
        """Route the query among the experts that can take it.

        Raises:
            RequestError: no expert can take it, or its text is not known here.
        """
        self._refuse_token_ids(query.prompt)
        candidates = self._generation.eligibility.candidates(needs_of(query.prompt))
        started_s = time.perf_counter()
        route = with_room(await self._route(query, candidates), query)
        expert = self._experts[route.chosen[0]]
        return Decision(
            expert=expert.id,
            generation=self._generation.number,
            composition=self._id,
            router=self._router_id,
            router_version=self._router.version,
            route=route,
            routing_s=time.perf_counter() - started_s,
            defaults=self._generation.filled_in(query.sampling, expert),
        )

    async def reply(self, query: Query) -> Reply:
        """Route, then start the chosen expert's answer."""
        decision = await self.decide(query)
        if decision.recalled is not None:
            return recalled(decision, decision.recalled)
        return self._generation.carry_out(query, decision)

    async def _route(self, query: Query, candidates: frozenset[str]) -> Route:
        """One route; a thread costs more than a fast decision, so only slow routers get one."""
        prompts = Prompts(
            texts=(digest(query.prompt),), candidates=candidates, traits=(traits_of(query),)
        )
        try:
            if self._router.is_slow:
                return (await asyncio.to_thread(self._router.route, prompts))[0]
            return self._router.route(prompts)[0]
        except RouterError as error:
            raise InvalidRequestError(
                f"model {self._id!r} cannot place this request: {error}", param="model"
            ) from error

    def _refuse_token_ids(self, prompt: Prompt) -> None:
        if isinstance(prompt, Text) and prompt.token_ids is not None:
            raise InvalidRequestError(
                f"token ids belong to one expert's vocabulary and {self._id!r} may choose any: "
                "send text, or name an expert",
                param="prompt",
            )
