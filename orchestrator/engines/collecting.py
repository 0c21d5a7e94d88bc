"""From a stream of chunks to one answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from orchestrator.engines.answer import Answer, Choice
from orchestrator.engines.base import (
    Chunk,
    Delta,
    FinishReason,
    TokenLogprob,
    ToolCall,
    ToolCallDelta,
    Usage,
)


@dataclass(slots=True)
class _Draft:
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    logprobs: list[TokenLogprob] = field(default_factory=list)
    tool_calls: dict[int, list[ToolCallDelta]] = field(default_factory=dict)
    finish_reason: FinishReason | None = None

    def add(self, delta: Delta) -> None:
        self.text.append(delta.text)
        self.reasoning.append(delta.reasoning)
        self.logprobs.extend(delta.logprobs)
        for call in delta.tool_calls:
            self.tool_calls.setdefault(call.index, []).append(call)
        self.finish_reason = delta.finish_reason or self.finish_reason

    def choice(self, index: int) -> Choice:
        return Choice(
            index=index,
            text="".join(self.text),
            reasoning="".join(self.reasoning),
            tool_calls=tuple(_tool_call(parts) for _, parts in sorted(self.tool_calls.items())),
            logprobs=tuple(self.logprobs),
            finish_reason=self.finish_reason or "stop",
        )


def _tool_call(parts: Sequence[ToolCallDelta]) -> ToolCall:
    return ToolCall(
        id=next((part.id for part in parts if part.id), ""),
        name=next((part.name for part in parts if part.name), ""),
        arguments="".join(part.arguments for part in parts),
    )


class Gathering:
    """An answer while it comes: the choices that have ended, and what is known of the usage."""

    def __init__(self) -> None:
        self._drafts: dict[int, _Draft] = {}
        self._ended: dict[int, Choice] = {}
        #: Of the whole answer; `None` until its last chunk.
        self.usage: Usage | None = None
        #: Up to the choice that ended last; `None` where the engine does not tell.
        self.used: Usage | None = None

    @property
    def num_ended(self) -> int:
        """Choices that have ended."""
        return len(self._ended)

    @property
    def choices(self) -> tuple[Choice, ...]:
        """Those that have ended, in order of index."""
        return tuple(choice for _, choice in sorted(self._ended.items()))

    def add(self, chunk: Chunk) -> bool:
        """Take in a chunk and say whether a choice ended with it."""
        has_ended = False
        for delta in chunk.deltas:
            draft = self._drafts.setdefault(delta.index, _Draft())
            draft.add(delta)
            if delta.finish_reason is not None:
                self._ended[delta.index] = draft.choice(delta.index)
                has_ended = True
        self.usage = chunk.usage or self.usage
        self.used = chunk.usage or chunk.used or self.used
        return has_ended

    def answer(self) -> Answer:
        """All of it: choices that nobody ended are taken as they are."""
        choices = tuple(draft.choice(index) for index, draft in sorted(self._drafts.items()))
        usage = self.usage or Usage(prompt_tokens=0, completion_tokens=0)
        return Answer(choices=choices, usage=usage)


async def collect(items: AsyncIterator[object]) -> Answer:
    """Read a whole stream into one answer; what is no part of it is left aside."""
    gathering = Gathering()
    async for item in items:
        if isinstance(item, Chunk):
            gathering.add(item)
    return gathering.answer()
