"""`kind: route`: the one expert that a router chooses."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from orchestrator.compositions.allowed import Allowed
from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.conversation import is_in_tool_loop
from orchestrator.compositions.digest import digest
from orchestrator.compositions.generation import Generation
from orchestrator.compositions.recalled import recalled, with_room
from orchestrator.compositions.succession import Succession
from orchestrator.compositions.team import team_of
from orchestrator.compositions.traits import traits_of
from orchestrator.engines.base import Chat, Prompt, Text
from orchestrator.errors import InvalidRequestError
from orchestrator.registry.compositions import RouteComposition
from orchestrator.routing.limits import limits_of
from orchestrator.routing.sooner import sooner, succession
from routers.base import Prompts, Route, Router, RouterError

_POINTS = 100


class RouteOne:
    """Asks the router for the best expert that may answer, then that expert.

    Args:
        composition_id: its name in the registry.
        generation: what it answers from.
        spec: its entry.
        router: the router that the entry names, loaded.
    """

    def __init__(
        self,
        composition_id: str,
        generation: Generation,
        *,
        spec: RouteComposition,
        router: Router,
    ) -> None:
        self._id = composition_id
        self._generation = generation
        self._spec = spec
        self._limits = limits_of(spec.limits)
        self._router = router
        self._experts = {expert.id: expert for expert in generation.registry.experts}
        self._succession = Succession(generation=generation, clock=time.monotonic)

    async def decide(self, query: Query) -> Decision:
        """Route the query among the experts that can take it within its limits.

        Raises:
            RequestError: no expert can take it, or its text is not known here.
            OverloadedError: no expert is expected to answer as soon as it wants.
        """
        return await self._decide(self._bound(query))

    async def reply(self, query: Query) -> Reply:
        """Route, then start the chosen expert's answer; others follow where it has none."""
        query = self._bound(query)
        decision = await self._decide(query)
        if decision.recalled is not None:
            return recalled(decision, decision.recalled)
        return self._succession.reply(query, decision)

    def _bound(self, query: Query) -> Query:
        """`query` within the limits of the composition and its own."""
        return replace(query, limits=self._limits.tightened(query.limits))

    async def _decide(self, query: Query) -> Decision:
        self._refuse_token_ids(query.prompt)
        started_s = time.perf_counter()
        allowed = self._generation.admission.allowed(query)
        route = self._sooner(await self._route(query, allowed.experts), query)
        route = with_room(route, query)
        expert = self._experts[route.chosen[0]]
        return Decision(
            expert=expert.id,
            generation=self._generation.number,
            composition=self._id,
            router=self._spec.router,
            router_version=self._router.version,
            route=route,
            allowed=allowed,
            team=team_of(route, allowed),
            fallbacks=await self._fallbacks(query, route, allowed),
            routing_s=time.perf_counter() - started_s,
            defaults=self._generation.filled_in(query.sampling, expert),
        )

    async def _fallbacks(self, query: Query, route: Route, allowed: Allowed) -> tuple[str, ...]:
        """Who comes next: as the route has them, else whom the router names without all of those.

        Rules and the like score nobody but their choice.
        """
        most, first = self._spec.fallbacks, route.chosen[0]
        found = succession(route, most=most)
        while len(found) < most and (left := allowed.experts - {first, *found}):
            try:
                found = (*found, (await self._route(query, left)).chosen[0])
            except InvalidRequestError:
                break  # the router has nobody else
        return found

    async def _route(self, query: Query, candidates: frozenset[str]) -> Route:
        """The route of the first text that the router is sure of, else that of the first."""
        traits = (traits_of(query),)
        first, *others = digest(query.prompt)
        route = await self._ask(Prompts(texts=(first,), candidates=candidates, traits=traits))
        for text in others if route.is_fallback else ():
            found = await self._ask(Prompts(texts=(text,), candidates=candidates, traits=traits))
            if not found.is_fallback:
                reason = "unsure of the last turn alone: read after what stands before it"
                return replace(found, reasons=(reason, *found.reasons))
        return route

    async def _ask(self, prompts: Prompts) -> Route:
        """One route; a thread costs more than a fast decision, so only slow routers get one."""
        try:
            if self._router.is_slow:
                return (await asyncio.to_thread(self._router.route, prompts))[0]
            return self._router.route(prompts)[0]
        except RouterError as error:
            raise InvalidRequestError(
                f"model {self._id!r} cannot place this request: {error}", param="model"
            ) from error

    def _sooner(self, route: Route, query: Query) -> Route:
        """Who answers sooner leads, but where tools may be called.

        A loop of calls has to stay with one expert, and what is soonest changes meanwhile.
        """
        prompt = query.prompt
        if isinstance(prompt, Chat) and (prompt.tools or is_in_tool_loop(prompt)):
            return route
        slack = self._spec.quality_slack / _POINTS
        return sooner(route, self._generation.admission.answer_s, slack=slack)

    def _refuse_token_ids(self, prompt: Prompt) -> None:
        if isinstance(prompt, Text) and prompt.token_ids is not None:
            raise InvalidRequestError(
                f"token ids belong to one expert's vocabulary and {self._id!r} may choose any: "
                "send text, or name an expert",
                param="prompt",
            )
