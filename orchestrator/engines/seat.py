"""A host's place in a slot: the effects its loop acts through, with metrics and log lines."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from orchestrator import metrics
from orchestrator.costs.prior import Step
from orchestrator.engines.host import Host
from orchestrator.errors import EngineDeadError, OrchestratorError, SwapError
from orchestrator.registry.models import Expert, ExpertDefaults
from orchestrator.residency.actions import Add, StepAction, Swap
from orchestrator.residency.steps import expert_of
from orchestrator.residency.tickets import Ticket

_LOG = logging.getLogger(__name__)

#: Gives a live host in place of a dead one; raises `EngineDeadError` when it cannot.
Revive = Callable[[Host], Awaitable[Host]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """The residents of a host by key."""

    experts: tuple[Expert, ...]
    residents: tuple[str, ...]
    adapters: frozenset[str]


class Seat:
    """`residency.effects.Effects` on one host.

    The loop knows experts by `Expert.key`, so that a changed expert is swapped in like any other.

    Args:
        slot: the slot's name, for metrics and the log.
        host: the engine that sits here.
        revive: replaces a dead host; without it a dead host stays dead.
        on_queue: told when the queue's length may have changed.
    """

    def __init__(
        self,
        slot: str,
        host: Host,
        *,
        revive: Revive | None,
        on_queue: Callable[[], None],
    ) -> None:
        self.host = host
        #: Seconds the last swap took, `None` before the first.
        self.last_swap_s: float | None = None
        self._slot = slot
        self._queue_wait_s = metrics.QUEUE_WAIT_SECONDS.labels(slot, "admitted")
        self._revive = revive
        self._on_queue = on_queue
        self._expert_by_key: dict[str, Expert] = {}
        self._seen: _Seen | None = None
        #: What the last step was, for metrics.
        self._kind: Step = "swap"

    @property
    def experts(self) -> Collection[str]:
        """See `Effects.experts`."""
        return self._expert_by_key.keys()

    @property
    def residents(self) -> tuple[str, ...]:
        """See `Effects.residents`."""
        return self._look().residents

    @property
    def adapters(self) -> frozenset[str]:
        """See `Effects.adapters`."""
        return self._look().adapters

    @property
    def max_adapters(self) -> int:
        """See `Effects.max_adapters`."""
        return self.host.max_adapters

    def learn(self, key: str, expert: Expert) -> None:
        """Take note of what `key` stands for."""
        self._expert_by_key[key] = expert
        self._seen = None

    def knows(self, key: str) -> bool:
        """Whether `key` can be swapped to."""
        return key in self._expert_by_key

    def forget_all_but(self, keys: Iterable[str]) -> None:
        """Drop every other key."""
        kept = set(keys)
        self._expert_by_key = {k: e for k, e in self._expert_by_key.items() if k in kept}
        self._seen = None

    async def take(self, step: StepAction) -> None:
        """See `Effects.take`."""
        match step:
            case Swap(expert=expert):
                await self.swap(expert)
            case Add(expert=expert, instead_of=idle):
                await self.add(expert, instead_of=idle)
            case _:
                raise SwapError(
                    f"slot {self._slot!r}: {type(step).__name__.lower()} is not available on its "
                    "host, which can swap siblings in place and add adapters"
                )

    async def swap(self, expert: str) -> None:
        """Load other weights; adapters known for them come back ahead of their use."""
        self._kind = "swap"
        wanted = self._expert_by_key[expert]
        base = self._base_of(wanted) if wanted.is_adapter else wanted
        async with self._checked():
            await self.host.become(base)
            if wanted.is_adapter:
                await self.host.add(wanted)
        await self._add_known(base)

    async def add(self, expert: str, *, instead_of: str | None) -> None:
        """Put an adapter on the weights that are loaded."""
        self._kind = "add"
        idle = self._expert_by_key.get(instead_of or "")
        async with self._checked():
            await self.host.add(self._expert_by_key[expert], instead_of=idle)

    async def restart(self) -> None:
        """See `Effects.restart`."""
        if self._revive is None:
            raise EngineDeadError(f"slot {self._slot!r}: its engine died and cannot be restarted")
        self.host = await self._revive(self.host)

    def queued(self, num_waiting: int) -> None:
        """See `Effects.queued`."""
        del num_waiting  # the gauge is the slot's: the sum over its hosts
        self._on_queue()

    def admitted(self, ticket: Ticket, *, waited_s: float) -> None:
        """See `Effects.admitted`."""
        del ticket
        self._queue_wait_s.observe(waited_s)

    def stepped(self, step: StepAction, *, took_s: float, error: OrchestratorError | None) -> None:
        """See `Effects.stepped`."""
        expert = expert_of(step)
        outcome = "ok" if error is None else error.code
        metrics.SWAPS.labels(self._slot, self._kind, outcome).inc()
        if error is None:
            self.last_swap_s = took_s
            metrics.SWAP_SECONDS.labels(self._slot, self._kind).observe(took_s)
            _LOG.info("slot %s: expert %r is resident after %.3f s", self._slot, expert, took_s)
        else:
            _LOG.error("slot %s: swap to expert %r failed: %s", self._slot, expert, error)

    def died(self, error: OrchestratorError) -> None:
        """See `Effects.died`."""
        _LOG.error("slot %s: its engine died, restarting it: %s", self._slot, error)

    def restarted(self, error: OrchestratorError | None) -> None:
        """See `Effects.restarted`."""
        if error is None:
            residents = [expert.id for expert in self.host.residents]
            _LOG.warning("slot %s: its engine is back with %s", self._slot, residents)
        else:
            _LOG.error("slot %s: its engine stays dead: %s", self._slot, error)

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
                    _LOG.warning("slot %s: adapter %r is left out: %s", self._slot, expert.id, exc)

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

    def _look(self) -> _Seen:
        """What of the host's residents has a key here; looked up again when either changes."""
        residents = self.host.residents
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
