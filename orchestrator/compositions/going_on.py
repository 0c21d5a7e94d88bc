"""What an answer said before it broke off, and the query by which another call goes on with it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from orchestrator.compositions.base import Query
from orchestrator.compositions.pricing import cost_usd
from orchestrator.engines.base import Chat, Chunk, Message, Sampling, Text, TextPart, Usage
from orchestrator.registry.models import Price

#: Characters of a token, of prose and code; see `size`.
_CHARS_A_TOKEN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What one call said before it broke off."""

    #: Who said it.
    expert: str
    text: str
    num_tokens: int
    #: The tokens of `text` in the vocabulary of `expert`; `None` where it did not tell all of them.
    token_ids: tuple[int, ...] | None = None
    #: Of the expert; `None` where the registry has none.
    price: Price | None = None


@dataclass(slots=True, kw_only=True)
class Said:
    """One answer so far, over all calls that had a part in it."""

    pieces: list[Piece] = field(default_factory=list)
    #: Whether it is text alone, of one choice that has not ended: another call can go on with it.
    is_plain: bool = True
    _texts: list[str] = field(default_factory=list)
    _token_ids: list[int] = field(default_factory=list)
    #: Whether these are the tokens of the texts, all of them.
    _is_exact: bool = True

    def hear(self, chunk: Chunk) -> None:
        """Take in what the call under way says."""
        for delta in chunk.deltas:
            self._texts.append(delta.text)
            self._token_ids += delta.token_ids
            if delta.text:
                self._is_exact = bool(delta.token_ids)
            if delta.finish_reason is not None or delta.reasoning or delta.tool_calls:
                self.is_plain = False

    @property
    def has_begun(self) -> bool:
        """Whether anything was said by calls that broke off."""
        return bool(self.pieces) or not self.is_plain

    @property
    def num_tokens(self) -> int:
        """Tokens of the pieces; about how many, of engines that tell no ids and broke off."""
        return sum(piece.num_tokens for piece in self.pieces)

    @property
    def num_sent(self) -> int:
        """Characters of the pieces."""
        return sum(len(piece.text) for piece in self.pieces)

    def begun(self, expert: str) -> tuple[int, ...]:
        """The tokens of all pieces, where `expert` said every one of them and told its tokens."""
        if any(piece.expert != expert or piece.token_ids is None for piece in self.pieces):
            return ()
        return tuple(one for piece in self.pieces for one in piece.token_ids or ())

    def break_off(self, expert: str, price: Price | None) -> None:
        """The call under way said all that it will say."""
        if text := "".join(self._texts):
            token_ids = tuple(self._token_ids) if self._is_exact else None
            # One delta is a token, or some of them where many streams are open.
            guess = max(len(self._texts), len(text) // _CHARS_A_TOKEN)
            num_tokens = guess if token_ids is None else len(token_ids)
            self.pieces.append(
                Piece(
                    expert=expert,
                    text=text,
                    num_tokens=num_tokens,
                    token_ids=token_ids,
                    price=price,
                )
            )
        self._texts, self._token_ids, self._is_exact = [], [], True

    def with_all(self, chunk: Chunk) -> Chunk:
        """The last chunk, its usage that of the answer: prompt and answer once, the cost of all.

        The last call read the prompt and all that was said before it.
        """
        if chunk.usage is None or not self.pieces:
            return chunk
        num_read = max(chunk.usage.prompt_tokens - self.num_tokens, 0)
        whole = replace(chunk.usage, prompt_tokens=num_read)
        for piece in self.pieces:
            whole = _with(whole, piece, num_read=num_read)
            num_read += piece.num_tokens
        return Chunk(deltas=chunk.deltas, usage=whole)


def can_go_on(query: Query) -> bool:
    """Whether another call may go on with an answer to `query` at all: plain text, told once.

    A prompt of token ids has a vocabulary: see `Said.begun` for who may go on there.
    """
    sampling, prompt = query.sampling, query.prompt
    if sampling.n != 1 or sampling.top_logprobs is not None or query.structure is not None:
        return False
    if isinstance(prompt, Text):
        return not query.echo
    return not prompt.tools and bool(prompt.messages) and prompt.messages[-1].role != "assistant"


def going_on(query: Query, said: Said, *, expert: str, max_tokens: int) -> Query:
    """What the next call is asked: the same, with what was said, for the rest of its length.

    It is told by its tokens to the expert that told them: text may have others, as may an answer
    from there on. Anybody else is told the text.

    Args:
        query: as its caller meant it.
        said: what was said.
        expert: who is asked.
        max_tokens: that are left.
    """
    sampling = replace(query.sampling, max_tokens=max_tokens)
    if begun := said.begun(expert):
        return replace(query, sampling=sampling, begun=begun)
    return _by_text(query, "".join(piece.text for piece in said.pieces), sampling)


def _by_text(query: Query, said: str, sampling: Sampling) -> Query:
    prompt = query.prompt
    if isinstance(prompt, Text):
        return replace(query, sampling=sampling, prompt=replace(prompt, text=prompt.text + said))
    turn = Message(role="assistant", content=(TextPart(text=said),))
    chat: Chat = replace(prompt, messages=(*prompt.messages, turn), continues=True)
    return replace(query, sampling=sampling, prompt=chat)


def _with(usage: Usage, piece: Piece, *, num_read: int) -> Usage:
    own = Usage(prompt_tokens=num_read, completion_tokens=piece.num_tokens)
    cost = usage.cost_usd
    if cost is not None and piece.price is not None:
        cost += cost_usd(own, piece.price)
    return replace(
        usage,
        completion_tokens=usage.completion_tokens + own.completion_tokens,
        cost_usd=cost,
    )
