"""What an OpenAI-compatible upstream answers, as chunks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson

from orchestrator.engines.base import (
    Chunk,
    Delta,
    FinishReason,
    TokenLogprob,
    ToolCallDelta,
    Usage,
)
from orchestrator.engines.typed import octets, score, text, whole
from orchestrator.errors import EngineProtocolError

_ENDS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}
_FAULTS = (KeyError, TypeError, AttributeError, ValueError, IndexError)


def parse_json(text: bytes) -> dict[str, Any]:
    """The mapping in `text`; `EngineProtocolError` where there is none."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        raise EngineProtocolError(f"the upstream sent no JSON: {_start(text)}") from exc
    if not isinstance(found, dict):
        raise EngineProtocolError(f"the upstream sent no JSON object: {_start(text)}")
    return found


def read_answer(body: dict[str, Any], *, num_choices: int) -> Chunk:
    """A whole answer as one chunk; chat and raw completions alike.

    Raises:
        EngineProtocolError: it lacks what the protocol promises.
    """
    with _guarded(body):
        chunk = Chunk(deltas=_deltas(body, "message"), usage=read_usage(body))
    ended = sum(delta.finish_reason is not None for delta in chunk.deltas)
    if ended != num_choices:
        raise EngineProtocolError(
            f"the upstream ended {ended} of {num_choices} choices: {_shown(body)}"
        )
    return chunk


def read_event(body: dict[str, Any]) -> Chunk:
    """One streamed event: its deltas, those that say nothing left out, and usage if it has any.

    Raises:
        EngineProtocolError: it is not of the protocol.
    """
    with _guarded(body):
        deltas = _deltas(body, "delta")
        return Chunk(
            deltas=tuple(delta for delta in deltas if delta != Delta(index=delta.index)),
            usage=read_usage(body),
        )


def read_usage(body: dict[str, Any]) -> Usage | None:
    """The tokens counted by the upstream, if it says so."""
    usage = body.get("usage")
    if not usage:
        return None
    return Usage(
        prompt_tokens=whole(usage["prompt_tokens"]),
        completion_tokens=whole(usage.get("completion_tokens")),
        cached_tokens=whole((usage.get("prompt_tokens_details") or {}).get("cached_tokens")),
        reasoning_tokens=whole(
            (usage.get("completion_tokens_details") or {}).get("reasoning_tokens")
        ),
    )


@contextmanager
def _guarded(body: dict[str, Any]) -> Iterator[None]:
    try:
        yield
    except _FAULTS as exc:
        raise EngineProtocolError(
            f"the upstream's answer is malformed ({type(exc).__name__}: {exc}): {_shown(body)}"
        ) from exc


def _deltas(body: dict[str, Any], key: str) -> tuple[Delta, ...]:
    return tuple(_delta(choice, choice.get(key)) for choice in body.get("choices") or ())


def _delta(choice: dict[str, Any], said: dict[str, Any] | None) -> Delta:
    ending = choice.get("finish_reason")
    end = None if ending is None else _ENDS[ending]
    if said is None:
        return Delta(
            index=whole(choice.get("index")),
            text=text(choice.get("text")),
            logprobs=_text_logprobs(choice.get("logprobs")),
            finish_reason=end,
        )
    return Delta(
        index=whole(choice.get("index")),
        text=text(said.get("content")) + text(said.get("refusal")),
        reasoning=text(said.get("reasoning_content") or said.get("reasoning")),
        tool_calls=tuple(
            _tool_call(place, call) for place, call in enumerate(said.get("tool_calls") or ())
        ),
        logprobs=_chat_logprobs(choice.get("logprobs")),
        finish_reason=end,
    )


def _tool_call(place: int, call: dict[str, Any]) -> ToolCallDelta:
    function = call.get("function") or {}
    return ToolCallDelta(
        index=whole(call.get("index"), place),
        id=text(call.get("id")) or None,
        name=text(function.get("name")) or None,
        arguments=text(function.get("arguments")),
    )


def _chat_logprobs(logprobs: dict[str, Any] | None) -> tuple[TokenLogprob, ...]:
    return tuple(_scored(entry) for entry in (logprobs or {}).get("content") or ())


def _scored(entry: dict[str, Any]) -> TokenLogprob:
    return TokenLogprob(
        token=text(entry["token"]),
        logprob=score(entry["logprob"]),
        bytes_=octets(entry.get("bytes")),
        top=tuple(_scored(other) for other in entry.get("top_logprobs") or ()),
    )


def _text_logprobs(logprobs: dict[str, Any] | None) -> tuple[TokenLogprob, ...]:
    """The older form of `/completions`: parallel lists, the first prompt token without a score."""
    if not logprobs:
        return ()
    tokens = logprobs["tokens"]
    tops = logprobs.get("top_logprobs") or [None] * len(tokens)
    return tuple(
        _token(token, score or 0.0, tuple(_token(*other) for other in (top or {}).items()))
        for token, score, top in zip(tokens, logprobs["token_logprobs"], tops, strict=True)
    )


def _token(token: str, logprob: float, top: tuple[TokenLogprob, ...] = ()) -> TokenLogprob:
    return TokenLogprob(
        token=text(token), logprob=score(logprob), bytes_=tuple(token.encode()), top=top
    )


def _shown(body: dict[str, Any]) -> str:
    """Its beginning, whatever it holds: half characters and numbers without end, too."""
    return repr(body)[:200]


def _start(text: bytes) -> str:
    return repr(text[:200].decode("utf-8", errors="replace"))
