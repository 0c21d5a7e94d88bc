"""How the strong expert of a cascade is asked, once the cheap ones are not sure.

Source: Divide and Conquer for LLM reasoning, Meng 2024, arXiv:2401.05190: what is unsure is worth
a costlier way of asking: without the options that nobody chose, or with prior knowledge, which the
expert states before it answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.compositions.affording import has_left
from orchestrator.compositions.asking import Prompts, asked, message_of, restated
from orchestrator.compositions.asks import Ask, as_part
from orchestrator.compositions.base import Query
from orchestrator.compositions.generation import Generation
from orchestrator.compositions.narrowing import narrowed
from orchestrator.compositions.staging import Staging
from orchestrator.engines.base import Chat
from orchestrator.registry.composition_cascade import CascadeComposition
from routers.answers import without_thinking


class Escalating:
    """Makes the calls of a cascade's second stage.

    Args:
        spec: who is asked, and how.
        prompts: of its roles.
        generation: what they answer from.
    """

    def __init__(self, spec: CascadeComposition, prompts: Prompts, generation: Generation) -> None:
        self._generation = generation
        self._strong = spec.strong
        self._narrows = spec.escalate in ("filter_choices", "both")
        self._recalls = spec.escalate in ("prior_knowledge", "both")
        self._prompts = prompts

    async def asks(
        self, staging: Staging, query: Query, chat: Chat, *, answers: Sequence[str]
    ) -> list[Ask]:
        """The call that makes the answer, then the caller's own prompt where that is too long.

        Args:
            staging: runs the stage `knowledge` where there is room for it and the answer.
            query: the caller's.
            chat: its conversation.
            answers: what the cheap experts wrote.
        """
        plain = Ask(expert=self._strong, sampling=query.sampling)
        narrower = self._narrowed(chat, answers) if self._narrows else None
        prompt = chat if narrower is None else narrower
        if self._recalls:
            knowledge = await self._knowledge(staging, query, chat, plain)
            if knowledge:
                prompt = asked(prompt, self._prompts["with_knowledge"], knowledge=knowledge)
        return [plain] if prompt is chat else [replace(plain, prompt=prompt), plain]

    def _narrowed(self, chat: Chat, answers: Sequence[str]) -> Chat | None:
        """The question among the options that are left; `None` where all or none of them are."""
        found = narrowed(message_of(chat), answers)
        if found is None:
            return None
        return asked(
            restated(chat, found.question), self._prompts["filter_choices"], choices=found.choices
        )

    async def _knowledge(self, staging: Staging, query: Query, chat: Chat, answer: Ask) -> str:
        """What the strong expert says one has to know; nothing where it cannot be asked twice."""
        ask = replace(
            answer,
            sampling=as_part(answer.sampling),
            prompt=asked(chat, self._prompts["prior_knowledge"]),
            is_free=True,
        )
        if staging.why_not(ask) is not None:
            return ""
        if not has_left(self._generation, staging, query, [ask, answer]):
            return ""
        [call] = await staging.run("knowledge", [ask])
        return next((without_thinking(choice.text) for choice in call.choices), "")
