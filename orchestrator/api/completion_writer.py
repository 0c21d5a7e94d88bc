"""How `/v1/completions` spells answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from orchestrator.api.writers import DoneEnding, EventForm, Head, Json, finite, usage_of
from orchestrator.compositions.progress import Progress
from orchestrator.engines.answer import Answer, Choice
from orchestrator.engines.base import Chunk, Delta, TokenLogprob

_KIND = "text_completion"


class CompletionWriter(DoneEnding):
    """Spells one text completion."""

    def __init__(self, head: Head, *, has_usage: bool) -> None:
        self._head = head
        super().__init__(EventForm(head, _KIND, has_usage=has_usage))
        #: Choice -> characters of its tokens so far, where its next token starts.
        self._offsets: dict[int, int] = {}

    def answer(self, answer: Answer, details: Json | None = None) -> bytes:
        """The `text_completion` object."""
        whole = self._head.fields(_KIND)
        whole["choices"] = [self._choice(choice) for choice in answer.choices]
        whole["usage"] = usage_of(answer.usage)
        if details is not None:
            whole["orchestrator"] = details
        return orjson.dumps(whole)

    def events(self, chunk: Chunk) -> bytes:
        """One `text_completion` a delta, then the usage where it was asked for."""
        events = [self._form.choice(self._choice(delta)) for delta in chunk.deltas]
        events.append(self._form.usage(chunk.usage))
        return b"".join(events)

    def stage(self, progress: Progress) -> bytes:
        """A `text_completion` with an empty text and the stage beside it."""
        return self._form.stage(self._choice(Delta()), progress)

    def _choice(self, choice: Choice | Delta) -> dict[str, Any]:
        return {
            "index": choice.index,
            "text": choice.text,
            "logprobs": self._logprobs(choice.index, choice.logprobs),
            "finish_reason": choice.finish_reason,
        }

    def _logprobs(self, index: int, logprobs: Sequence[TokenLogprob]) -> dict[str, Any] | None:
        if not logprobs:
            return None
        offset, offsets = self._offsets.get(index, 0), []
        for one in logprobs:
            offsets.append(offset)
            offset += len(one.token)
        self._offsets[index] = offset
        return {
            "tokens": [one.token for one in logprobs],
            "token_logprobs": [finite(one.logprob) for one in logprobs],
            "top_logprobs": [
                {other.token: finite(other.logprob) for other in one.top} for one in logprobs
            ],
            "text_offset": offsets,
        }
