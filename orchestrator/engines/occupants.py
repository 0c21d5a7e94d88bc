"""Who answers in an engine, the calls that run there, and whether it can be believed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.engines.embedding import AnyCall
from orchestrator.engines.traffic import Traffic
from orchestrator.errors import NotHostedError
from orchestrator.registry.models import Expert


class Occupants:
    """The residents of one engine."""

    def __init__(self) -> None:
        #: The expert whose weights are loaded and adapters on them; replaced as a whole.
        self.residents: tuple[Expert, ...] = ()
        self._keys: tuple[str, ...] = ()
        self._traffic = Traffic()
        #: Whether a step ended half-way, so that only a restart can be trusted.
        self._is_torn = False

    def hold(self, *experts: Expert) -> None:
        """From now on these answer."""
        self.residents = experts
        self._keys = tuple(expert.key for expert in experts)

    @contextmanager
    def passing(self, call: AnyCall) -> Iterator[Expert]:
        """Who answers a call, for as long as it runs; one without a version means any of that id.

        Raises:
            NotHostedError: its expert is not resident.
        """
        for expert, key in zip(self.residents, self._keys, strict=True):
            if key == call.key or (expert.id == call.expert and not call.version):
                with self._traffic.passing(key):
                    yield expert
                return
        raise NotHostedError(
            f"expert {call.expert!r} is not resident in this engine; "
            f"{[expert.id for expert in self.residents]} are"
        )

    async def drain(self, *leaving: Expert) -> None:
        """Admit no call for these residents and wait for those in flight.

        An engine's own pause is not enough: a call that was admitted here and reaches the engine
        after the pause would be answered by the next expert's weights.
        """
        before = self.residents
        self.hold(*(one for one in before if one not in leaving))
        try:
            await self._traffic.ended(expert.key for expert in leaving)
        except asyncio.CancelledError:
            self.hold(*before)
            raise

    @contextmanager
    def tearing(self) -> Iterator[bool]:
        """A step after which nothing is certain unless it leaves residents; whether one was."""
        was_torn, self._is_torn = self._is_torn, True
        try:
            yield was_torn
        finally:
            self._is_torn = not self.residents
