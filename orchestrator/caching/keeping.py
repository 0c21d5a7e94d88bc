"""From a stream of chunks to an answer that may be told again, or to none."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, field, replace

from orchestrator.caching.kept import Kept
from orchestrator.compositions.base import Reply
from orchestrator.compositions.progress import Told
from orchestrator.compositions.stages import calls_of, failures_of
from orchestrator.engines.base import Chunk, Delta, Usage
from orchestrator.engines.streams import reading

#: Text of one choice that comes in shorter pieces is joined: an answer told again comes at once.
_PIECE_CHARS = 48


class Keeping:
    """Watches one answer go by.

    Args:
        ended: told what is kept, `None` where the answer is none that could be.
        clock: Unix time, seconds.
    """

    def __init__(self, ended: Callable[[Kept | None], None], clock: Callable[[], float]) -> None:
        self._ended = ended
        self._clock = clock

    async def passed_on(
        self, reply: Reply, items: AsyncIterator[Told], *, may_be_cut: bool
    ) -> AsyncGenerator[Told, None]:
        """`items`, which are kept once all of them were said and nothing went wrong.

        Args:
            reply: what became of the request is read when it has ended.
            items: its answer.
            may_be_cut: see `Noting.whole`.
        """
        noting, kept = Noting(), None
        try:
            async with reading(items):
                async for item in items:
                    if isinstance(item, Chunk):
                        noting.note(item)
                    yield item
            kept = self._whole(reply, noting, may_be_cut=may_be_cut)
        finally:
            self._ended(kept)

    def _whole(self, reply: Reply, noting: Noting, *, may_be_cut: bool) -> Kept | None:
        decision = reply.told
        has_failed = decision.failed or reply.reached or failures_of(calls_of(reply.stages))
        said = noting.whole(may_be_cut=may_be_cut)
        if said is None or has_failed or decision.answered_by is None:
            return None
        deltas, usage = said
        return Kept(
            expert=decision.answered_by,
            composition=decision.composition,
            at_s=self._clock(),
            deltas=deltas,
            usage=usage,
        )


@dataclass(slots=True)
class Noting:
    """What a stream of chunks said so far."""

    _deltas: list[Delta] = field(default_factory=list)
    _open: set[int] = field(default_factory=set)
    _reasons: set[str] = field(default_factory=set)
    _usage: Usage | None = None

    def note(self, chunk: Chunk) -> None:
        """Take in a chunk."""
        for delta in chunk.deltas:
            self._open.add(delta.index)
            if delta.finish_reason is not None:
                self._open.discard(delta.index)
                self._reasons.add(delta.finish_reason)
            self._add(delta)
        self._usage = chunk.usage or self._usage

    def whole(self, *, may_be_cut: bool) -> tuple[tuple[Delta, ...], Usage] | None:
        """All of it, where every choice ended by itself.

        Args:
            may_be_cut: the caller named the length at which choices were cut, so that they would
                be again.
        """
        fine = {"stop", "tool_calls", "length"} if may_be_cut else {"stop", "tool_calls"}
        is_sound = self._deltas and not self._open and self._reasons <= fine
        return (tuple(self._deltas), self._usage) if is_sound and self._usage else None

    def _add(self, delta: Delta) -> None:
        last = self._deltas[-1] if self._deltas else None
        if last is not None and _may_join(last, delta):
            self._deltas[-1] = replace(
                delta,
                text=last.text + delta.text,
                reasoning=last.reasoning + delta.reasoning,
                logprobs=last.logprobs + delta.logprobs,
            )
        else:
            self._deltas.append(delta)


def _may_join(last: Delta, delta: Delta) -> bool:
    """Whether two pieces read the same as one: of one choice, of one kind, both short."""
    return (
        last.index == delta.index
        and last.finish_reason is None
        and not last.tool_calls
        and not delta.tool_calls
        and not (last.text and delta.reasoning)
        and len(last.text) + len(last.reasoning) < _PIECE_CHARS
    )
