"""What the service answers, as frozen values; keys this version does not know are left aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict

from pydantic import Field

from orchestrator.client.stages import Details
from orchestrator.client.wire_form import Wire


class Function(Wire):
    """The function of a tool call; in a stream, what is new of it."""

    name: str | None = None
    #: JSON text, as the model wrote it.
    arguments: str = ""


class ToolCall(Wire):
    """A tool call; in a stream, what is new of the one at `index`."""

    index: int | None = None
    id: str | None = None
    type: str = "function"
    function: Function = Function()


class Message(Wire):
    """A message of the assistant; in a stream, what is new of it."""

    role: str | None = None
    content: str | None = None
    reasoning: str | None = None
    tool_calls: tuple[ToolCall, ...] | None = None


class Usage(Wire):
    """Tokens read and written."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Origin(Wire):
    """Who answered and why, from the response's `x-orchestrator-*` headers."""

    request_id: str | None = None
    model: str | None = None
    expert: str | None = None
    #: `id@version`.
    router: str | None = None
    #: The router was unsure, and the general expert answers.
    is_fallback: bool = False
    #: The answer was known, and no expert was asked.
    is_recalled: bool = False
    #: Experts that were to answer before and could not: `math=engine_dead, law=overloaded`.
    failed: str | None = None
    #: Caps for which something was left out: `max_calls, timeout_s`. Of a stream those that were
    #: met before it began; its details have all.
    reached: str | None = None
    #: The answer is an earlier one's with the same idempotency key.
    is_replayed: bool = False
    #: Where answers are kept: `miss`, `bypass`, or `hit; kind=exact; age_s=12`.
    cache: str | None = None
    #: What the caller sent and the service left aside, by name.
    ignored: str | None = None
    #: Values the registry filled in: `max_tokens=256`.
    defaults: str | None = None
    #: What a whole answer cost.
    cost_usd: float | None = None
    generation: int | None = None
    #: The service's own time up to the first byte.
    overhead_ms: float | None = None
    #: Of what waited for its turn: its place when it came (1 is next), the wait it was told then
    #: and the wait it had, seconds. A stream says the last in its `Waiting` where it began before.
    queue_position: int | None = None
    expected_wait_s: float | None = None
    waited_s: float | None = None


class Waiting(Wire):
    """Where a streamed chat stands that waits for its expert's turn."""

    #: 1 is next; 0 says that the wait is over.
    position: int
    #: Until its turn, seconds; `None` where the service cannot say.
    expected_s: float | None = None
    #: So far, seconds.
    waited_s: float


class Choice(Wire):
    """One complete answer."""

    index: int
    message: Message
    finish_reason: str | None = None
    logprobs: dict[str, Any] | None = None


class Completion(Wire):
    """All answers to a chat, and where they come from."""

    id: str
    created: int
    model: str
    choices: tuple[Choice, ...]
    usage: Usage | None = None
    #: What came of each stage and call, where it was asked for.
    details: Details | None = Field(None, validation_alias="orchestrator")
    origin: Origin = Origin()

    @property
    def text(self) -> str:
        """The text of the first answer."""
        return (self.choices[0].message.content or "") if self.choices else ""


class ChunkChoice(Wire):
    """What is new of one answer."""

    index: int
    delta: Message = Message()
    finish_reason: str | None = None
    logprobs: dict[str, Any] | None = None


class CompletionChunk(Wire):
    """One event of a streamed chat."""

    id: str
    created: int
    model: str
    choices: tuple[ChunkChoice, ...] = ()
    usage: Usage | None = None
    #: What came of each stage and call: in the last chunk, where it was asked for.
    details: Details | None = Field(None, validation_alias="orchestrator")

    @property
    def text(self) -> str:
        """What is new of the first answer."""
        return "".join(one.delta.content or "" for one in self.choices if one.index == 0)


class Model(Wire):
    """A name that callers can use."""

    id: str
    created: int | None = None
    owned_by: str | None = None
    kind: Literal["expert", "composition"] | None = None
    #: Of the expert's definition: another one may answer otherwise.
    version: str | None = None
    #: `embed` is for `embed`, all others are for `chat`.
    task: Literal["generate", "embed"] | None = None
    skills: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    license: str | None = None
    parameters: int | None = None
    #: Longest context, tokens.
    max_model_len: int | None = None


class ModelList(Wire):
    """Every name that callers can use."""

    data: tuple[Model, ...]


class Expected(Wire):
    """What an answer would take; `None` where the service cannot say."""

    price_usd: float | None = None
    energy_j: float | None = None
    latency_s: float | None = None


class Route(Wire):
    """Who would answer a chat, and why; nothing was generated."""

    id: str
    model: str
    #: Expert ids, best first.
    chosen: tuple[str, ...]
    #: Expert id -> score in [0, 1].
    scores: dict[str, float] = Field(default_factory=dict)
    category: str | None = None
    #: Skills the choice went by.
    skills: tuple[str, ...] = ()
    #: Uncertainty in [0, 1].
    entropy: float | None = None
    is_fallback: bool = False
    #: A known answer, which is told in the place of an expert's.
    answer: str | None = None
    #: True when it would be another choice if a model named the skills first.
    needs_generation: bool = False
    reasons: tuple[str, ...] = ()
    #: Expert id -> why it was not scored.
    excluded: dict[str, str] = Field(default_factory=dict)
    #: Of a router that recruits several, who would be asked together within the caps, best first.
    team: tuple[str, ...] = ()
    #: Whom a composition's entry names for its stages, by key: `aggregator`, `judges.0.expert`.
    named: dict[str, str] = Field(default_factory=dict)
    #: Who answers where the first cannot, in order.
    fallbacks: tuple[str, ...] = ()
    expected: Expected | None = None
    composition: str | None = None
    router: str | None = None
    router_version: str | None = None
    #: Of a router made of routers, the way to the one that chose: ids joined by `/`.
    chosen_by: str | None = None
    generation: int
    #: Sampling that the registry would fill in.
    defaults: dict[str, float] = Field(default_factory=dict)
    #: The router's time, and all of the service's own.
    routing_ms: float | None = None
    overhead_ms: float | None = None


class Limits(TypedDict, total=False):
    """What a caller allows for its request, sent as headers; it can only tighten the registry's."""

    #: `tag:NAME`, `license:NAME`, `owner:NAME`, `expert:ID`; none at all includes everybody.
    include: Sequence[str]
    exclude: Sequence[str]
    #: Most that the whole request may take.
    max_price_usd: float
    max_latency_s: float
    max_energy_j: float
    #: Calls of experts, and tokens that all of them read and write.
    max_calls: int
    max_total_tokens: int


class Wishes(Limits, total=False):
    """What a caller wishes about its turn and allows, sent as headers, and how long it listens."""

    #: Longest wait, seconds; the registry's where it is left out.
    max_wait_s: float
    #: -10 to 10, higher is sooner.
    priority: int
    #: Place in a plan of the caller's, lower is sooner.
    order: int
    #: An expert answers, even where the answer is known.
    fresh: bool
    #: `off`: no known answer is told, and this one is not kept; `on`: it may be told again.
    cache: Literal["on", "off"]
    #: `off`: its words are not logged, whatever the operator has set.
    log: Literal["off"]
    #: An id of the caller's own, by which the service tells of the request.
    request_id: str
    #: The trace that the request is a part of (W3C).
    traceparent: str
    tracestate: str
    #: Names the request: it is answered once, and asked again while it fails for a while.
    idempotency_key: str
    #: Longest silence of the service for this request, seconds; the client's where it is left out.
    timeout_s: float


class ChatOptions(Wishes, total=False):
    """Parameters of a chat beside its messages, as OpenAI names them."""

    #: The answer tells what came of each stage and call.
    details: bool
    #: False: a stream tells the answer alone, not what the stages before it do.
    stages: bool

    n: int
    stop: str | list[str]
    seed: int
    temperature: float
    top_p: float
    max_tokens: int
    max_completion_tokens: int
    logprobs: bool
    top_logprobs: int
    presence_penalty: float
    frequency_penalty: float
    logit_bias: Mapping[str, float]
    response_format: Mapping[str, Any]
    tools: list[Mapping[str, Any]]
    tool_choice: str | Mapping[str, Any]
    parallel_tool_calls: bool
    stream_options: Mapping[str, Any]
    user: str
    metadata: Mapping[str, str]


#: A conversation in OpenAI's form, or the text of a single user turn.
Messages: TypeAlias = str | list[Mapping[str, Any]]
