"""From a validated request to the query that programs answer."""

from __future__ import annotations

from orchestrator.api.conversation import chat_of
from orchestrator.api.messages import JsonObject, JsonSchemaFormat, ResponseFormat
from orchestrator.api.requests import ChatRequest, CompletionRequest, GenerationRequest
from orchestrator.compositions.base import Query
from orchestrator.engines.base import Sampling, Structure, Text
from orchestrator.errors import InvalidRequestError, UnsupportedParameterError


def chat_query(request: ChatRequest, *, call_id: str) -> Query:
    """What a chat request asks for.

    Raises:
        InvalidRequestError: fields contradict each other.
    """
    return Query(
        id=f"chatcmpl-{call_id}",
        model=request.model,
        prompt=chat_of(request),
        sampling=_sampling(
            request, max_tokens=_max_tokens(request), top_logprobs=_chat_logprobs(request)
        ),
        structure=_structure(request.response_format),
        is_streamed=_is_streamed(request),
        user=request.user,
        metadata=request.metadata or {},
    )


def completion_query(request: CompletionRequest, *, call_id: str) -> Query:
    """What a completion request asks for.

    Raises:
        RequestError: more than one prompt, or fields that contradict each other.
    """
    if request.echo and request.logprobs is not None:
        raise UnsupportedParameterError(
            "'logprobs' with 'echo' is not supported: the prompt's own are not known", param="echo"
        )
    return Query(
        id=f"cmpl-{call_id}",
        model=request.model,
        prompt=_text(request),
        sampling=_sampling(request, max_tokens=request.max_tokens, top_logprobs=request.logprobs),
        echo=bool(request.echo),
        is_streamed=_is_streamed(request),
        user=request.user,
        metadata=request.metadata or {},
    )


def _sampling(
    request: GenerationRequest, *, max_tokens: int | None, top_logprobs: int | None
) -> Sampling:
    stop = request.stop
    return Sampling(
        n=request.n or 1,
        temperature=request.temperature,
        top_p=request.top_p,
        max_tokens=max_tokens,
        stop=(stop,) if isinstance(stop, str) else tuple(stop or ()),
        seed=request.seed,
        top_logprobs=top_logprobs,
        presence_penalty=request.presence_penalty or 0.0,
        frequency_penalty=request.frequency_penalty or 0.0,
        logit_bias=_logit_bias(request.logit_bias) if request.logit_bias else {},
    )


def _logit_bias(biases: dict[str, float]) -> dict[int, float]:
    for token in biases:
        # 18 digits hold any token id, and Python refuses to parse numbers of thousands.
        if not (token.isascii() and token.isdigit() and len(token) <= 18):
            raise InvalidRequestError(
                f"'logit_bias' has key {token[:64]!r}; keys are token ids", param="logit_bias"
            )
    return {int(token): bias for token, bias in biases.items()}


def _max_tokens(request: ChatRequest) -> int | None:
    old, new = request.max_tokens, request.max_completion_tokens
    if old is not None and new is not None and old != new:
        raise InvalidRequestError(
            f"'max_tokens' is {old} and 'max_completion_tokens' is {new}; send one of them",
            param="max_tokens",
        )
    return new if new is not None else old


def _chat_logprobs(request: ChatRequest) -> int | None:
    if request.logprobs:
        return request.top_logprobs or 0
    if request.top_logprobs is not None:
        raise InvalidRequestError(
            "'top_logprobs' is only allowed with 'logprobs': true", param="top_logprobs"
        )
    return None


def _is_streamed(request: GenerationRequest) -> bool:
    if request.stream_options is not None and not request.stream:
        raise InvalidRequestError(
            "'stream_options' is only allowed with 'stream': true", param="stream_options"
        )
    return bool(request.stream)


def _structure(form: ResponseFormat | None) -> Structure | None:
    if isinstance(form, JsonSchemaFormat):
        asked = form.json_schema
        return Structure(kind="json_schema", schema=asked.schema_, name=asked.name)
    return Structure(kind="json_object") if isinstance(form, JsonObject) else None


def _text(request: CompletionRequest) -> Text:
    """The one prompt; a list of one stands for its element."""
    prompt = request.prompt
    if isinstance(prompt, str):
        return Text(text=prompt)
    if not prompt:
        raise InvalidRequestError("'prompt' is an empty list; send a text", param="prompt")
    if isinstance(prompt[0], int):
        return Text(token_ids=tuple(token for token in prompt if isinstance(token, int)))
    if len(prompt) > 1:
        raise UnsupportedParameterError(
            f"'prompt' holds {len(prompt)} prompts; send one a request", param="prompt"
        )
    only = prompt[0]
    if isinstance(only, str):
        return Text(text=only)
    if not only:
        raise InvalidRequestError("'prompt[0]' has no token ids", param="prompt")
    return Text(token_ids=tuple(only))
