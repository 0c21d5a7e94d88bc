"""A host of siblings: when to reload, when to restart, and what to believe."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager

from orchestrator.engines.base import Call, Chunk
from orchestrator.engines.canaries import Canaries
from orchestrator.engines.embedding import AnyCall, EmbedCall, Vectors
from orchestrator.engines.fitting import check_adapter, check_sibling
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.occupants import Occupants
from orchestrator.engines.rungs import AWAKE
from orchestrator.engines.running import Running
from orchestrator.errors import (
    EngineDeadError,
    EngineError,
    NotHostedError,
    OutOfMemoryError,
    SwapError,
)
from orchestrator.registry.models import Expert
from orchestrator.residency.state import Footprint, Rung

_logger = logging.getLogger(__name__)


class SiblingHost:
    """See `Host`; `start` makes one.

    Args:
        lineage: the experts it can become.
        begin: starts an engine with the weights of one of them.
    """

    def __init__(
        self, lineage: Lineage, begin: Callable[[Lineage, Expert], Awaitable[Running]]
    ) -> None:
        self.lineage = lineage
        self.max_adapters = lineage.max_adapters
        self.rung: Rung = "serving"
        self.rungs = AWAKE
        #: See `Host.footprints`.
        self.footprints: Mapping[Rung, Footprint] = {}
        self._begin = begin
        self._running: Running | None = None
        self._canaries = Canaries()
        self._swapping = asyncio.Lock()
        self._occupants = Occupants()

    @property
    def residents(self) -> tuple[Expert, ...]:
        """See `Host.residents`."""
        return self._occupants.residents

    @property
    def num_unfinished(self) -> int:
        """Requests the engine has not ended."""
        return 0 if self._running is None else self._running.num_unfinished

    async def start(self, expert: Expert) -> None:
        """Start an engine with `expert` and prove its weights.

        Raises:
            EngineDeadError: it could not be started.
            OutOfMemoryError: there is too little memory for it.
            SwapError: the weights are not what the expert's recorded canary says.
        """
        running = await self._begin(self.lineage, expert)
        try:
            await running.prove(self._canaries, expert, is_fresh=True)
        except BaseException:
            await running.close()
            raise
        self._running = running
        self.rungs, self.rung = running.rungs, "serving"
        self._occupants.hold(expert)
        await self._measure(running)

    async def add_known(self) -> None:
        """Add the lineage's adapters on the weights that are loaded, ahead of their use.

        One that cannot be added is left out: whoever asks for it will hear why.
        """
        for expert in self.lineage.experts:
            if len(self.residents) > self.max_adapters:
                return
            if expert.is_adapter and expert.model == self.residents[0].model:
                try:
                    await self.add(expert)
                except SwapError as exc:
                    _logger.warning("adapter %r is left out: %s", expert.id, exc.message)

    def can_become(self, expert: Expert) -> bool:
        """Whether `expert`, as it is configured now, belongs to the lineage."""
        return self.lineage.holds(expert)

    async def become(self, expert: Expert) -> None:
        """Reload the weights of `expert` in place and prove them; see `Host.become`.

        What can be refused is refused first, from the headers, and leaves the previous expert
        serving. When the reload itself fails the engine is started anew with `expert`, and when
        that fails too, with the previous one.
        """
        async with self._swapping:
            running = self._serving(expert)
            await asyncio.to_thread(check_sibling, self.lineage, running, expert)
            previous = running.expert
            await self._occupants.drain(*self.residents)
            with self._occupants.tearing() as was_torn:
                try:
                    if was_torn:
                        raise SwapError("the swap before was interrupted")
                    await running.reload(expert)
                    await running.prove(self._canaries, expert, is_fresh=False)
                    self._occupants.hold(expert)
                except SwapError as exc:
                    await self._restart(expert, previous, exc)

    async def add(self, expert: Expert, *, instead_of: Expert | None = None) -> None:
        """Put an adapter on the weights that are loaded; see `Host.add`.

        What can be refused is refused first, from the headers, before another is taken away. An
        adapter whose canary differs is taken away again.
        """
        async with self._swapping:
            running = self._serving(expert)
            loaded = next(iter(self.residents), None)
            await asyncio.to_thread(check_adapter, self.lineage, running, expert, loaded=loaded)
            if instead_of is not None:
                await self._occupants.drain(instead_of)
                await running.remove(instead_of)
            if len(self.residents) > self.max_adapters:
                raise SwapError(
                    f"adapter {expert.id!r} has no room beside "
                    f"{[one.id for one in self.residents[1:]]}: max_loras is {self.max_adapters}"
                )
            try:
                await running.add(expert)
                await running.prove(self._canaries, expert, is_fresh=False)
            except BaseException:
                await running.remove(expert)
                raise
            self._occupants.hold(*self.residents, expert)

    async def sleep(self, rung: Rung) -> None:
        """Step down the ladder; see `Host.sleep`.

        An engine that fails on its way is started anew, with the expert it had.
        """
        async with self._swapping:
            running = self._checked()
            if self.rung != "serving" or rung not in running.rungs or rung in AWAKE:
                raise SwapError(
                    f"the engine of lineage {self.lineage.id!r} is {self.rung} and cannot be "
                    f"{rung}: while it serves, it takes {running.rungs}"
                )
            before = self.residents
            await self._occupants.drain(*before)
            with self._occupants.tearing() as was_torn:
                try:
                    if was_torn:
                        raise SwapError("the swap before was interrupted")
                    await running.sleep(rung)
                except SwapError as exc:
                    _logger.warning("restarting an engine that fell asleep badly: %s", exc.message)
                    await self.close()
                    await self._start_again(running.expert, exc)
                    raise
                self.rung = rung
                self._occupants.hold(*(before if rung == "asleep" else before[:1]))
                await self._measure(running)

    async def wake(self, expert: Expert) -> None:
        """Come back holding `expert`; see `Host.wake`.

        What can be refused is refused first, and it sleeps on. When the wake itself fails, other
        than for want of memory, the engine is started anew, as `become` does.
        """
        async with self._swapping:
            running = self._checked()
            if self.rung == "serving":
                raise SwapError(
                    f"the engine of lineage {self.lineage.id!r} does not sleep: expert "
                    f"{expert.id!r} is swapped in"
                )
            await asyncio.to_thread(check_sibling, self.lineage, running, expert)
            previous, rung, before = running.expert, self.rung, self.residents
            self._occupants.hold()
            self.rung = "serving"  # and if this is interrupted, of nobody, so only a restart helps
            with self._occupants.tearing():
                try:
                    await running.wake(expert)
                    await running.prove(self._canaries, expert, is_fresh=False)
                    self._occupants.hold(expert, *await self._outlived(running))
                except OutOfMemoryError:
                    self.rung = rung
                    self._occupants.hold(*before[:1], *running.adapters)
                    raise
                except SwapError as exc:
                    await self._restart(expert, previous, exc)
                else:
                    await self._measure(running)

    async def generate(self, call: Call) -> AsyncGenerator[Chunk, None]:
        """Answer for a resident expert; see `Engine.generate`.

        Raises:
            NotHostedError: it is not resident, or a swap is under way.
        """
        with self._passing(call) as (running, expert):
            async with aclosing(running.generate(expert, call)) as chunks:
                async for chunk in chunks:
                    yield chunk

    async def embed(self, call: EmbedCall) -> Vectors:
        """Embed for the resident expert; raises as `generate`."""
        with self._passing(call) as (running, _):
            return await running.embed(call)

    async def check(self) -> None:
        """Raise `EngineDeadError` when the engine can no longer generate."""
        self._checked()

    async def close(self) -> None:
        """End the engine; calls in flight fail with `EngineDeadError`."""
        self._occupants.hold()
        running, self._running = self._running, None
        if running is not None:
            await running.close()

    def _checked(self) -> Running:
        if self._running is None:
            raise EngineDeadError(f"the engine of lineage {self.lineage.id!r} is closed")
        self._running.check()
        return self._running

    @contextmanager
    def _passing(self, call: AnyCall) -> Iterator[tuple[Running, Expert]]:
        """The engine and who answers; vLLM would keep a call that reaches a sleeper waiting."""
        running = self._checked()
        if self.rung != "serving":
            raise NotHostedError(f"expert {call.expert!r}: its engine is {self.rung}")
        with self._occupants.passing(call) as expert:
            yield running, expert

    def _serving(self, expert: Expert) -> Running:
        running = self._checked()
        if self.rung != "serving":
            raise SwapError(f"expert {expert.id!r}: its engine is {self.rung}; wake it first")
        return running

    async def _outlived(self, running: Running) -> list[Expert]:
        """Adapters that are still on the weights, each proved; another is taken away."""
        proved = []
        for adapter in running.adapters:
            try:
                await running.prove(self._canaries, adapter, is_fresh=False)
                proved.append(adapter)
            except SwapError as exc:
                _logger.warning("adapter %r did not outlive a sleep: %s", adapter.id, exc.message)
                await running.remove(adapter)
        return proved

    async def _measure(self, running: Running) -> None:
        measured = await running.measure()
        if measured is not None:
            self.footprints = {**self.footprints, self.rung: measured}

    async def _restart(self, expert: Expert, previous: Expert, reason: SwapError) -> None:
        _logger.warning("restarting the engine for expert %r: %s", expert.id, reason.message)
        await self.close()
        try:
            await self.start(expert)
        except EngineError as exc:
            await self._start_again(previous, exc)
            raise SwapError(
                f"expert {expert.id!r} could not be loaded, not even into a fresh engine, which "
                f"serves {previous.id!r} again: {exc.message}"
            ) from exc

    async def _start_again(self, expert: Expert, reason: EngineError) -> None:
        """Start with what was served before.

        Raises:
            EngineDeadError: not even that starts.
        """
        try:
            await self.start(expert)
        except EngineError as exc:
            raise EngineDeadError(
                f"after {reason.message!r} the engine of lineage {self.lineage.id!r} does not "
                f"start with {expert.id!r} either: {exc.message}"
            ) from exc
