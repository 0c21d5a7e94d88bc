"""A whole answer: what a stream of chunks comes to."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.engines.base import FinishReason, TokenLogprob, ToolCall, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One complete answer of a call."""

    index: int
    text: str
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    logprobs: tuple[TokenLogprob, ...] = ()
    finish_reason: FinishReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """All choices of a call, in order of `index`, and what they cost."""

    choices: tuple[Choice, ...]
    usage: Usage
