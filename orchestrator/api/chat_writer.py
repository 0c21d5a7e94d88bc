"""How `/v1/chat/completions` spells answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from orchestrator.api.writers import DoneEnding, EventForm, Head, Json, finite, usage_of
from orchestrator.compositions.progress import Progress
from orchestrator.engines.answer import Answer, Choice
from orchestrator.engines.base import Chunk, Delta, TokenLogprob, ToolCall, ToolCallDelta


class ChatWriter(DoneEnding):
    """Spells one chat answer.

    Reasoning travels as `reasoning` beside `content`, the name vLLM uses; OpenAI has none.
    """

    def __init__(self, head: Head, *, has_usage: bool) -> None:
        self._head = head
        super().__init__(EventForm(head, "chat.completion.chunk", has_usage=has_usage))
        self._begun: set[int] = set()

    def answer(self, answer: Answer, details: Json | None = None) -> bytes:
        """The `chat.completion` object."""
        whole = self._head.fields("chat.completion")
        whole["choices"] = [_choice(choice) for choice in answer.choices]
        whole["usage"] = usage_of(answer.usage)
        if details is not None:
            whole["orchestrator"] = details
        return orjson.dumps(whole)

    def events(self, chunk: Chunk) -> bytes:
        """One `chat.completion.chunk` a delta, then the usage where it was asked for."""
        events = [self._form.choice(self._delta(delta)) for delta in chunk.deltas]
        events.append(self._form.usage(chunk.usage))
        return b"".join(events)

    def stage(self, progress: Progress) -> bytes:
        """A `chat.completion.chunk` with an empty delta and the stage beside it."""
        empty = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": None}
        return self._form.stage(empty, progress)

    def _delta(self, delta: Delta) -> dict[str, Any]:
        new: dict[str, Any] = {}
        if delta.index not in self._begun:
            self._begun.add(delta.index)
            new = {"role": "assistant", "content": ""}
        if delta.text:
            new["content"] = delta.text
        if delta.reasoning:
            new["reasoning"] = delta.reasoning
        if delta.tool_calls:
            new["tool_calls"] = [_tool_call_delta(call) for call in delta.tool_calls]
        return {
            "index": delta.index,
            "delta": new,
            "logprobs": _logprobs(delta.logprobs),
            "finish_reason": delta.finish_reason,
        }


def _choice(choice: Choice) -> dict[str, Any]:
    # A turn that only calls tools has no content: OpenAI says null, not "".
    content = None if choice.tool_calls and not choice.text else choice.text
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
    if choice.reasoning:
        message["reasoning"] = choice.reasoning
    if choice.tool_calls:
        message["tool_calls"] = [_tool_call(call) for call in choice.tool_calls]
    return {
        "index": choice.index,
        "message": message,
        "logprobs": _logprobs(choice.logprobs),
        "finish_reason": choice.finish_reason,
    }


def _tool_call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _tool_call_delta(call: ToolCallDelta) -> dict[str, Any]:
    """`id`, `type` and `name` come once, with the first delta of a call."""
    new: dict[str, Any] = {"index": call.index, "function": {"arguments": call.arguments}}
    if call.id is not None:
        new |= {"id": call.id, "type": "function"}
    if call.name is not None:
        new["function"]["name"] = call.name
    return new


def _logprobs(logprobs: Sequence[TokenLogprob]) -> dict[str, Any] | None:
    if not logprobs:
        return None
    content = [
        {**_token(one), "top_logprobs": [_token(other) for other in one.top]} for one in logprobs
    ]
    return {"content": content, "refusal": None}


def _token(one: TokenLogprob) -> dict[str, Any]:
    return {"token": one.token, "logprob": finite(one.logprob), "bytes": one.bytes_ or None}
