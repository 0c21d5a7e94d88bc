"""What a fake engine says: a script, and its performance for one call."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from orchestrator.engines.base import (
    Call,
    Chat,
    Chunk,
    Delta,
    FinishReason,
    TokenLogprob,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from orchestrator.engines.deltas import join_chunks
from orchestrator.engines.notices import Notice
from orchestrator.engines.stops import StopWatch
from orchestrator.errors import ContextTooLongError, OrchestratorError

_TOKEN = re.compile(r"\s*\S+|\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a fake engine does with one call.

    `{prompt}` in `says` stands for the last user turn, `{expert}` for the called expert. A tuple
    gives choice `i` its `i`-th answer, beginning again after the last.
    """

    says: str | tuple[str, ...] = "Hello."
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    #: Told before the first token, and before whatever is awaited or raised there.
    notices: tuple[Notice, ...] = ()
    #: Raised before token number `fails_at` (0 is before the first).
    fails: OrchestratorError | None = None
    fails_at: int = 0
    #: Awaited before token number `gate_at`.
    gate: asyncio.Event | None = None
    gate_at: int = 0
    token_delay_s: float = 0.0
    #: Say it letter by letter: `{prompt}` and `{expert}` stand for themselves.
    is_literal: bool = False
    #: Tokens of prompt and answer that fit; a token is a word with the blanks before it.
    max_context: int | None = None
    #: Tell ids with the text, the place of each token, and go on behind those of `Call.begun`.
    tells_ids: bool = False
    #: Of each token said; a tuple gives choice `i` its `i`-th, as of `says`.
    log_prob: float | tuple[float, ...] = -0.25


class Performance:
    """One call, played step by step; each step moves every unfinished choice by one token.

    Raises:
        ContextTooLongError: prompt and `max_tokens` exceed the script's context.
    """

    def __init__(self, call: Call, script: Script) -> None:
        self._num_prompt_tokens = _checked_prompt_tokens(call, script)
        self._choices = [_Choice(call, script, index) for index in range(call.sampling.n)]
        self._chunks: list[Chunk] = []

    @property
    def is_over(self) -> bool:
        """Whether every choice has ended."""
        return all(choice.is_ended for choice in self._choices)

    @property
    def num_steps(self) -> int:
        """Steps played so far."""
        return len(self._chunks)

    def step(self) -> Chunk:
        """The next token of each choice; usage when that was the last."""
        deltas = [choice.step() for choice in self._choices if not choice.is_ended]
        has_ended = any(delta.finish_reason is not None for delta in deltas)
        chunk = Chunk(
            deltas=tuple(delta for delta in deltas if delta != Delta(index=delta.index)),
            usage=self._usage() if self.is_over else None,
            used=self._usage() if has_ended and not self.is_over else None,
        )
        self._chunks.append(chunk)
        return chunk

    def whole(self) -> Chunk:
        """All steps played so far as one chunk."""
        return join_chunks(self._chunks)

    def _usage(self) -> Usage:
        return Usage(
            prompt_tokens=self._num_prompt_tokens,
            completion_tokens=sum(choice.num_tokens for choice in self._choices),
        )


class _Choice:
    """One of the `n` answers of a call."""

    def __init__(self, call: Call, script: Script, index: int) -> None:
        self._index = index
        self._call = call
        self._script = script
        tokens = _TOKEN.findall(_spoken(call, script, index))[len(call.begun) :]
        max_tokens = call.sampling.max_tokens
        self._end: FinishReason = "tool_calls" if script.tool_calls else "stop"
        if max_tokens is not None and max_tokens < len(tokens):
            tokens, self._end = tokens[:max_tokens], "length"
        self._tokens = tokens
        self._watch = StopWatch(call.sampling.stop)
        self._has_begun = False
        self.num_tokens = 0
        self._num_told = 0
        self.is_ended = False

    def step(self) -> Delta:
        if self.num_tokens == len(self._tokens):
            self.is_ended = True
            return self._delta(self._watch.finish(), end=self._end)
        token = self._tokens[self.num_tokens]
        self.num_tokens += 1
        text = self._watch.push(token)
        self.is_ended = self._watch.is_matched
        return self._delta(text, token=token, end="stop" if self.is_ended else None)

    def _delta(
        self, text: str, *, token: str | None = None, end: FinishReason | None = None
    ) -> Delta:
        is_first, self._has_begun = not self._has_begun, True
        num_top = self._call.sampling.top_logprobs
        reports = token is not None and num_top is not None
        return Delta(
            index=self._index,
            text=(self._echo() if is_first else "") + text,
            reasoning=self._script.reasoning if is_first else "",
            tool_calls=_tool_call_deltas(self._script) if end else (),
            logprobs=(self._logprob(token or "", num_top or 0),) if reports else (),
            finish_reason=end,
            token_ids=self._ids() if text and not end else (),
        )

    def _ids(self) -> tuple[int, ...]:
        """Those of the text told since the last time, where none of it is held back."""
        if not self._script.tells_ids or self._watch.is_holding:
            return ()
        first, self._num_told = self._num_told, self.num_tokens
        before = len(self._call.begun)
        return tuple(range(before + first, before + self.num_tokens))

    def _logprob(self, token: str, num_top: int) -> TokenLogprob:
        told = self._script.log_prob
        if isinstance(told, tuple):
            told = told[self._index % len(told)]
        top = tuple(
            TokenLogprob(token=f"{token}{rank or ''}", logprob=told - rank)
            for rank in range(num_top)
        )
        return TokenLogprob(token=token, logprob=told, bytes_=tuple(token.encode()), top=top)

    def _echo(self) -> str:
        prompt = self._call.prompt
        return prompt.text if self._call.echo and not isinstance(prompt, Chat) else ""


def last_user_text(call: Call) -> str:
    """The text of the last user turn, or the raw prompt."""
    if not isinstance(call.prompt, Chat):
        return call.prompt.text
    turns = [turn.text for turn in call.prompt.messages if turn.role == "user"]
    return turns[-1] if turns else ""


def _spoken(call: Call, script: Script, index: int) -> str:
    says = script.says if isinstance(script.says, str) else script.says[index % len(script.says)]
    if not script.is_literal:
        says = says.replace("{expert}", call.expert).replace("{prompt}", last_user_text(call))
    chat = call.prompt
    if isinstance(chat, Chat) and chat.continues:
        return says.removeprefix(chat.messages[-1].text)
    return says


def _tool_call_deltas(script: Script) -> tuple[ToolCallDelta, ...]:
    return tuple(
        ToolCallDelta(index=place, id=call.id, name=call.name, arguments=call.arguments)
        for place, call in enumerate(script.tool_calls)
    )


def _checked_prompt_tokens(call: Call, script: Script) -> int:
    prompt = call.prompt
    if isinstance(prompt, Chat):
        num_tokens = sum(len(_TOKEN.findall(turn.text)) for turn in prompt.messages)
    else:
        num_tokens = len(prompt.token_ids or _TOKEN.findall(prompt.text))
    num_tokens += len(call.begun)
    num_asked = call.sampling.max_tokens or 0
    if script.max_context is not None and num_tokens + num_asked > script.max_context:
        raise ContextTooLongError(
            f"expert {call.expert!r}: {num_tokens} prompt tokens and {num_asked} asked for exceed "
            f"its context of {script.max_context} tokens",
            param="messages" if isinstance(prompt, Chat) else "prompt",
        )
    return num_tokens
