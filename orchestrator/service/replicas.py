"""The replicas as a rollout sees them: told what is coming, and waited for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from orchestrator.engines import fetched
from orchestrator.engines.lineage import Lineage
from orchestrator.errors import NotFoundError, RegistryError, SetupError
from orchestrator.registry.generations import GenerationRecord, Generations
from orchestrator.registry.models import Defaults
from orchestrator.residency.limits import LoopLimits
from orchestrator.service.gateways import PATIENCE_S
from orchestrator.service.layout import Share, grouped, lay_out
from orchestrator.service.plan import Plan
from orchestrator.service.rollcall import Rollcall
from orchestrator.service.room import Room

_LOG = logging.getLogger(__name__)

#: Silence of replicas counts by the clock, so it is looked at again without news, seconds.
_LOOK_S = 0.5
#: Gateways that hear nothing of a flip look for themselves twice within it, seconds.
_SWITCH_S = 1.0


class Replicas:
    """Implements `registry.participants.Participants` on a roll call.

    Args:
        rollcall: what every replica said last.
        generations: where records of older generations are read.
        tell: called when workers have something new to be told.
        room: where slots that an edit adds go.
    """

    def __init__(
        self,
        rollcall: Rollcall,
        generations: Generations,
        *,
        tell: Callable[[], None],
        room: Room,
    ) -> None:
        self._rollcall = rollcall
        self._generations = generations
        self._tell = tell
        self._room = room
        self._news = asyncio.Event()
        self._live: GenerationRecord | None = None
        self._proposed: int | None = None
        self._prepared: Plan | None = None

    def heard(self) -> None:
        """Take note that some replica has said something."""
        self._news.set()

    async def prepare(self, proposed: GenerationRecord) -> None:
        """See `Participants.prepare`."""
        self._proposed = proposed.number
        self._rollcall.announce(proposed.number)
        try:
            self._prepared = await self._plan_beside(proposed)
            self._rollcall.propose(self._prepared)
            self._tell()
            await self._all_ready(proposed.number)
        except BaseException:
            self._rollcall.withdraw()
            self._tell()
            raise
        finally:
            self._proposed = None

    def waiting_for(self) -> Mapping[str, str]:
        """See `Participants.waiting_for`."""
        if self._proposed is None:
            return {}
        return self._rollcall.obstacles(self._proposed).waiting

    async def switched(self, number: int) -> None:
        """See `Participants.switched`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_SWITCH_S):
                while not self._rollcall.gateways.have_switched(number):
                    self._news.clear()
                    await self._news.wait()

    def serving(self) -> Mapping[str, int]:
        """See `Participants.serving`."""
        return self._rollcall.gateways.serving

    async def flipped(self, live: GenerationRecord) -> None:
        """See `Participants.flipped`."""
        older = [] if self._rollcall.is_planned else await self._older(live)
        if self._live is not None and self._live.number == live.number:
            self._rollcall.withdraw()
        else:
            self._rollcall.settle(await self._plan(live, own=self._prepared_for(live)), older=older)
            self._live = live
        self._prepared = None
        self._tell()

    async def _all_ready(self, number: int) -> None:
        while True:
            self._news.clear()
            obstacles = self._rollcall.obstacles(number)
            if obstacles.failed:
                told = "; ".join(f"{name}: {why}" for name, why in obstacles.failed.items())
                raise RegistryError(f"generation {number} cannot be served: {told}")
            if not obstacles.waiting:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._news.wait()

    def _prepared_for(self, live: GenerationRecord) -> Sequence[Lineage] | None:
        """The lineages that were made ready, whatever became of the folders since."""
        prepared = self._prepared
        is_same = prepared is not None and prepared.number == live.number
        return prepared.layout.own if prepared is not None and is_same else None

    async def _plan_beside(self, proposed: GenerationRecord) -> Plan:
        live = self._live
        if live is None:
            return await self._plan(proposed)
        try:
            plan = await self._plan(
                proposed, beside=self._rollcall.own, standing=self._rollcall.shares
            )
        except SetupError as exc:
            raise RegistryError(f"generation {proposed.number}: {exc.message}") from exc
        try:
            self._room.require(plan.layout, running=self._rollcall.staff)
        except SetupError as exc:
            raise RegistryError(
                f"generation {proposed.number} does not fit beside generation {live.number}, which "
                f"serves until every replica is ready: {exc.message}; or take out in an edit of "
                "its own what is to make room"
            ) from exc
        return plan

    async def _plan(
        self,
        record: GenerationRecord,
        *,
        own: Sequence[Lineage] | None = None,
        beside: Sequence[Lineage] = (),
        standing: Sequence[Share] = (),
    ) -> Plan:
        if own is None:
            own = await asyncio.to_thread(_grouped, record)
        layout = lay_out(
            record.registry,
            own,
            beside=beside,
            standing=standing,
            previous=self._rollcall.placed,
        )
        for turns in layout.turns:
            _LOG.warning("generation %d: %s", record.number, turns)
        return Plan(
            number=record.number,
            layout=layout,
            limits=_limits(record.registry.defaults),
            has_homes=record.registry.defaults.placement == "observed",
        )

    async def _older(self, live: GenerationRecord) -> list[Plan]:
        """Plans of generations that requests are pinned to since before this process began."""
        if not self._rollcall.holds_engines:
            return []
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while self._rollcall.gateways.floor is None:
                    self._news.clear()
                    await self._news.wait()
        floor = self._rollcall.gateways.floor
        plans = []
        for number in range(live.number if floor is None else floor, live.number):
            with suppress(NotFoundError):
                plans.append(await self._plan(await self._generations.read(number)))
        return plans


def _grouped(record: GenerationRecord) -> tuple[Lineage, ...]:
    fetched.sketch(record.registry.experts)
    return grouped(record.registry, Path(record.folder))


def _limits(defaults: Defaults) -> LoopLimits:
    return LoopLimits(
        max_queue=defaults.max_queue,
        patience=defaults.patience,
        background_beside=defaults.beside,
        prefetch=defaults.prefetch,
    )
