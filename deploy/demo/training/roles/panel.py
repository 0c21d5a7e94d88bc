"""The shipped experts and the topic router, asked as a composition asks them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from transformers import PreTrainedModel

from ..evaluate import answers
from ..export import GENERALIST, load_shipped
from ..facts import DEMO
from ..instances import SKILLS
from .steps import skill_of
from .tables import step_of

if TYPE_CHECKING:
    from routers.base import Router

MODELS = (*SKILLS, GENERALIST)


class Panel:
    """All thirteen, each loaded when it is first asked; greedy, float32."""

    def __init__(self) -> None:
        self._networks: dict[str, PreTrainedModel] = {}

    @cached_property
    def _router(self) -> Router:
        from orchestrator.registry.routers import CategoryRouter
        from orchestrator.routing.building import Routers

        folder = str(DEMO / "routers" / "topic")
        spec = CategoryRouter(kind="category", artifact=folder, fallback=GENERALIST)
        return Routers().load({"topic": spec})["topic"]

    def routed(self, questions: Sequence[str]) -> list[str]:
        """The expert that the topic router chooses for each question."""
        from routers.base import Prompts

        prompts = Prompts(texts=tuple(questions), candidates=frozenset(MODELS))
        return [route.chosen[0] for route in self._router.route(prompts)]

    def answer(self, questions: Sequence[str]) -> list[str]:
        """What the experts that the router chooses say."""
        return self._said(questions, self.routed(questions))

    def answer_known(self, questions: Sequence[str]) -> list[str]:
        """What the experts of the skills say; where a wording is not known, the router chooses."""
        chosen = [
            skill_of(found[0]) if (found := step_of(question)) else routed
            for question, routed in zip(questions, self.routed(questions), strict=True)
        ]
        return self._said(questions, chosen)

    def _said(self, questions: Sequence[str], experts: Sequence[str]) -> list[str]:
        rows: dict[str, list[int]] = defaultdict(list)
        for i, expert in enumerate(experts):
            rows[expert].append(i)
        said = [""] * len(questions)
        for expert, mine in rows.items():
            if expert not in self._networks:
                self._networks[expert] = load_shipped(DEMO / "experts" / expert)
            texts = answers(self._networks[expert], [questions[i] for i in mine])
            for i, text in zip(mine, texts, strict=True):
                said[i] = text
        return said
