"""A call's turn, as its caller sees it: awaited, held, and now and then called back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol, TypeVar

from orchestrator.errors import EngineDeadError
from orchestrator.residency.estimates import Outlook
from orchestrator.residency.places import Place
from orchestrator.residency.tickets import Ticket

T = TypeVar("T")


class TurnGiver(Protocol):
    """Who gives turns, as a turn needs it."""

    def outlook_of(self, ticket: Ticket) -> Outlook:
        """Where a ticket stands now."""
        ...

    def engine_of(self, place: Place) -> str:
        """The engine on which a place's turn came; `EngineDeadError` where it died since."""
        ...

    def lose(self, place: Place, error: EngineDeadError) -> bool:
        """Take note that a place's engine died; whether the place waits again."""
        ...

    def give_back(self, place: Place) -> None:
        """Its caller let go of a turn that was called back, and waits again.

        Raises:
            EngineDeadError: its expert cannot be had here any more.
        """
        ...


class Turn:
    """A call's place in the queue, as its caller sees it.

    Args:
        place: its place.
        giver: whose place it is.
    """

    def __init__(self, place: Place, *, giver: TurnGiver) -> None:
        self._place = place
        self._giver = giver

    async def came(self) -> float:
        """Wait for the turn; returns the seconds waited.

        Raises:
            OverloadedError: `max_wait_s` has passed.
            EngineTimeoutError: `timeout_s` has.
            SwapError: the expert could not be made resident.
            EngineDeadError: no engine for it comes back.
        """
        return await asyncio.shield(self._place.granted)

    @property
    def arrived_s(self) -> float:
        """When it began to wait, by the loop's clock."""
        return self._place.ticket.arrived_s

    @property
    def waits(self) -> bool:
        """Whether its turn has neither come nor been refused."""
        return not self._place.granted.done()

    @property
    def has_come(self) -> bool:
        """Whether its turn came, not its refusal."""
        granted = self._place.granted
        return granted.done() and not granted.cancelled() and granted.exception() is None

    def on_end(self, ring: Callable[[], None]) -> None:
        """Call `ring` once the wait is over, however it ended."""
        self._place.granted.add_done_callback(lambda _: ring())

    @property
    def engine(self) -> str:
        """The engine on which the turn came.

        Raises:
            EngineDeadError: it died since.
        """
        return self._giver.engine_of(self._place)

    def is_tried_again(self, error: EngineDeadError) -> bool:
        """Whether a call that lost its engine before it yielded anything is to wait once more."""
        return self._giver.lose(self._place, error)

    async def unless_recalled(self, work: Awaitable[T]) -> T | None:
        """What `work` comes to; `None` where the turn was called back, and is to be awaited anew.

        What is called back is cancelled, as by a timeout; the engine is let go once it has ended.
        """
        scope, place = asyncio.timeout(None), self._place
        try:
            async with scope:
                place.on_recall = partial(scope.reschedule, 0.0)
                if place.is_recalled:
                    place.on_recall()
                return await work
        except TimeoutError:
            if not scope.expired():
                raise
        finally:
            place.on_recall = None
        self._giver.give_back(place)
        return None

    @property
    def outlook(self) -> Outlook | None:
        """Position and estimate while it waits, `None` once the turn came or was refused."""
        return self._giver.outlook_of(self._place.ticket) if self.waits else None
