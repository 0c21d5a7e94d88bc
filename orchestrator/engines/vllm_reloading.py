"""The weights in a started vLLM engine, and those of a sibling in their place."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from orchestrator.engines import fetched
from orchestrator.engines.notes import LoadKind
from orchestrator.engines.vllm_live import LiveEngine
from orchestrator.engines.weights import check_fits, fingerprint
from orchestrator.errors import SwapError
from orchestrator.registry.models import Expert
from orchestrator.registry.weights import Checkpoint, read_checkpoint


def required(expert: Expert, folder: Path | None) -> Path:
    """Where the weights of `expert` lie; `SwapError` where only a fresh engine loads them."""
    if folder is None:
        raise SwapError(f"expert {expert.id!r} comes from a hub and is only loaded fresh")
    return folder


class Reloading:
    """Reloads an engine's weights; what answers and what embeds do it alike.

    Args:
        live: the engine.
        folder: of the weights it was started with; `None` where the engine fetched them itself.
        source: of the same weights: that folder, or a hub's id.
    """

    def __init__(self, live: LiveEngine, folder: Path | None, *, source: str) -> None:
        self._live = live
        self._checkpoint = read_checkpoint(folder) if folder else None
        #: Where the weights that are loaded came from, `None` while that is not certain.
        self._source: str | None = source

    @property
    def checkpoint(self) -> Checkpoint | None:
        """Of the weights the engine was started with, where it is known."""
        return self._checkpoint

    def check(self, folder: Path | None) -> None:
        """Raise `SwapError` unless the tensors in `folder` are like those of the engine."""
        if self._checkpoint is not None and folder is not None:
            check_fits(read_checkpoint(folder), self._checkpoint)

    async def reload(self, folder: Path) -> None:
        """Load the weights in `folder` in place; `SwapError` where only a restart helps."""
        begun_s, self._source = time.monotonic(), None
        weights = await asyncio.to_thread(fingerprint, folder)
        is_read = await self._live.reload(folder, weights=weights)
        self._source = str(folder)
        if is_read:
            await self._note(folder, "reload", begun_s)

    def keeps(self, source: str) -> bool:
        """Whether a sleeper has the weights from `source` in host memory."""
        return self._live.rung == "asleep" and self._source == source

    async def wake(self, expert: Expert, *, source: str, folder: Path | None) -> None:
        """Wake up with the weights of `expert`, loading them where they were not kept.

        Raises:
            OutOfMemoryError: the device has no room; it sleeps on.
            SwapError: only a restart helps.
        """
        begun_s = time.monotonic()
        if self.keeps(source):
            await self._live.wake()
        else:
            other = required(expert, folder)
            self._source = None  # one that finds no room may have loaded them before
            await self._live.wake(other)
        self._source = source
        await self._note(folder, "wake", begun_s)

    async def _note(self, folder: Path | None, kind: LoadKind, begun_s: float) -> None:
        took_s = time.monotonic() - begun_s
        await fetched.note_load(folder, kind, conditions=self._live.conditions, seconds=took_s)
