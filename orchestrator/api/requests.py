"""The bodies of the endpoints that generate, as OpenAI defines them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag

from orchestrator.api.messages import (
    MessageIn,
    ResponseFormat,
    StreamOptions,
    ToolChoice,
    ToolIn,
    Wire,
    form_of,
)

_INT64 = 2**63

StopText = Annotated[str, Field(min_length=1)]
Stop = Annotated[
    Annotated[StopText, Tag("one")] | Annotated[list[StopText], Field(max_length=4), Tag("many")],
    Discriminator(form_of),
]
TokenId = Annotated[int, Field(ge=0)]


def prompt_form(value: Any) -> str:
    """Which of the four forms of `prompt` a value means to be."""
    if not isinstance(value, list):
        return "text"
    first = value[0] if value else ""
    if isinstance(first, list):
        return "id_lists"
    return "ids" if isinstance(first, int | float) else "texts"


PromptIn = Annotated[
    Annotated[str, Tag("text")]
    | Annotated[list[str], Tag("texts")]
    | Annotated[list[TokenId], Tag("ids")]
    | Annotated[list[list[TokenId]], Tag("id_lists")],
    Discriminator(prompt_form),
]


class CallerRequest(Wire):
    """What all generating endpoints share.

    Keys beyond those defined are kept apart and judged by `parameters.settle`.
    """

    model_config = ConfigDict(extra="allow")

    model: str = Field(
        min_length=1, max_length=256, description="An expert or a composition, such as `auto`."
    )
    stream: bool | None = Field(None, description="Send the answer as server-sent events.")
    user: str | None = Field(None, max_length=512, description="Kept in the decision record.")
    metadata: (
        dict[
            Annotated[str, Field(max_length=64)],
            Annotated[str, Field(max_length=512)],
        ]
        | None
    ) = Field(None, max_length=16, description="Kept in the decision record.")


class GenerationRequest(CallerRequest):
    """What chats and text completions share."""

    n: int | None = Field(None, ge=1, le=128, description="How many answers.")
    stop: Stop | None = Field(None, description="Up to four texts that end the answer.")
    seed: int | None = Field(None, ge=-_INT64, lt=_INT64, description="Makes sampling repeatable.")
    temperature: float | None = Field(None, ge=0, le=2, description="0 takes the likeliest token.")
    top_p: float | None = Field(None, gt=0, le=1, description="Probability mass to sample from.")
    max_tokens: int | None = Field(
        None, ge=1, description="Longest answer, tokens; the expert's or registry's by default."
    )
    presence_penalty: float | None = Field(None, ge=-2, le=2)
    frequency_penalty: float | None = Field(None, ge=-2, le=2)
    logit_bias: dict[str, Annotated[float, Field(ge=-100, le=100)]] | None = Field(
        None, description="Token id of the answering expert's vocabulary -> bias."
    )
    stream_options: StreamOptions | None = None


class ChatRequest(GenerationRequest):
    """Body of `POST /v1/chat/completions`."""

    messages: list[MessageIn] = Field(min_length=1)
    max_completion_tokens: int | None = Field(None, ge=1, description="As `max_tokens`.")
    logprobs: bool | None = Field(None, description="Report log-probabilities.")
    top_logprobs: int | None = Field(None, ge=0, le=20, description="Alternatives per token.")
    response_format: ResponseFormat | None = None
    tools: list[ToolIn] | None = Field(None, max_length=128)
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    modalities: list[Literal["text"]] | None = Field(None, description="Experts answer in text.")


class CompletionRequest(GenerationRequest):
    """Body of `POST /v1/completions`."""

    prompt: PromptIn = Field(description="One prompt: a text, token ids, or a list of one of them.")
    logprobs: int | None = Field(None, ge=0, le=5, description="Alternatives per token.")
    echo: bool | None = Field(None, description="Repeat the prompt before the answer.")


class RouteChatRequest(ChatRequest):
    """Body of `POST /v1/route`: a chat request, of which `model` may be left out."""

    model: str = Field(
        "auto", min_length=1, max_length=256, description="A composition, or an expert."
    )


class RouteTextRequest(CompletionRequest):
    """Body of `POST /v1/route`: a completion request, of which `model` may be left out."""

    model: str = Field(
        "auto", min_length=1, max_length=256, description="A composition, or an expert."
    )
