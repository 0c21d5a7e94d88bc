"""Asks the sub-questions of one request: each an expert of its own, independent ones together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from orchestrator.compositions.asking import alone
from orchestrator.compositions.asks import Ask, as_part
from orchestrator.compositions.base import Query
from orchestrator.compositions.choosing import Choosing
from orchestrator.compositions.conversation import opening_of
from orchestrator.compositions.splitting import Split
from orchestrator.compositions.stages import CallDone
from orchestrator.compositions.staging import Staging
from orchestrator.compositions.traits import SKILLS_KEY
from orchestrator.engines.base import Chat, Sampling
from orchestrator.errors import OverloadedError, RequestError
from routers.answers import without_thinking


class Parts:
    """The sub-questions of one request, and what was answered to them so far.

    Args:
        split: which are asked, and when.
        query: the request.
        staging: its stages.
        choosing: has the router choose by the text of each.
    """

    def __init__(self, split: Split, *, query: Query, staging: Staging, choosing: Choosing) -> None:
        assert isinstance(query.prompt, Chat), "others are refused before anybody is asked"
        self._split = split
        self._query = query
        self._chat = query.prompt
        self._staging = staging
        self._choosing = choosing
        self._answer_by_number: dict[int, str] = {}

    @property
    def answered(self) -> list[Mapping[str, str]]:
        """Those that are answered, in the order of the decomposer."""
        answers = self._answer_by_number
        return [
            {"question": self._split.questions.asked(number, answers), "answer": answers[number]}
            for number in sorted(answers)
        ]

    async def ask(self) -> str | None:
        """Ask wave after wave; says why where one of them cannot be answered."""
        for wave in self._split.waves:
            asks = [await self._asked(number, as_part(self._query.sampling)) for number in wave]
            for number, ask in zip(wave, asks, strict=True):
                if isinstance(ask, str):
                    return f"sub-question #{number}: {ask}"
            calls = await self._staging.run(
                "parts", [ask for ask in asks if isinstance(ask, Ask)], is_enough=_has_failed
            )
            for number, call in zip(wave, calls, strict=True):
                self._answer_by_number[number] = _said(call)
            if lacking := [one for one in zip(wave, calls, strict=True) if not _said(one[1])]:
                # Those that were cancelled were so because of another one.
                number, call = min(lacking, key=lambda one: one[1].ending == "cancelled")
                return f"sub-question #{number}: {call.expert!r} gave no answer: {call.ending}"
        return None

    async def last(self) -> Ask | str:
        """The call whose answer is the answer; else why nobody can take it."""
        assert self._split.last is not None, "the split ends with a sub-question"
        return await self._asked(self._split.last, self._query.sampling)

    async def _asked(self, number: int, sampling: Sampling) -> Ask | str:
        is_last = number == self._split.last
        text = self._split.questions.asked(number, self._answer_by_number)
        prompt = alone(self._chat, text, with_system=is_last)
        left = self._staging.left()
        # What the caller said of skills is said of the whole; a known answer has no author.
        said = {key: value for key, value in left.metadata.items() if key != SKILLS_KEY}
        query = replace(
            left,
            prompt=prompt,
            sampling=sampling,
            structure=left.structure if is_last else None,
            metadata=said,
            # A part is of the conversation, whatever its text.
            user=left.user or opening_of(self._chat),
            is_fresh=True,
        )
        try:
            decision = await self._choosing.decide(query)
        except (RequestError, OverloadedError) as error:
            return str(error)
        return Ask(expert=decision.expert, sampling=sampling, prompt=prompt, is_free=not is_last)


def _has_failed(calls: Sequence[CallDone]) -> bool:
    """Whether one has: without its answer those of the others lead nowhere."""
    return any(not call.num_open and not _said(call) for call in calls)


def _said(call: CallDone) -> str:
    """The answer of a part; empty where there is none."""
    return next((without_thinking(choice.text) for choice in call.choices), "")
