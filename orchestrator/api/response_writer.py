"""How `/v1/responses` spells answers: one object, or typed events in OpenAI's order."""

from __future__ import annotations

from typing import Any

import orjson

from orchestrator.api import response_objects as objects
from orchestrator.api.response_output import Output
from orchestrator.api.staged import stage_comment
from orchestrator.compositions.progress import Progress
from orchestrator.engines.answer import Answer
from orchestrator.engines.base import Chunk, Delta, FinishReason, ToolCallDelta, Usage
from orchestrator.errors import OrchestratorError


class ResponseWriter:
    """Spells one response.

    Args:
        frame: what every state of the response repeats, by `frame_of`.
        call_id: what the ids of its items are made of.
    """

    def __init__(self, frame: objects.Json, *, call_id: str) -> None:
        self._frame = frame
        self._output = Output(call_id)
        self._num_events = 0
        self._end: FinishReason = "stop"
        self._usage: Usage | None = None

    def answer(self, answer: Answer, details: objects.Json | None) -> bytes:
        """The `response` object."""
        (choice,) = answer.choices
        calls = tuple(
            ToolCallDelta(index=place, id=call.id, name=call.name, arguments=call.arguments)
            for place, call in enumerate(choice.tool_calls)
        )
        self._output.take(
            Delta(
                text=choice.text,
                reasoning=choice.reasoning,
                tool_calls=calls,
                logprobs=choice.logprobs,
            )
        )
        self._output.finish(choice.finish_reason)
        whole = objects.finished(
            self._frame, self._output.items(), choice.finish_reason, answer.usage
        )
        return orjson.dumps(_detailed(whole, details))

    def events(self, chunk: Chunk) -> bytes:
        """The events of one chunk; those that begin the response come before the first."""
        found = self._beginning()
        for delta in chunk.deltas:
            found += self._output.take(delta)
            if delta.finish_reason is not None:
                self._end = delta.finish_reason
                found += self._output.finish(delta.finish_reason)
        self._usage = chunk.usage or self._usage
        return b"".join(self._spelled(event) for event in found)

    def stage(self, progress: Progress) -> bytes:
        """A comment: the events of a response are a closed union, told apart by their names."""
        return stage_comment(progress)

    def end(self, details: objects.Json | None) -> bytes:
        """`response.completed`, or `response.incomplete` where the answer was cut."""
        usage = self._usage or Usage(prompt_tokens=0, completion_tokens=0)
        whole = objects.finished(self._frame, self._output.items(), self._end, usage)
        response = _detailed(whole, details)
        return self._spelled({"type": f"response.{whole['status']}", "response": response})

    def broken_off(self, error: OrchestratorError) -> bytes:
        """`response.failed`, with what was said so far."""
        whole = objects.failed(self._frame, self._output.items(), error)
        events = [*self._beginning(), {"type": "response.failed", "response": whole}]
        return b"".join(self._spelled(event) for event in events)

    def _beginning(self) -> list[objects.Json]:
        if self._num_events:
            return []
        response = objects.unfinished(self._frame)
        states = ("created", "in_progress")
        return [{"type": f"response.{state}", "response": response} for state in states]

    def _spelled(self, event: dict[str, Any]) -> bytes:
        event["sequence_number"] = self._num_events
        self._num_events += 1
        return b"event: %s\ndata: %s\n\n" % (event["type"].encode(), orjson.dumps(event))


def _detailed(response: objects.Json, details: objects.Json | None) -> objects.Json:
    return response if details is None else {**response, "orchestrator": details}
