"""A call as the body of an OpenAI-compatible request."""

from __future__ import annotations

from typing import Any

from orchestrator.engines.base import (
    Call,
    Chat,
    ImagePart,
    Message,
    Part,
    Sampling,
    Structure,
    Text,
    ToolCall,
)
from orchestrator.engines.prompting import tool_entry
from orchestrator.registry.models import ExpertDefaults

_NAMED = "function:"


def request_body(
    call: Call, *, model: str, defaults: ExpertDefaults, continues: str = "no"
) -> dict[str, Any]:
    """The body for `/chat/completions`, or `/completions` where the prompt is raw.

    Fields that have OpenAI's default are left out: upstreams differ in what they know.

    Args:
        call: what is asked.
        model: its name at the upstream.
        defaults: of the expert.
        continues: how the upstream is told to go on with the last turn.
    """
    body: dict[str, Any] = {"model": model}
    if isinstance(call.prompt, Chat):
        body |= _chat(call.prompt) | _chat_logprobs(call.sampling)
    else:
        body |= _text(call.prompt, call)
    body |= _sampling(call.sampling, defaults)
    if call.structure is not None:
        body["response_format"] = _response_format(call.structure)
    if continues == "vllm" and isinstance(call.prompt, Chat) and call.prompt.continues:
        body |= {"continue_final_message": True, "add_generation_prompt": False}
    if call.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


def _chat(chat: Chat) -> dict[str, Any]:
    body: dict[str, Any] = {"messages": [_message(message) for message in chat.messages]}
    if chat.tools:
        body["tools"] = [tool_entry(tool) for tool in chat.tools]
        body["tool_choice"] = _tool_choice(chat.tool_choice)
        if not chat.parallel_tool_calls:
            body["parallel_tool_calls"] = False
    return body


def _text(prompt: Text, call: Call) -> dict[str, Any]:
    ids = prompt.token_ids
    body: dict[str, Any] = {"prompt": prompt.text if ids is None else list(ids)}
    if call.echo:
        body["echo"] = True
    if call.sampling.top_logprobs is not None:
        body["logprobs"] = call.sampling.top_logprobs
    return body


def _chat_logprobs(sampling: Sampling) -> dict[str, Any]:
    if sampling.top_logprobs is None:
        return {}
    return {"logprobs": True, "top_logprobs": sampling.top_logprobs}


def _sampling(sampling: Sampling, defaults: ExpertDefaults) -> dict[str, Any]:
    body: dict[str, Any] = {
        "temperature": _or(sampling.temperature, defaults.temperature),
        "top_p": _or(sampling.top_p, defaults.top_p),
        "max_tokens": _or(sampling.max_tokens, defaults.max_tokens),
        "seed": sampling.seed,
        "stop": list(sampling.stop) or None,
        "presence_penalty": sampling.presence_penalty or None,
        "frequency_penalty": sampling.frequency_penalty or None,
        "n": sampling.n if sampling.n != 1 else None,
        "logit_bias": {str(key): bias for key, bias in sampling.logit_bias.items()} or None,
    }
    return {name: value for name, value in body.items() if value is not None}


def _or(asked: float | None, default: float | None) -> float | None:
    return default if asked is None else asked


def _message(message: Message) -> dict[str, Any]:
    body: dict[str, Any] = {"role": message.role, "content": _content(message)}
    if message.name is not None:
        body["name"] = message.name
    if message.tool_call_id is not None:
        body["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        body["tool_calls"] = [_tool_call(call) for call in message.tool_calls]
    return body


def _content(message: Message) -> Any:
    if not message.content:
        return None if message.tool_calls else ""
    if any(isinstance(part, ImagePart) for part in message.content) or len(message.content) > 1:
        return [_part(part) for part in message.content]
    return message.text


def _part(part: Part) -> dict[str, Any]:
    if not isinstance(part, ImagePart):
        return {"type": "text", "text": part.text}
    image = {"url": part.url} if part.detail is None else {"url": part.url, "detail": part.detail}
    return {"type": "image_url", "image_url": image}


def _tool_call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _tool_choice(choice: str) -> Any:
    if not choice.startswith(_NAMED):
        return choice
    return {"type": "function", "function": {"name": choice.removeprefix(_NAMED)}}


def _response_format(structure: Structure) -> dict[str, Any]:
    if structure.kind == "json_object":
        return {"type": "json_object"}
    schema = {"name": structure.name or "answer", "schema": dict(structure.schema or {})}
    return {"type": "json_schema", "json_schema": schema}
