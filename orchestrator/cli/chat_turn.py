"""One turn of a chat in a terminal: shown as it is written, and what it took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import Any

from orchestrator.client.blocking import Client
from orchestrator.client.replies import Event
from orchestrator.client.stages import Details, Stage
from orchestrator.client.wire import CompletionChunk, Messages, Usage, Waiting

#: Takes what is to be shown, without an end of line of its own.
Show = Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class Turn:
    """What is known of an answer so far."""

    model: str
    text: str = ""
    expert: str | None = None
    request_id: str | None = None
    stages: list[str] = field(default_factory=list)
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    took_s: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)

    def __str__(self) -> str:
        parts = [f"{self.expert or self.model} answered in {self.took_s:.1f} s"]
        if self.completion_tokens is not None:
            parts.append(f"{self.prompt_tokens} tokens read, {self.completion_tokens} written")
        if self.cost_usd is not None:
            parts.append(f"{self.cost_usd:.6f} USD")
        return "; ".join(parts)


def ask(client: Client, messages: Messages, *, model: str, show: Show, tell: Show) -> Turn:
    """Have one turn answered.

    Args:
        client: of the service.
        messages: the conversation so far.
        model: an expert or a composition.
        show: gets the answer, piece by piece.
        tell: gets a line for each stage, and where it waits.

    Raises:
        OrchestratorError: what the service says, or a `ClientError`.
    """
    begun_s = time.monotonic()
    options = {"include_usage": True}
    stream = client.chat(messages, model=model, stream=True, details=True, stream_options=options)
    origin = stream.origin
    turn = Turn(model=model, expert=origin.expert, request_id=origin.request_id)
    with closing(stream.events()) as events:
        for event in events:
            for piece in _heard(turn, event, tell):
                turn.text += piece
                show(piece)
    turn.took_s = round(time.monotonic() - begun_s, 3)
    return turn


def _heard(turn: Turn, event: Event, tell: Show) -> Iterator[str]:
    """Note an event; what is new of the answer comes back."""
    if isinstance(event, Stage):
        line = _stage_line(event)
        if event.state != "running":
            turn.stages.append(line)
            tell(line)
    elif isinstance(event, Waiting):
        if event.position > 0:
            expected = "" if event.expected_s is None else f", about {event.expected_s:.0f} s"
            tell(f"waiting: place {event.position}{expected}")
    else:
        _note(turn, event)
        if event.text:
            yield event.text


def _note(turn: Turn, chunk: CompletionChunk) -> None:
    if isinstance(chunk.usage, Usage):
        turn.prompt_tokens = chunk.usage.prompt_tokens
        turn.completion_tokens = chunk.usage.completion_tokens
    if isinstance(chunk.details, Details):
        turn.expert = chunk.details.expert or turn.expert
        costs = [share.cost_usd for share in chunk.details.by_expert.values()]
        known = [cost for cost in costs if cost is not None]
        turn.cost_usd = sum(known) if known else None


def _stage_line(stage: Stage) -> str:
    name = "/".join(stage.path) or stage.stage
    asked = f" ({', '.join(stage.models)})" if stage.models else ""
    if stage.state == "done":
        return f"{name}: done in {stage.took_s:.1f} s, {stage.num_done} of {stage.num_calls} calls"
    return f"{name}: {stage.num_calls} calls{asked}"
