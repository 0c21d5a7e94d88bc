"""An engine's place in a slot: what it can become, the host that sits there, and its steps."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from orchestrator.engines.host import Host
from orchestrator.errors import EngineDeadError, EngineError, OrchestratorError, SwapError
from orchestrator.registry.models import Expert, ExpertDefaults
from orchestrator.residency.actions import Add, Sleep, Start, StepAction, Stop, Swap, Wake
from orchestrator.residency.state import Footprint, Rung

_LOG = logging.getLogger(__name__)

#: Starts an engine that holds this expert, no adapter.
Opening = Callable[[Expert], Awaitable[Host]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """The residents of a host by key."""

    experts: tuple[Expert, ...]
    residents: tuple[str, ...]
    adapters: frozenset[str]


class Seat:
    """`residency.effects.Berth` of one engine.

    The loop knows experts by `Expert.key`, so that a changed expert is swapped in like any other.

    Args:
        lineage: id of the lineage whose experts it can become.
        host: the engine that sits here, `None` while none runs.
        opening: starts one; without it what ended is not started again.
        footprints: memory by rung, until it is measured.
    """

    def __init__(
        self,
        lineage: str,
        *,
        host: Host | None = None,
        opening: Opening | None = None,
        footprints: Mapping[Rung, Footprint] | None = None,
    ) -> None:
        self.lineage = lineage
        self._claimed: Mapping[Rung, Footprint] = footprints or {}
        self._measured: Mapping[Rung, Footprint] = {}
        self._footprints = self._claimed
        #: Whether it ever was one that calls are sent for, see `Slot.is_open`.
        self.was_open = host is not None
        #: Seconds the last swap took, `None` before the first.
        self.last_swap_s: float | None = None
        self._host = host
        self._opening = opening
        self._expert_by_key: dict[str, Expert] = {}
        #: One object as long as they are the same.
        self._keys: Collection[str] = self._expert_by_key.keys()
        #: What it may be started with.
        self._starters: dict[str, Expert] = {}
        self._weights_by_adapter: dict[str, str] = {}
        self._seen: _Seen | None = None

    @property
    def host(self) -> Host:
        """The engine that sits here.

        Raises:
            EngineDeadError: none does.
        """
        if self._host is None:
            raise EngineDeadError(f"no engine of lineage {self.lineage!r} runs here")
        return self._host

    @property
    def experts(self) -> Collection[str]:
        """See `Berth.experts`."""
        return self._keys

    @property
    def starters(self) -> Collection[str]:
        """See `Berth.starters`."""
        return self._starters

    @property
    def weights_by_adapter(self) -> Mapping[str, str]:
        """See `Berth.weights_by_adapter`."""
        return self._weights_by_adapter

    @property
    def residents(self) -> tuple[str, ...]:
        """See `Berth.residents`."""
        return () if self._host is None else self._look(self._host).residents

    @property
    def adapters(self) -> frozenset[str]:
        """See `Berth.adapters`."""
        return frozenset() if self._host is None else self._look(self._host).adapters

    @property
    def max_adapters(self) -> int:
        """See `Berth.max_adapters`."""
        return 0 if self._host is None else self._host.max_adapters

    @property
    def rung(self) -> Rung:
        """See `Berth.rung`."""
        return "stopped" if self._host is None else self._host.rung

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """See `Berth.rungs`."""
        found: tuple[Rung, ...] = () if self._host is None else self._host.rungs
        rungs = tuple(rung for rung in found if rung != "stopped")
        return rungs if self._opening is None else (*rungs, "stopped")

    @property
    def footprints(self) -> Mapping[Rung, Footprint]:
        """See `Berth.footprints`: what was measured counts, what was not is claimed."""
        if self._host is not None and self._host.footprints is not self._measured:
            self._measured = self._host.footprints
            self._footprints = {**self._claimed, **self._measured}
        return self._footprints

    def claim(self, footprints: Mapping[Rung, Footprint]) -> None:
        """Take this memory by rung until it is measured."""
        if footprints != self._claimed:
            self._claimed = footprints
            self._footprints = {**footprints, **self._measured}

    @property
    def known(self) -> Mapping[str, Expert]:
        """What it stands for, by key."""
        return self._expert_by_key

    def know(
        self, expert_by_key: Mapping[str, Expert], *, beside: Mapping[str, Expert] | None = None
    ) -> None:
        """Be able to become exactly these.

        Args:
            expert_by_key: what calls come here for.
            beside: what it may also start with, since calls will come for it: another lineage
                still has them.
        """
        self._expert_by_key = dict(expert_by_key)
        self._keys = self._expert_by_key.keys()
        self._starters = {**self._expert_by_key, **(beside or {})}
        self._weights_by_adapter = {
            key: str(one.model) for key, one in self._starters.items() if one.is_adapter
        }
        self._seen = None

    async def take(self, step: StepAction) -> None:
        """See `Effects.take`."""
        match step:
            case Swap(expert=expert):
                await self._swap(expert)
            case Add(expert=expert, instead_of=idle):
                await self._add(expert, instead_of=idle)
            case Wake(expert=expert):
                await self._wake(expert)
            case Sleep(rung=rung):
                async with self._checked():
                    await self.host.sleep(rung)
            case Start(expert=expert):
                await self._start(expert)
            case Stop():
                await self.stop()

    async def check(self) -> None:
        """Raise `EngineDeadError` where an engine should sit here and does not live."""
        if self._host is not None:
            await self._host.check()

    async def stop(self) -> None:
        """End the engine; calls in flight fail with `EngineDeadError`."""
        host = self._host
        try:
            if host is not None:
                await host.close()
        finally:
            if self._host is host:
                self._host, self._seen = None, None

    async def _swap(self, expert: str) -> None:
        """Load other weights; adapters known for them come back ahead of their use."""
        wanted = self._expert_by_key[expert]
        base = self._weights_of(wanted)
        async with self._checked():
            await self.host.become(base)
            if wanted.is_adapter:
                await self.host.add(wanted)
        await self._add_known(base)

    async def _add(self, expert: str, *, instead_of: str | None) -> None:
        """Put an adapter on the weights that are loaded."""
        idle = self._expert_by_key.get(instead_of or "")
        async with self._checked():
            await self.host.add(self._expert_by_key[expert], instead_of=idle)

    async def _wake(self, expert: str) -> None:
        wanted = self._expert_by_key[expert]
        base = self._weights_of(wanted)
        async with self._checked():
            await self.host.wake(base)
            if wanted.is_adapter and wanted not in self.host.residents:
                await self.host.add(wanted)
        await self._add_known(base)

    async def _start(self, expert: str) -> None:
        if self._opening is None:
            raise EngineDeadError(f"lineage {self.lineage!r}: its engine cannot be started here")
        wanted = self._starters[expert]
        try:
            self._host = await self._opening(self._weights_of(wanted))
        except EngineError:
            raise
        except OrchestratorError as exc:  # such as models that cannot be fetched
            raise EngineDeadError(exc.message) from exc
        self._seen = None
        if wanted.is_adapter and wanted not in self._host.residents:
            async with self._checked():
                await self._host.add(wanted)

    @asynccontextmanager
    async def _checked(self) -> AsyncIterator[None]:
        """After a swap that failed, say so only if the host lives to serve another expert."""
        try:
            yield
        except SwapError:
            await self.host.check()
            raise

    async def _add_known(self, base: Expert) -> None:
        """Fill what room is left with known adapters of `base`; one that fails is left out."""
        for expert in tuple(self._expert_by_key.values()):
            residents = self.host.residents
            if len(residents) > self.host.max_adapters:
                return
            if expert.is_adapter and expert.model == base.model and expert not in residents:
                try:
                    await self.host.add(expert)
                except SwapError as exc:
                    _LOG.warning("%s: adapter %r is left out: %s", self.lineage, expert.id, exc)

    def _weights_of(self, expert: Expert) -> Expert:
        return self._base_of(expert) if expert.is_adapter else expert

    def _base_of(self, adapter: Expert) -> Expert:
        """The expert whose weights `adapter` is put on, of the same definition if that is known."""
        known = (
            expert
            for expert in self._expert_by_key.values()
            if expert.id == adapter.base and expert.model == adapter.model
        )
        alone = adapter.model_copy(
            update={"id": adapter.base, "base": None, "adapter": None, "defaults": ExpertDefaults()}
        )
        return next(known, alone)

    def _look(self, host: Host) -> _Seen:
        """What of the host's residents has a key here; looked up again when either changes."""
        residents = host.residents
        if self._seen is None or self._seen.experts is not residents:
            self._seen = _Seen(
                experts=residents,
                residents=tuple(key for one in residents for key in self._keys_of(one)),
                adapters=self._adapters_of(residents[0]) if residents else frozenset(),
            )
        return self._seen

    def _keys_of(self, resident: Expert) -> Iterator[str]:
        """Keys of this definition: an edit of a price makes another object, not another expert."""
        for key, expert in self._expert_by_key.items():
            is_same = expert is resident or (
                expert.id == resident.id and expert.version == resident.version
            )
            if is_same:
                yield key

    def _adapters_of(self, base: Expert) -> frozenset[str]:
        known = self._expert_by_key.items()
        return frozenset(k for k, one in known if one.is_adapter and one.model == base.model)
