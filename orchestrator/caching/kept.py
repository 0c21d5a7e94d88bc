"""An answer as it is kept, and its two ways: from a stream of chunks, and back into one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

import orjson

from orchestrator.engines.base import Chunk, Delta, TokenLogprob, ToolCallDelta, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An answer that is told again."""

    #: Who wrote it, and by which composition.
    expert: str
    composition: str | None
    #: When it was, Unix time, seconds.
    at_s: float
    deltas: tuple[Delta, ...]
    #: Tokens that it took.
    usage: Usage

    async def chunks(self) -> AsyncIterator[Chunk]:
        """The stream that it was, in fewer pieces; nothing of it is paid for again."""
        for delta in self.deltas[:-1]:
            yield Chunk(deltas=(delta,))
        yield Chunk(deltas=self.deltas[-1:], usage=replace(self.usage, cost_usd=0.0))

    def packed(self) -> bytes:
        """As one value of a store."""
        return orjson.dumps(
            {
                "expert": self.expert,
                "composition": self.composition,
                "at_s": self.at_s,
                "deltas": [_row(delta) for delta in self.deltas],
                "usage": [
                    self.usage.prompt_tokens,
                    self.usage.completion_tokens,
                    self.usage.cached_tokens,
                    self.usage.reasoning_tokens,
                ],
            }
        )


def unpacked(value: bytes) -> Kept | None:
    """What `packed` made; `None` of what another version wrote."""
    try:
        return _unpacked(orjson.loads(value))
    except (ValueError, LookupError, TypeError):
        return None


def _unpacked(said: dict[str, Any]) -> Kept:
    prompt, completion, cached, reasoning = said["usage"]
    return Kept(
        expert=said["expert"],
        composition=said["composition"],
        at_s=said["at_s"],
        deltas=tuple(_delta(*row) for row in said["deltas"]),
        usage=Usage(
            prompt_tokens=prompt,
            completion_tokens=completion,
            cached_tokens=cached,
            reasoning_tokens=reasoning,
        ),
    )


def _row(delta: Delta) -> list[Any]:
    calls = [[call.index, call.id, call.name, call.arguments] for call in delta.tool_calls]
    logprobs = [_logprob_row(one) for one in delta.logprobs]
    return [delta.index, delta.text, delta.reasoning, calls, logprobs, delta.finish_reason]


def _logprob_row(one: TokenLogprob) -> list[Any]:
    top = [_logprob_row(other) for other in one.top]
    # JSON has no infinity: it is told as nothing.
    logprob = None if one.logprob == -inf else one.logprob
    return [one.token, logprob, list(one.bytes_), top]


def _delta(
    index: int, text: str, reasoning: str, calls: Sequence[Sequence[Any]], *rest: Any
) -> Delta:
    logprobs, finish_reason = rest
    return Delta(
        index=index,
        text=text,
        reasoning=reasoning,
        tool_calls=tuple(_tool_calls(calls)),
        logprobs=tuple(_logprob(*row) for row in logprobs),
        finish_reason=finish_reason,
    )


def _tool_calls(rows: Sequence[Sequence[Any]]) -> Iterator[ToolCallDelta]:
    for index, call_id, name, arguments in rows:
        yield ToolCallDelta(index=index, id=call_id, name=name, arguments=arguments)


def _logprob(
    token: str, logprob: float | None, bytes_: Sequence[int], top: Sequence[Sequence[Any]]
) -> TokenLogprob:
    return TokenLogprob(
        token=token,
        logprob=-inf if logprob is None else logprob,
        bytes_=tuple(bytes_),
        top=tuple(_logprob(*row) for row in top),
    )
