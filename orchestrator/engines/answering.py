"""From a turn to an answer: on the engine where the turn came, and once more where that dies."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import TypeVar

from orchestrator.engines.base import Call, Item
from orchestrator.engines.embedding import EmbedCall, Vectors
from orchestrator.engines.notices import Notice, notices_of
from orchestrator.engines.seat import Seat
from orchestrator.engines.slot_time import SlotTime, embedded, timed
from orchestrator.engines.streams import gathered, reading
from orchestrator.errors import EngineDeadError
from orchestrator.residency.clock import Clock
from orchestrator.residency.turn import Turn

C = TypeVar("C", Call, EmbedCall)


class Answering:
    """Answers calls on the engines of a slot, each in its turn.

    Args:
        seats: the engines by id.
        slot: its name.
        clock: of the slot.
    """

    def __init__(self, seats: Mapping[str, Seat], *, slot: str, clock: Clock) -> None:
        self._seats = seats
        self._clock = clock
        self._time = SlotTime(slot, clock=clock.time)

    async def streamed(self, turn: Turn, call: Call) -> AsyncIterator[Item]:
        """What the engine says, as it says it; before that, how the call stands in the queue."""
        has_begun = False
        while True:
            if turn.waits:
                told = notices_of(turn, clock=self._clock, repeats=call.stream)
                async with reading(told) as notices:
                    async for notice in notices:
                        yield notice
            waited_s = await turn.came()
            try:
                host = self._seats[turn.engine].host
                running = timed(host.generate(_after(call, waited_s)), self._time)
                async with reading(running) as chunks:
                    async for chunk in chunks:
                        has_begun = True
                        yield chunk
                return
            except EngineDeadError as error:
                if has_begun or not turn.is_tried_again(error):
                    raise

    async def whole(self, turn: Turn, call: Call) -> list[Item]:
        """All that the engine says; where the turn is called back, it begins anew in another."""
        while True:
            waited_s = await turn.came()
            try:
                chunks = self._seats[turn.engine].host.generate(_after(call, waited_s))
                answer = await turn.unless_recalled(gathered(timed(chunks, self._time)))
            except EngineDeadError as error:
                if not turn.is_tried_again(error):
                    raise
            else:
                if answer is not None:
                    return answer

    async def vectors(self, turn: Turn, call: EmbedCall) -> Vectors:
        """What the engine embeds, with what a stream would have told meanwhile."""
        notices: list[Notice] = []
        while True:
            told = notices_of(turn, clock=self._clock, repeats=False)
            notices += [notice async for notice in told]
            waited_s = await turn.came()
            try:
                work = self._seats[turn.engine].host.embed(_after(call, waited_s))
                running = turn.unless_recalled(work) if call.is_background else work
                found = await embedded(running, self._time)
            except EngineDeadError as error:
                if not turn.is_tried_again(error):
                    raise
            else:
                if found is not None:
                    return replace(found, notices=tuple(notices)) if notices else found


def _after(call: C, waited_s: float) -> C:
    """What is left of a call's time after its wait; where nobody waits, all of it."""
    if call.timeout_s is None or call.is_background:
        return call
    return replace(call, timeout_s=max(call.timeout_s - waited_s, 0.0))
