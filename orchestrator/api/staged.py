"""How the progress of stages is spelled in streams."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any

from orchestrator.compositions.base import Decision
from orchestrator.compositions.progress import Progress, Told
from orchestrator.engines.streams import reading

#: Name of the events.
EVENT = b"event: orchestrator.stage\n"


def stage_of(progress: Progress) -> dict[str, Any]:
    """What is told of a stage, as JSON."""
    expected_s = progress.expected_s
    return {
        "stage": progress.path[-1],
        "path": list(progress.path),
        "state": progress.state,
        "num_done": progress.num_done,
        "num_calls": progress.num_calls,
        "models": list(progress.models),
        "expected_s": None if expected_s is None else round(expected_s, 3),
        "took_s": round(progress.took_s, 3),
    }


def stage_comment(progress: Progress) -> bytes:
    """The same as a comment, for streams whose clients know every event by its name."""
    said = stage_of(progress)
    told = {**said, "path": "/".join(said["path"]), "models": ",".join(said["models"])}
    del told["stage"]
    words = (f"{name}={value}" for name, value in told.items() if value is not None)
    return f": stage {' '.join(words)}\n\n".encode()


def reached_comment(reached: Sequence[str]) -> bytes:
    """Caps for which something was left out, for the end of a stream: its head may lack them."""
    return f": reached {', '.join(reached)}\n\n".encode() if reached else b""


def instead_comment(decision: Decision, told: Decision) -> bytes:
    """Who answers from here on, where the head of a stream named another."""
    if decision.failed == told.failed and decision.num_continued == told.num_continued:
        return b""
    failed = ", ".join(f"{name}={code}" for name, code in decision.failed.items())
    return f": instead expert={decision.answered_by} failed {failed}\n\n".encode()


async def without_stages(items: AsyncIterator[Told]) -> AsyncGenerator[Told, None]:
    """The answer and its waits, for who does not want to hear of stages."""
    async with reading(items) as told:
        async for item in told:
            if not isinstance(item, Progress):
                yield item
