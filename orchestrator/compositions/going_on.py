"""What an answer said before it broke off, and the query by which another call goes on with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from orchestrator.compositions.base import Query
from orchestrator.compositions.pricing import cost_usd
from orchestrator.engines.base import Chat, Chunk, Message, Text, TextPart, Usage
from orchestrator.registry.models import Price

#: Characters of a token, of prose and code; see `size`.
_CHARS_A_TOKEN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What one call said before it broke off."""

    text: str
    num_tokens: int
    #: Of the expert that said it; `None` where the registry has none.
    price: Price | None = None


@dataclass(slots=True, kw_only=True)
class Said:
    """One answer so far, over all calls that had a part in it."""

    pieces: list[Piece] = field(default_factory=list)
    #: Whether it is text alone, of one choice that has not ended: another call can go on with it.
    is_plain: bool = True
    _texts: list[str] = field(default_factory=list)

    def hear(self, chunk: Chunk) -> None:
        """Take in what the call under way says."""
        for delta in chunk.deltas:
            self._texts.append(delta.text)
            if delta.finish_reason is not None or delta.reasoning or delta.tool_calls:
                self.is_plain = False

    @property
    def has_begun(self) -> bool:
        """Whether anything was said by calls that broke off."""
        return bool(self.pieces) or not self.is_plain

    @property
    def num_tokens(self) -> int:
        """About how many tokens the pieces have: engines that break off do not count any more."""
        return sum(piece.num_tokens for piece in self.pieces)

    @property
    def num_sent(self) -> int:
        """Characters of the pieces."""
        return sum(len(piece.text) for piece in self.pieces)

    def break_off(self, price: Price | None) -> None:
        """The call under way said all that it will say."""
        if text := "".join(self._texts):
            # One delta is a token, or some of them where many streams are open.
            num_tokens = max(len(self._texts), len(text) // _CHARS_A_TOKEN)
            self.pieces.append(Piece(text=text, num_tokens=num_tokens, price=price))
        self._texts = []

    def with_all(self, chunk: Chunk) -> Chunk:
        """The last chunk, its usage that of all calls.

        The last of them read the prompt and all that was said before.
        """
        if chunk.usage is None or not self.pieces:
            return chunk
        num_read = max(chunk.usage.prompt_tokens - self.num_tokens, 0)
        whole = chunk.usage
        for piece in self.pieces:
            whole = _sum(whole, piece, num_read=num_read)
            num_read += piece.num_tokens
        return Chunk(deltas=chunk.deltas, usage=whole)


def can_go_on(query: Query) -> bool:
    """Whether another call may go on with an answer to `query` at all: plain text, told once."""
    sampling, prompt = query.sampling, query.prompt
    if sampling.n != 1 or sampling.top_logprobs is not None or query.structure is not None:
        return False
    if isinstance(prompt, Text):
        return prompt.token_ids is None and not query.echo
    return not prompt.tools and bool(prompt.messages) and prompt.messages[-1].role != "assistant"


def going_on(query: Query, pieces: Sequence[Piece], *, max_tokens: int) -> Query:
    """What the next call is asked: the same, with what was said, for the rest of its length.

    Args:
        query: as its caller meant it.
        pieces: what was said.
        max_tokens: that are left.
    """
    said = "".join(piece.text for piece in pieces)
    sampling = replace(query.sampling, max_tokens=max_tokens)
    prompt = query.prompt
    if isinstance(prompt, Text):
        return replace(query, sampling=sampling, prompt=replace(prompt, text=prompt.text + said))
    turn = Message(role="assistant", content=(TextPart(text=said),))
    chat: Chat = replace(prompt, messages=(*prompt.messages, turn), continues=True)
    return replace(query, sampling=sampling, prompt=chat)


def _sum(usage: Usage, piece: Piece, *, num_read: int) -> Usage:
    own = Usage(prompt_tokens=num_read, completion_tokens=piece.num_tokens)
    cost = usage.cost_usd
    if cost is not None and piece.price is not None:
        cost += cost_usd(own, piece.price)
    return replace(
        usage,
        prompt_tokens=usage.prompt_tokens + own.prompt_tokens,
        completion_tokens=usage.completion_tokens + own.completion_tokens,
        cost_usd=cost,
    )
