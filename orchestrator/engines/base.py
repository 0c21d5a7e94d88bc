"""The one seam to whatever generates tokens: values in, values out.

An `Engine` answers a `Call` with a stream of `Chunk`s, and before them a `Notice` or more where the
call waits. Everything above it (compositions, the gateway's dispatch, the batch runner) speaks this
protocol, and dispatch itself implements it, so a composition cannot tell a local engine from a
table of slots.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from orchestrator.engines.notices import Notice
from orchestrator.engines.retries import Retries
from orchestrator.registry.models import key_of

Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPart:
    """A piece of text in a message."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePart:
    """An image by URL or data URL, for experts with the `image` modality."""

    url: str
    detail: str | None = None


Part = TextPart | ImagePart


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A complete tool call of an assistant message."""

    id: str
    name: str
    #: JSON text, as the model wrote it.
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: tuple[Part, ...] = ()
    name: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None

    @property
    def text(self) -> str:
        """All text parts, joined by newlines."""
        return "\n".join(part.text for part in self.content if isinstance(part, TextPart))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A function the model may call."""

    name: str
    description: str | None = None
    #: JSON Schema of the arguments.
    parameters: Mapping[str, Any] = field(default_factory=dict)
    strict: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A conversation to continue."""

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    #: `auto`, `none`, `required`, or the name of the one tool to call, prefixed by `function:`.
    tool_choice: str = "auto"
    parallel_tool_calls: bool = True
    #: The last message is an assistant's that was broken off: go on in the middle of it.
    continues: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Raw text, or token ids, to continue without a chat template."""

    text: str = ""
    token_ids: tuple[int, ...] | None = None


Prompt = Chat | Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """The form the answer must have.

    `kind` is `json_object` (any JSON object) or `json_schema` (`schema` holds it).
    """

    kind: Literal["json_object", "json_schema"]
    schema: Mapping[str, Any] | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How to draw tokens; `None` leaves the choice to the expert's defaults."""

    n: int = 1
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    #: Alternatives reported per token (0 reports the chosen token alone); `None` reports nothing.
    top_logprobs: int | None = None
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    #: Token id -> bias in [-100, 100].
    logit_bias: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to one expert: what crosses the hop from gateway to slot."""

    id: str
    expert: str
    #: The registry generation the request is pinned to: for records and messages.
    generation: int
    prompt: Prompt
    #: `Expert.version` of the definition that is meant; an engine of one expert ignores it.
    version: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    structure: Structure | None = None
    #: Wall-clock seconds the call may take, waiting included; `None` has no bound.
    timeout_s: float | None = None
    #: Seconds between two chunks, once it has begun; `None` has no bound.
    stall_s: float | None = None
    #: Seconds it may wait for its turn; `None` has no bound.
    max_wait_s: float | None = None
    #: Advice of a batch: higher is sooner, and its place in its caller's plan, lower is sooner.
    priority: int = 0
    order: int | None = None
    #: Advice of a batch: the slot its plan has it on; another one where that cannot take it.
    slot: str | None = None
    #: Nobody waits for it: calls that somebody waits for go first. Its `timeout_s` counts from its
    #: turn on, and `max_wait_s` does not bind it.
    is_background: bool = False
    #: Ids that the answer began with, told by an earlier call of this definition that broke off:
    #: go on behind them. Of engines that tell `Delta.token_ids` alone.
    begun: tuple[int, ...] = ()
    #: Repeat the prompt before the completion (`/v1/completions` only).
    echo: bool = False
    #: False: nobody reads along, so the engine may answer in one final chunk.
    stream: bool = True
    #: The span that it is a piece of, as W3C's Trace Context has it; `None` where nobody records.
    traceparent: str | None = None
    #: Further tries that its request may have; `None` has no bound. Stays in its process.
    retries: Retries | None = None

    @property
    def key(self) -> str:
        """`Expert.key` of the definition that is meant: what calls are sent by."""
        return key_of(self.expert, self.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLogprob:
    """A token with its natural-log probability and the alternatives considered."""

    token: str
    logprob: float
    bytes_: tuple[int, ...] = ()
    top: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallDelta:
    """What is new of one tool call; `id` and `name` come once, with the first delta."""

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """What is new of one choice."""

    index: int = 0
    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCallDelta, ...] = ()
    logprobs: tuple[TokenLogprob, ...] = ()
    finish_reason: FinishReason | None = None
    #: Ids up to the last one whose text is told with this delta: all ids told so far stand for all
    #: the text told so far. Empty where they do not, and where an engine tells none.
    token_ids: tuple[int, ...] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes in a quarter of a dataclass's time: there is one a token."""
        return _delta, (
            self.index,
            self.text,
            self.reasoning,
            self.tool_calls,
            self.logprobs,
            self.finish_reason,
            self.token_ids,
        )


def _delta(
    index: int,
    text: str,
    reasoning: str,
    tool_calls: tuple[ToolCallDelta, ...],
    *rest: Any,
) -> Delta:
    logprobs, finish_reason, token_ids = rest
    return Delta(
        index=index,
        text=text,
        reasoning=reasoning,
        tool_calls=tool_calls,
        logprobs=logprobs,
        finish_reason=finish_reason,
        token_ids=token_ids,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens read and written; `completion_tokens` counts all `n` choices."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    #: What the call cost, USD; `None` where nobody knows.
    cost_usd: float | None = None
    #: The call's share of its slot's time, seconds; `None` where it ran in none.
    slot_s: float | None = None
    #: Name of that slot; empty where it ran in none.
    slot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One engine step: the deltas of every choice that moved; `usage` with the last chunk."""

    deltas: tuple[Delta, ...] = ()
    usage: Usage | None = None
    #: What all choices used so far, where one of several ended: all that is known of a call that
    #: is given up before its last chunk.
    used: Usage | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """See `Delta`."""
        return _chunk, (self.deltas, self.usage, self.used)


def _chunk(deltas: tuple[Delta, ...], usage: Usage | None, used: Usage | None) -> Chunk:
    return Chunk(deltas=deltas, usage=usage, used=used)


#: What a stream holds: nothing of the answer was said before its first chunk.
Item = Chunk | Notice


class Engine(Protocol):
    """Generates for one or more experts.

    Closing the iterator early (a caller that hung up) ends the generation at its source.
    """

    def generate(self, call: Call) -> AsyncIterator[Item]:
        """Stream the answer to `call`; notices come before the first chunk alone.

        Every choice ends with exactly one delta that has a `finish_reason`; the last chunk, and
        no other, has `usage`.

        Raises:
            RequestError: the call cannot be served as asked (context too long, unsupported).
            EngineError: the engine failed; `retryable` says whether another try makes sense.
        """
        ...

    async def close(self) -> None:
        """Free everything this engine holds; calls in flight fail with `EngineDeadError`."""
        ...
