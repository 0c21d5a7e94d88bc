"""A call as vLLM's sampling parameters."""

from __future__ import annotations

from vllm import SamplingParams
from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

from orchestrator.engines.base import Call, Chat, ImagePart, Message, Structure
from orchestrator.engines.prompting import field_of
from orchestrator.engines.vllm_expert import HostedExpert
from orchestrator.errors import ContextTooLongError, UnsupportedParameterError

_OPENAI_TEMPERATURE = 1.0


def sampling_params(
    call: Call,
    hosted: HostedExpert,
    *,
    num_prompt_tokens: int,
    constraint: StructuredOutputsParams | None = None,
) -> SamplingParams:
    """What vLLM is asked for.

    The engine keeps the tokenizer, end tokens and grammars it started with, so the expert's own
    end tokens are passed, and text and stop strings are left to us.

    Raises:
        ContextTooLongError: prompt and answer do not fit.
        UnsupportedParameterError: a structure is asked of an expert with another tokenizer.
    """
    sampling, defaults = call.sampling, hosted.expert.defaults
    is_read_along = call.stream or bool(sampling.stop)
    temperature = _first(sampling.temperature, defaults.temperature, _OPENAI_TEMPERATURE)
    params = SamplingParams(
        n=sampling.n if temperature > 0 else 1,  # see `AnswerReader`: greedy choices are copies
        temperature=temperature,
        top_p=_first(sampling.top_p, defaults.top_p, 1.0),
        max_tokens=max_tokens(call, hosted, num_prompt_tokens=num_prompt_tokens),
        seed=sampling.seed,
        logprobs=sampling.top_logprobs,
        presence_penalty=sampling.presence_penalty,
        frequency_penalty=sampling.frequency_penalty,
        logit_bias=dict(sampling.logit_bias) or None,
        ignore_eos=True,
        stop_token_ids=list(hosted.stop_token_ids),
        detokenize=False,
        output_kind=RequestOutputKind.DELTA if is_read_along else RequestOutputKind.FINAL_ONLY,
        structured_outputs=constraint or _constraint(call.structure),
        skip_clone=True,  # made for this one request
    )
    if params.structured_outputs is not None and not hosted.has_engine_tokenizer:
        raise UnsupportedParameterError(
            f"expert {hosted.expert.id!r} shares an engine that started with another tokenizer, "
            "so its answer cannot be held to a grammar; give it an engine of its own (another "
            "engine.max_model_len) or leave response_format and a forced tool_choice out",
            param="response_format" if call.structure else "tool_choice",
        )
    return params


def max_tokens(call: Call, hosted: HostedExpert, *, num_prompt_tokens: int) -> int:
    """Tokens to generate at most: as asked, or the expert's default, or what is left.

    Raises:
        ContextTooLongError: prompt and what was asked for do not fit, or nothing is left.
    """
    num_left = hosted.max_model_len - num_prompt_tokens
    num_asked = call.sampling.max_tokens
    if num_left >= max(num_asked or 1, 1):
        default = hosted.expert.defaults.max_tokens or num_left
        return min(default, num_left) if num_asked is None else num_asked
    raise ContextTooLongError(
        f"expert {hosted.expert.id!r} has a context of {hosted.max_model_len} tokens: "
        f"{num_prompt_tokens} of the prompt and {num_asked or 1} to generate are "
        f"{num_prompt_tokens + (num_asked or 1)}",
        param=field_of(call.prompt),
    )


def check_served(call: Call, hosted: HostedExpert) -> None:
    """Refuse what this engine cannot do, before anything is tokenised."""
    if isinstance(call.prompt, Chat) and any(_has_image(turn) for turn in call.prompt.messages):
        raise UnsupportedParameterError(
            f"expert {hosted.expert.id!r} is hosted by our own vLLM, which reads text only; serve "
            "image experts by an upstream of engine.kind openai",
            param="messages",
        )
    if call.echo and call.sampling.top_logprobs is not None:
        raise UnsupportedParameterError(
            f"expert {hosted.expert.id!r}: echo with logprobs is not served; ask for one of them",
            param="echo",
        )
    if call.structure and isinstance(call.prompt, Chat) and call.prompt.tools:
        raise UnsupportedParameterError(
            f"expert {hosted.expert.id!r}: response_format with tools is not served; a tool's "
            "parameters already are a schema",
            param="response_format",
        )


def _constraint(structure: Structure | None) -> StructuredOutputsParams | None:
    if structure is None:
        return None
    if structure.kind == "json_object":
        return StructuredOutputsParams(json_object=True)
    return StructuredOutputsParams(json=dict(structure.schema or {}))


def _has_image(message: Message) -> bool:
    return any(isinstance(part, ImagePart) for part in message.content)


def _first(asked: float | None, default: float | None, otherwise: float) -> float:
    if asked is not None:
        return asked
    return otherwise if default is None else default
