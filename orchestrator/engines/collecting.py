"""From a stream of chunks to one answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from orchestrator.engines.base import (
    Answer,
    Choice,
    Delta,
    FinishReason,
    Item,
    TokenLogprob,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from orchestrator.engines.notices import Notice


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


async def collect(items: AsyncIterator[Item]) -> Answer:
    """Read a whole stream into one answer; its notices are left aside."""
    drafts: dict[int, _Draft] = {}
    usage = Usage(prompt_tokens=0, completion_tokens=0)
    async for item in items:
        if isinstance(item, Notice):
            continue
        for delta in item.deltas:
            drafts.setdefault(delta.index, _Draft()).add(delta)
        usage = item.usage or usage
    choices = tuple(draft.choice(index) for index, draft in sorted(drafts.items()))
    return Answer(choices=choices, usage=usage)
