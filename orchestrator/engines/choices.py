"""One choice of an answer, from token ids to deltas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tokenizers import Tokenizer

from orchestrator.engines.base import Delta, FinishReason, TokenLogprob, ToolCallDelta
from orchestrator.engines.detokenizing import Detokenizer
from orchestrator.engines.spelling import Spelling
from orchestrator.engines.stops import StopWatch


class Scored(Protocol):
    """A token's natural-log probability and its rank from 1, as vLLM reports them."""

    logprob: float
    rank: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a piece of an answer says, by kind."""

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCallDelta, ...] = ()


class Parser(Protocol):
    """Takes reasoning and tool calls out of one choice, step by step or whole, never both."""

    #: Whether the answer ends because of a tool call.
    ends_with_tools: bool

    @property
    def num_reasoning_tokens(self) -> int:
        """Tokens so far that were reasoning."""
        ...

    def push(self, text: str, token_ids: Sequence[int], *, is_last: bool) -> Parsed:
        """Take what is new and return what can be told of it."""
        ...

    def whole(self, text: str, token_ids: Sequence[int]) -> Parsed:
        """Parse a complete answer."""
        ...


class Parsing(Protocol):
    """How the answer to one call is parsed."""

    @property
    def skips_special(self) -> bool:
        """Whether special tokens stay out of the text the parser reads."""
        ...

    def choice(self, prompt_token_ids: list[int]) -> Parser:
        """A parser for one choice."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What all choices of one call are read by."""

    backend: Tokenizer
    spelling: Spelling
    prompt_token_ids: list[int]
    #: Ids that end an answer; they are no part of its text.
    stop_token_ids: frozenset[int]
    #: The caller's stop strings.
    stops: tuple[str, ...] = ()
    parsing: Parsing | None = None
    #: Alternatives to report per token; `None` reports nothing.
    num_top: int | None = None
    #: Text to say before the answer.
    echo: str = ""
    #: Whether deltas of text tell the ids that it is the text of.
    tells_ids: bool = False


class ChoiceReader:
    """Reads the steps of one choice."""

    def __init__(self, index: int, reading: Reading) -> None:
        self.index = index
        self._reading = reading
        parsing = reading.parsing
        self._parser = parsing.choice(reading.prompt_token_ids) if parsing else None
        self._detokenizer = Detokenizer(
            reading.backend,
            reading.prompt_token_ids,
            skips_special=parsing is None or parsing.skips_special,
        )
        self._watch = StopWatch(reading.stops) if reading.stops else None
        #: Tokens generated, an ending one included.
        self.num_tokens = 0
        self.is_ended = False
        self._has_echoed = False
        #: Ids whose text was not told when they came.
        self._untold: list[int] = []

    @property
    def num_reasoning_tokens(self) -> int:
        """Tokens so far that were reasoning."""
        return self._parser.num_reasoning_tokens if self._parser else 0

    def read(
        self,
        token_ids: Sequence[int],
        *,
        end: FinishReason | None,
        logprobs: Sequence[Mapping[int, Scored]] | None = None,
    ) -> Delta | None:
        """Take one step of the engine.

        Returns:
            What is new, or `None` where nothing can be told yet.
        """
        is_whole = end is not None and self.num_tokens == 0
        self.num_tokens += len(token_ids)
        shown = self._shown(token_ids, end)
        text, end = self._watched(self._detokenizer.push(shown), end)
        self.is_ended = end is not None
        scores = self._scores(shown, logprobs)
        if self._parser is None:
            told = self._told(shown, text) if self._reading.tells_ids and end is None else ()
            return self._plain(text, scores, end=end, token_ids=told)
        return self._parsed(text, token_ids, end=end, scores=scores, is_whole=is_whole)

    def _shown(self, token_ids: Sequence[int], end: FinishReason | None) -> Sequence[int]:
        if end == "stop" and token_ids and token_ids[-1] in self._reading.stop_token_ids:
            return token_ids[:-1]
        return token_ids

    def _watched(self, text: str, end: FinishReason | None) -> tuple[str, FinishReason | None]:
        if self._watch is None:
            return text, end
        text = self._watch.push(text)
        if self._watch.is_matched:
            return text, "stop"
        return (text + self._watch.finish() if end else text), end

    def _told(self, token_ids: Sequence[int], text: str) -> tuple[int, ...]:
        """All ids that were not told, where all of their text is."""
        self._untold += token_ids
        is_held = self._watch is not None and self._watch.is_holding
        if not text or is_held or self._detokenizer.is_open:
            return ()
        told, self._untold = tuple(self._untold), []
        return told

    def _plain(
        self,
        text: str,
        scores: tuple[TokenLogprob, ...],
        *,
        end: FinishReason | None,
        token_ids: tuple[int, ...],
    ) -> Delta | None:
        text = self._echoed(text)
        if not (text or scores or end):
            return None
        return Delta(
            index=self.index,
            text=text,
            logprobs=scores,
            finish_reason=end,
            token_ids=token_ids,
        )

    def _parsed(
        self,
        text: str,
        token_ids: Sequence[int],
        *,
        end: FinishReason | None,
        scores: tuple[TokenLogprob, ...],
        is_whole: bool,
    ) -> Delta | None:
        assert self._parser is not None
        if is_whole:
            parsed = self._parser.whole(text, token_ids)
        else:
            parsed = self._parser.push(text, token_ids, is_last=end is not None)
        if end == "stop" and self._parser.ends_with_tools:
            end = "tool_calls"
        if not (scores or end) and parsed == Parsed():
            return None
        return Delta(
            index=self.index,
            text=parsed.text,
            reasoning=parsed.reasoning,
            tool_calls=parsed.tool_calls,
            logprobs=scores,
            finish_reason=end,
        )

    def _echoed(self, text: str) -> str:
        if not self._reading.echo or self._has_echoed:
            return text
        self._has_echoed = True
        return self._reading.echo + text

    def _scores(
        self, token_ids: Sequence[int], logprobs: Sequence[Mapping[int, Scored]] | None
    ) -> tuple[TokenLogprob, ...]:
        num_top = self._reading.num_top
        if num_top is None or not logprobs:
            return ()
        return tuple(
            self._score(token_id, scored, num_top)
            for token_id, scored in zip(token_ids, logprobs, strict=False)
        )

    def _score(self, token_id: int, scored: Mapping[int, Scored], num_top: int) -> TokenLogprob:
        ranked = sorted(scored.items(), key=lambda entry: -entry[1].logprob)[:num_top]
        return self._spelled(
            token_id,
            scored[token_id].logprob,
            tuple(self._spelled(other, entry.logprob) for other, entry in ranked),
        )

    def _spelled(
        self, token_id: int, logprob: float, top: tuple[TokenLogprob, ...] = ()
    ) -> TokenLogprob:
        spelling = self._reading.spelling
        return TokenLogprob(
            token=spelling.text_of(token_id),
            logprob=logprob,
            bytes_=tuple(spelling.bytes_of(token_id)),
            top=top,
        )
