"""The objects that answers of `/v1/responses` are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from orchestrator.api.response_request import ResponseRequest
from orchestrator.api.writers import Head, finite
from orchestrator.engines.base import FinishReason, TokenLogprob, Usage
from orchestrator.errors import OrchestratorError, RequestError

Status = Literal["in_progress", "completed", "incomplete"]
Json = dict[str, Any]

#: Why an answer is incomplete, in OpenAI's words.
_CUT: Mapping[FinishReason, str] = {
    "length": "max_output_tokens",
    "content_filter": "content_filter",
}


def frame_of(head: Head, request: ResponseRequest) -> Json:
    """What every state of one response repeats: its name, and what was asked for."""
    form = request.text and request.text.format
    choice = request.tool_choice or "auto"
    return {
        "id": head.id,
        "object": "response",
        "created_at": head.created,
        "model": head.model,
        "background": False,
        "instructions": request.instructions,
        "max_output_tokens": request.max_output_tokens,
        "metadata": request.metadata or {},
        "parallel_tool_calls": request.parallel_tool_calls is not False,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "store": False,
        "temperature": request.temperature,
        "text": {"format": form.model_dump(by_alias=True) if form else {"type": "text"}},
        "tool_choice": choice if isinstance(choice, str) else choice.model_dump(),
        "tools": [tool.model_dump() for tool in request.tools or ()],
        "top_logprobs": request.top_logprobs,
        "top_p": request.top_p,
        "truncation": "disabled",
        "user": request.user,
    }


def unfinished(frame: Json) -> Json:
    """The response while it is made."""
    return _state(frame, "in_progress")


def finished(frame: Json, output: list[Json], end: FinishReason, usage: Usage) -> Json:
    """The response when its last token is there."""
    whole = _state(frame, status_of(end), output=output, usage=usage_of(usage))
    if end in _CUT:
        whole["incomplete_details"] = {"reason": _CUT[end]}
    return whole


def failed(frame: Json, output: list[Json], error: OrchestratorError) -> Json:
    """The response that an error broke off."""
    whole = _state(frame, "failed", output=output)
    whole["error"] = {"code": _error_code(error), "message": error.message}
    return whole


def status_of(end: FinishReason) -> Status:
    """What an ending makes of a response and of the item that it cut."""
    return "incomplete" if end in _CUT else "completed"


def message(item_id: str, text: Sequence[Json], status: Status) -> Json:
    """The item that holds what was said."""
    kind = {"type": "message", "role": "assistant"}
    return {"id": item_id, **kind, "status": status, "content": list(text)}


def output_text(text: str, logprobs: Sequence[TokenLogprob] = ()) -> Json:
    """The content of a message."""
    scores = [scored(one) for one in logprobs]
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": scores}


def reasoning(item_id: str, text: str, status: Status) -> Json:
    """The item that holds what was thought before; nothing is summarised."""
    content = [reasoning_text(text)] if text or status != "in_progress" else []
    return {
        "id": item_id,
        "type": "reasoning",
        "summary": [],
        "content": content,
        "status": status,
    }


def reasoning_text(text: str) -> Json:
    """The content of a reasoning item."""
    return {"type": "reasoning_text", "text": text}


def function_call(item_id: str, call: Mapping[str, str], status: Status) -> Json:
    """The item that holds one call of a function.

    Args:
        item_id: of the item.
        call: its `call_id`, `name` and `arguments`.
        status: of the item.
    """
    return {"id": item_id, "type": "function_call", **call, "status": status}


def scored(one: TokenLogprob) -> Json:
    """A token and its alternatives."""
    return {**_token(one), "top_logprobs": [_token(other) for other in one.top]}


def usage_of(usage: Usage) -> Json:
    """OpenAI's `usage` object of this endpoint."""
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }


def _state(
    frame: Json, status: str, *, output: list[Json] | None = None, usage: Json | None = None
) -> Json:
    return {
        **frame,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "output": output or [],
        "usage": usage,
    }


def _token(one: TokenLogprob) -> Json:
    return {"token": one.token, "logprob": finite(one.logprob), "bytes": list(one.bytes_)}


def _error_code(error: OrchestratorError) -> str:
    """OpenAI has a closed list of codes for failed responses."""
    if isinstance(error, RequestError):
        return "invalid_prompt"
    return "rate_limit_exceeded" if error.code == "overloaded" else "server_error"
