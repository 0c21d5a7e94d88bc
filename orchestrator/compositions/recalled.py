"""Known answers: which requests may have one, and how it is told without an expert."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.digest import MAX_CHARS
from orchestrator.engines.base import Chat, Chunk, Delta, Item, Sampling, TextPart, Usage
from routers.base import Route

#: Nobody read or wrote a token.
_NO_TOKENS = Usage(prompt_tokens=0, completion_tokens=0, cost_usd=0.0)


def may_recall(query: Query) -> bool:
    """Whether an answer to the text alone answers the request.

    It does for one question of one user, who says nothing about the form of the answer: no system
    text, no tools, no images, no earlier turns, no choices, log-probabilities, stops or biases.
    """
    if query.is_fresh or query.structure is not None or not isinstance(query.prompt, Chat):
        return False
    return _is_one_question(query.prompt) and _is_plain(query.sampling)


def with_room(route: Route, query: Query) -> Route:
    """`route` without its known answer where the caller wants fewer tokens than it may have."""
    most = query.sampling.max_tokens
    if route.answer is None or most is None or len(route.answer.encode()) <= most:
        return route
    reason = f"its known answer may be over {most} tokens: the expert is asked"
    return replace(route, answer=None, reasons=(*route.reasons, reason))


def recalled(decision: Decision, answer: str) -> Reply:
    """The reply that says a known answer, in one chunk."""
    return Reply(decision=decision, items=_said(answer))


async def _said(answer: str) -> AsyncIterator[Item]:
    yield Chunk(deltas=(Delta(text=answer, finish_reason="stop"),), usage=_NO_TOKENS)


def _is_one_question(chat: Chat) -> bool:
    if len(chat.messages) != 1 or chat.tools:
        return False
    [turn] = chat.messages
    is_text = all(isinstance(part, TextPart) for part in turn.content)
    return turn.role == "user" and is_text and len(turn.text) <= MAX_CHARS


def _is_plain(sampling: Sampling) -> bool:
    free = replace(sampling, temperature=None, top_p=None, max_tokens=None, seed=None)
    return free == Sampling()
