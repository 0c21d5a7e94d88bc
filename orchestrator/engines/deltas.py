"""Many deltas of one choice as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orchestrator.engines.base import Chunk, Delta


def join_chunks(chunks: Sequence[Chunk]) -> Chunk:
    """A whole stream as one chunk: a delta a choice, in order of index, and the usage."""
    by_index: dict[int, list[Delta]] = {}
    for chunk in chunks:
        for delta in chunk.deltas:
            by_index.setdefault(delta.index, []).append(delta)
    usage = next((chunk.usage for chunk in reversed(chunks) if chunk.usage is not None), None)
    used = next((chunk.used for chunk in reversed(chunks) if chunk.used is not None), None)
    return Chunk(
        deltas=tuple(join_deltas(by_index[index]) for index in sorted(by_index)),
        usage=usage,
        used=used if usage is None else None,
    )


def join_deltas(deltas: Iterable[Delta]) -> Delta:
    """Deltas of one choice, in order, as one."""
    found = tuple(deltas)
    if len(found) == 1:
        return found[0]
    return Delta(
        index=found[0].index,
        text="".join(delta.text for delta in found),
        reasoning="".join(delta.reasoning for delta in found),
        tool_calls=tuple(call for delta in found for call in delta.tool_calls),
        logprobs=tuple(logprob for delta in found for logprob in delta.logprobs),
        finish_reason=found[-1].finish_reason,
    )
