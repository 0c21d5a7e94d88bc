"""The output of one response while it comes: items, and the events that tell of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from orchestrator.api import response_objects as objects
from orchestrator.api.response_objects import Json, Status
from orchestrator.engines.base import Delta, FinishReason, TokenLogprob, ToolCallDelta

Kind = Literal["reasoning", "message"]
_PREFIXES: dict[Kind, str] = {"reasoning": "rs", "message": "msg"}
#: What the events of a kind's text are called.
_TEXTS: dict[Kind, str] = {
    "reasoning": "response.reasoning_text",
    "message": "response.output_text",
}


@dataclass(slots=True, kw_only=True)
class _Spoken:
    """A message or a piece of reasoning."""

    kind: Kind
    id: str
    index: int
    status: Status = "in_progress"
    text: list[str] = field(default_factory=list)
    logprobs: list[TokenLogprob] = field(default_factory=list)

    @property
    def place(self) -> Json:
        return {"item_id": self.id, "output_index": self.index, "content_index": 0}

    def part(self) -> Json:
        text = "".join(self.text)
        if self.kind == "reasoning":
            return objects.reasoning_text(text)
        return objects.output_text(text, self.logprobs)

    def item(self) -> Json:
        if self.kind == "reasoning":
            return objects.reasoning(self.id, "".join(self.text), self.status)
        content = [self.part()] if self.text or self.status != "in_progress" else []
        return objects.message(self.id, content, self.status)

    def open(self) -> Iterator[Json]:
        yield _item_event("added", self)
        yield {"type": "response.content_part.added", **self.place, "part": self.part()}

    def add(self, text: str, logprobs: tuple[TokenLogprob, ...]) -> Iterator[Json]:
        self.text.append(text)
        self.logprobs.extend(logprobs)
        event = {"type": f"{_TEXTS[self.kind]}.delta", **self.place, "delta": text}
        if self.kind == "message":
            event["logprobs"] = [objects.scored(one) for one in logprobs]
        yield event

    def close(self, status: Status) -> Iterator[Json]:
        self.status = status
        part = self.part()
        event = {"type": f"{_TEXTS[self.kind]}.done", **self.place, "text": part["text"]}
        if self.kind == "message":
            event["logprobs"] = part["logprobs"]
        yield event
        yield {"type": "response.content_part.done", **self.place, "part": part}
        yield _item_event("done", self)


@dataclass(slots=True, kw_only=True)
class _Called:
    """A call of a function."""

    id: str
    index: int
    call_id: str
    name: str
    status: Status = "in_progress"
    arguments: list[str] = field(default_factory=list)

    def item(self) -> Json:
        call = {"call_id": self.call_id, "name": self.name, "arguments": "".join(self.arguments)}
        return objects.function_call(self.id, call, self.status)

    def add(self, arguments: str) -> Iterator[Json]:
        self.arguments.append(arguments)
        place = {"item_id": self.id, "output_index": self.index}
        yield {
            "type": "response.function_call_arguments.delta",
            **place,
            "delta": arguments,
        }

    def close(self, status: Status) -> Iterator[Json]:
        self.status = status
        yield {
            "type": "response.function_call_arguments.done",
            "item_id": self.id,
            "output_index": self.index,
            "arguments": "".join(self.arguments),
            "name": self.name,
        }
        yield _item_event("done", self)


class Output:
    """Puts deltas into items, in the order in which they begin.

    What is said or thought ends where something else begins. Calls of functions may come
    interleaved, so they end with the answer.

    Args:
        call_id: what the ids of items are made of.
    """

    def __init__(self, call_id: str) -> None:
        self._call_id = call_id
        self._items: list[_Spoken | _Called] = []
        self._speaking: _Spoken | None = None
        self._calls: dict[int, _Called] = {}

    def items(self) -> list[Json]:
        """Everything so far."""
        return [item.item() for item in self._items]

    def take(self, delta: Delta) -> list[Json]:
        """Take what is new, and return its events."""
        events: list[Json] = []
        if delta.reasoning:
            events += self._say("reasoning", delta.reasoning, ())
        # A token may be scored before its text can be told; reasoning has no place for scores.
        if delta.text or (delta.logprobs and not (delta.reasoning or delta.tool_calls)):
            events += self._say("message", delta.text, delta.logprobs)
        for call in delta.tool_calls:
            events += self._call(call)
        return events

    def finish(self, end: FinishReason) -> list[Json]:
        """End what is open, and return its events; an answer that says nothing says ""."""
        status = objects.status_of(end)
        events: list[Json] = []
        if not self._items or (end == "stop" and not self._has_answer()):
            events += self._say("message", "", ())
        events += self._close_spoken(status)
        for call in self._calls.values():
            events += call.close(status)
        return events

    def _has_answer(self) -> bool:
        return any(isinstance(one, _Called) or one.kind == "message" for one in self._items)

    def _say(self, kind: Kind, text: str, logprobs: tuple[TokenLogprob, ...]) -> Iterator[Json]:
        speaking = self._speaking
        if speaking is None or speaking.kind != kind:
            yield from self._close_spoken("completed")
            index = len(self._items)
            speaking = _Spoken(kind=kind, id=self._id(_PREFIXES[kind], index), index=index)
            self._speaking = speaking
            self._items.append(speaking)
            yield from speaking.open()
        if text or logprobs:
            yield from speaking.add(text, logprobs)

    def _call(self, new: ToolCallDelta) -> Iterator[Json]:
        yield from self._close_spoken("completed")
        call = self._calls.get(new.index)
        if call is None:
            index = len(self._items)
            item_id = self._id("fc", index)
            call = _Called(id=item_id, index=index, call_id=new.id or item_id, name=new.name or "")
            self._calls[new.index] = call
            self._items.append(call)
            yield _item_event("added", call)
        if new.arguments:
            yield from call.add(new.arguments)

    def _close_spoken(self, status: Status) -> Iterator[Json]:
        speaking, self._speaking = self._speaking, None
        if speaking is not None:
            yield from speaking.close(status)

    def _id(self, prefix: str, index: int) -> str:
        return f"{prefix}_{self._call_id}_{index}"


def _item_event(what: Literal["added", "done"], item: _Spoken | _Called) -> Json:
    return {
        "type": f"response.output_item.{what}",
        "output_index": item.index,
        "item": item.item(),
    }
