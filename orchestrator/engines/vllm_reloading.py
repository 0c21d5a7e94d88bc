"""The weights in a started vLLM engine, and those of a sibling in their place."""

from __future__ import annotations

import time
from pathlib import Path

from orchestrator.engines import fetched
from orchestrator.engines.vllm_live import LiveEngine
from orchestrator.engines.weights import check_fits
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
    """

    def __init__(self, live: LiveEngine, folder: Path | None) -> None:
        self._live = live
        self._checkpoint = read_checkpoint(folder) if folder else None

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
        begun_s = time.monotonic()
        await self._live.reload(folder)
        took_s = time.monotonic() - begun_s
        await fetched.note_load(folder, "reload", conditions=self._live.conditions, seconds=took_s)
