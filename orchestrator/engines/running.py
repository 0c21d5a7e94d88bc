"""A started engine as its host sees it: what it takes to swap, to sleep and to answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from orchestrator.engines.base import Call, Chunk
from orchestrator.engines.canaries import Canaries
from orchestrator.engines.embedding import EmbedCall, Vectors
from orchestrator.registry.models import Expert
from orchestrator.residency.state import Footprint, Rung


class Running(Protocol):
    """A started engine, as far as swaps are concerned."""

    @property
    def expert(self) -> Expert:
        """Whose weights were loaded last."""
        ...

    @property
    def adapters(self) -> tuple[Expert, ...]:
        """Those that are on the weights."""
        ...

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """Rungs it can take, as its platform has them."""
        ...

    @property
    def num_unfinished(self) -> int:
        """Requests the engine has not ended."""
        ...

    def prepare(self, expert: Expert) -> None:
        """Read what is needed of `expert`; `SwapError` where its tensors do not fit.

        An adapter is compared with the base whose weights were loaded last.
        """
        ...

    async def reload(self, expert: Expert) -> None:
        """Load the weights of `expert` in place; `SwapError` where only a restart helps.

        Adapters are gone then.
        """
        ...

    async def sleep(self, rung: Rung) -> None:
        """Let device memory go; `SwapError` where only a restart helps. It answers nothing."""
        ...

    async def wake(self, expert: Expert) -> None:
        """Come back with the weights of `expert`, and with those adapters that outlived it.

        Raises:
            OutOfMemoryError: the device has no room; it sleeps on.
            SwapError: only a restart helps.
        """
        ...

    async def measure(self) -> Footprint | None:
        """Memory it holds on the rung it stands on, `None` where that cannot be told."""
        ...

    async def add(self, adapter: Expert) -> None:
        """Put an adapter on the weights; `SwapError` where the engine refuses it and goes on."""
        ...

    async def remove(self, adapter: Expert) -> None:
        """Take an adapter away."""
        ...

    async def prove(self, canaries: Canaries, expert: Expert, *, is_fresh: bool) -> None:
        """Raise `SwapError` unless what answers for `expert`, loaded or added, is its own."""
        ...

    def generate(self, expert: Expert, call: Call) -> AsyncGenerator[Chunk, None]:
        """Answer for `expert`, whose weights are loaded or which was added to them."""
        ...

    async def embed(self, call: EmbedCall) -> Vectors:
        """Embed with the weights that are loaded."""
        ...

    def check(self) -> None:
        """Raise `EngineDeadError` when the engine is gone."""
        ...

    async def close(self) -> None:
        """End the engine; calls in flight fail with `EngineDeadError`."""
        ...
