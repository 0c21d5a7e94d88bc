"""How a composition has its router choose among those who may and can answer."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from orchestrator.compositions.allowed import Allowed
from orchestrator.compositions.base import Decision, Query
from orchestrator.compositions.conversation import is_in_tool_loop
from orchestrator.compositions.digest import digest
from orchestrator.compositions.generation import Generation
from orchestrator.compositions.recalled import with_room
from orchestrator.compositions.team import team_of
from orchestrator.compositions.tracing_calls import told_route
from orchestrator.compositions.traits import traits_of
from orchestrator.engines.base import Chat, Prompt, Text
from orchestrator.errors import InvalidRequestError
from orchestrator.routing.limits import Limits
from orchestrator.routing.sooner import sooner, succession, widened
from routers.base import Prompts, Route, Router, RouterError

_POINTS = 100


class Choosing:
    """Asks the router of one composition.

    Args:
        composition_id: its name in the registry.
        generation: what it answers from.
        router_id: of the router that its entry names.
        router: that router, loaded.
        quality_slack: score given up for an answer that comes sooner, points of a hundred.
    """

    def __init__(
        self,
        composition_id: str,
        generation: Generation,
        *,
        router_id: str,
        router: Router,
        quality_slack: float = 0.0,
    ) -> None:
        self._id = composition_id
        self._generation = generation
        self._router_id = router_id
        self._router = router
        self._slack = quality_slack / _POINTS
        self._experts = {expert.id: expert for expert in generation.registry.experts}

    async def decide(
        self, query: Query, *, num_fallbacks: int = 0, num_asked: int | None = None
    ) -> Decision:
        """Route a query among the experts that can take it within its limits.

        Args:
            query: within the limits of the composition.
            num_fallbacks: who is to answer where the first cannot.
            num_asked: size of the team, of the router's next best where it recruits one alone;
                `None` leaves the size to the router.

        Raises:
            RequestError: no expert can take it, or its text is not known here.
            OverloadedError: no expert is expected to answer as soon as it wants.
        """
        self._refuse_token_ids(query.prompt)
        started_s = time.perf_counter()
        allowed = self._generation.admission.allowed(query)
        route = self._sooner(await self._first_choice(query, allowed), query)
        route = with_room(route, query)
        asked = route if num_asked is None else widened(route, most=num_asked)
        expert = self._experts[route.chosen[0]]
        decision = Decision(
            expert=expert.id,
            generation=self._generation.number,
            composition=self._id,
            router=self._router_id,
            router_version=self._router.version,
            route=route,
            allowed=allowed,
            team=team_of(asked, allowed),
            fallbacks=await self._fallbacks(query, route, allowed, most=num_fallbacks),
            routing_s=time.perf_counter() - started_s,
            defaults=self._generation.filled_in(query.sampling, expert),
        )
        if query.course is not None:
            told_route(query.course.span, decision)
        return decision

    async def _first_choice(self, query: Query, allowed: Allowed) -> Route:
        """The route among who can be reached; where that is nobody the router has, among all.

        The caller asked nothing wrong then: who is asked in vain says so, and until when.
        """
        try:
            return await self._route(query, allowed.experts)
        except InvalidRequestError:
            if not allowed.away:
                raise
            return await self._route(query, allowed.experts | allowed.away)

    async def _fallbacks(
        self, query: Query, route: Route, allowed: Allowed, *, most: int
    ) -> tuple[str, ...]:
        """Who comes next: as the route has them, else whom the router names without all of those.

        Rules and the like score nobody but their choice.
        """
        first, found = route.chosen[0], succession(route, most=most)
        while len(found) < most and (left := allowed.experts - {first, *found}):
            try:
                found = (*found, (await self._route(query, left)).chosen[0])
            except InvalidRequestError:
                break  # the router has nobody else
        return found

    async def _route(self, query: Query, candidates: frozenset[str]) -> Route:
        """The route of the first text that the router is sure of, else that of the first."""
        shut_out = self._generation.admission.shut_out(query.limits)
        traits = (replace(traits_of(query), shut_out=shut_out),)
        first, *others = digest(query.prompt)
        route = await self._ask(
            Prompts(texts=(first,), candidates=candidates, traits=traits), query.limits
        )
        for text in others if route.is_fallback else ():
            found = await self._ask(
                Prompts(texts=(text,), candidates=candidates, traits=traits), query.limits
            )
            if not found.is_fallback:
                reason = "unsure of the last turn alone: read after what stands before it"
                return replace(found, reasons=(reason, *found.reasons))
        return route

    async def _ask(self, prompts: Prompts, limits: Limits) -> Route:
        """One route; a thread costs more than a fast decision, so only slow routers get one."""
        try:
            if self._router.is_slow:
                return (await asyncio.to_thread(self._router.route, prompts))[0]
            return self._router.route(prompts)[0]
        except RouterError as error:
            # Routers tell whom they were made for, and not all of those may be told of.
            why = error if limits.veil is None else "none that your key allows is its choice"
            raise InvalidRequestError(
                f"model {self._id!r} cannot place this request: {why}", param="model"
            ) from error

    def _sooner(self, route: Route, query: Query) -> Route:
        """Who answers sooner leads, but where tools may be called.

        A loop of calls has to stay with one expert, and what is soonest changes meanwhile.
        """
        prompt = query.prompt
        if isinstance(prompt, Chat) and (prompt.tools or is_in_tool_loop(prompt)):
            return route
        return sooner(route, self._generation.admission.answer_s, slack=self._slack)

    def _refuse_token_ids(self, prompt: Prompt) -> None:
        if isinstance(prompt, Text) and prompt.token_ids is not None:
            raise InvalidRequestError(
                f"token ids belong to one expert's vocabulary and {self._id!r} may choose any: "
                "send text, or name an expert",
                param="prompt",
            )
