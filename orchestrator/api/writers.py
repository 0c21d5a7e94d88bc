"""How answers are spelled: what the two generating endpoints share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from orchestrator.api.envelope import ending_of
from orchestrator.api.staged import EVENT, stage_of
from orchestrator.compositions.progress import Progress
from orchestrator.engines.answer import Answer
from orchestrator.engines.base import Chunk, Usage
from orchestrator.errors import OrchestratorError

#: An object of the wire.
Json = dict[str, Any]

#: The end of a stream that ended well.
DONE = b"data: [DONE]\n\n"

#: JSON has no infinity; OpenAI writes this for tokens that cannot occur.
IMPOSSIBLE = -9999.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What every object of one answer repeats."""

    id: str
    #: Unix time, seconds.
    created: int
    #: The name the caller used: a client that sends it back gets the same program again.
    model: str
    generation: int

    def fields(self, kind: str) -> dict[str, Any]:
        """The common fields of an object of type `kind`."""
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": f"generation-{self.generation}",
        }


class Writer(Protocol):
    """Spells one request's answer, whole or in events."""

    def end(self, details: Json | None) -> bytes:
        """What follows the last chunk of a stream that ended well, with details that were asked."""
        ...

    def broken_off(self, error: OrchestratorError) -> bytes:
        """What follows the last chunk of a stream that failed."""
        ...

    def answer(self, answer: Answer, details: Json | None) -> bytes:
        """The JSON body of a complete answer, with details that were asked for."""
        ...

    def events(self, chunk: Chunk) -> bytes:
        """The server-sent events of one chunk, possibly none."""
        ...

    def stage(self, progress: Progress) -> bytes:
        """How far a stage is, in a form that clients which do not know it pass over."""
        ...


class DoneEnding:
    """How streams of chats and text completions end."""

    def __init__(self, form: EventForm) -> None:
        self._form = form

    def end(self, details: Json | None) -> bytes:
        """Details where they were asked for, then the `[DONE]` that clients wait for."""
        return (b"" if details is None else self._form.details(details)) + DONE

    def broken_off(self, error: OrchestratorError) -> bytes:
        """The error envelope as a last event, and no `[DONE]`."""
        return b"data: " + ending_of(error) + b"\n\n"


class EventForm:
    """Frames the choices of one stream; all that repeats is encoded once."""

    def __init__(self, head: Head, kind: str, *, has_usage: bool) -> None:
        fields = orjson.dumps(head.fields(kind))
        self._start = b"data: " + fields[:-1] + b',"choices":['
        self._end = b'],"usage":null}\n\n' if has_usage else b"]}\n\n"
        self._has_usage = has_usage

    def choice(self, choice: dict[str, Any]) -> bytes:
        """One event with one choice."""
        return self._start + orjson.dumps(choice) + self._end

    def stage(self, choice: dict[str, Any], progress: Progress) -> bytes:
        """An event that is a chunk with a choice that says nothing, for who does not know it."""
        told = b',"orchestrator":' + orjson.dumps(stage_of(progress)) + b"}\n\n"
        return EVENT + self.choice(choice).removesuffix(b"}\n\n") + told

    def details(self, details: Json) -> bytes:
        """The event of what came of stages and calls; like that of the usage it has no choices."""
        told = b',"orchestrator":' + orjson.dumps(details) + b"}\n\n"
        return self._start + self._end.removesuffix(b"}\n\n") + told

    def usage(self, usage: Usage | None) -> bytes:
        """The last event with the tokens used, where the caller asked for it."""
        if usage is None or not self._has_usage:
            return b""
        return self._start + b'],"usage":' + orjson.dumps(usage_of(usage)) + b"}\n\n"


def usage_of(usage: Usage) -> dict[str, Any]:
    """OpenAI's `usage` object."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def finite(logprob: float) -> float:
    """A log-probability as JSON can hold it."""
    return max(logprob, IMPOSSIBLE) if logprob == logprob else IMPOSSIBLE
