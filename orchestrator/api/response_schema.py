"""What `/v1/responses` sends, as a schema: OpenAI's own names every tool that runs nowhere here."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseReasoningItem,
    ResponseUsage,
)
from pydantic import BaseModel, ConfigDict, Field

from orchestrator.api.response_request import FunctionChoice, FunctionTool


class FailedWith(BaseModel):
    """Why a response failed after its first token."""

    code: Literal["invalid_prompt", "rate_limit_exceeded", "server_error"]
    message: str


class CutBy(BaseModel):
    """Why a response is incomplete."""

    reason: Literal["max_output_tokens", "content_filter"]


class ResponseObject(BaseModel):
    """One response, in any state; what was asked for comes back with it."""

    model_config = ConfigDict(extra="forbid")

    id: str
    object: Literal["response"]
    created_at: int
    model: str
    status: Literal["in_progress", "completed", "incomplete", "failed"]
    error: FailedWith | None
    incomplete_details: CutBy | None
    output: list[
        Annotated[
            ResponseOutputMessage | ResponseFunctionToolCall | ResponseReasoningItem,
            Field(discriminator="type"),
        ]
    ]
    usage: ResponseUsage | None
    background: Literal[False]
    instructions: str | None
    max_output_tokens: int | None
    metadata: dict[str, str]
    parallel_tool_calls: bool
    previous_response_id: None
    reasoning: dict[str, None]
    store: Literal[False]
    temperature: float | None
    text: dict[str, Any]
    tool_choice: str | FunctionChoice
    tools: list[FunctionTool]
    top_logprobs: int | None
    top_p: float | None
    truncation: Literal["disabled"]
    user: str | None
