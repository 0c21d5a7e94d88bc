"""What the caller of a call that waits is told: where it stands, at once and then now and then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from math import isfinite

from orchestrator.residency.clock import Alarm, Clock
from orchestrator.residency.turn import Turn

#: After which a caller that still waits is told again, the first time and from then on, seconds.
#: The head of a stream leaves with the first of these, so that what waits less keeps its status.
FIRST_S, THEN_S = 0.25, 1.0
#: Between what a slot says at arrival and its next notice: the head of a stream leaves with a
#: notice of a longer wait, and says who answers, seconds.
HEAD_S = FIRST_S / 2
#: Who is further back is told less often, by this share of a second a place: all that wait
#: together take a small part of the slot's time.
A_PLACE_S = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Where a call stands that waits; no part of its answer, so another slot may still be tried."""

    #: 1 is next; 0 says that the wait is over, by a turn or by a refusal.
    position: int
    #: Until its turn, seconds; `None` where nobody can say.
    expected_s: float | None = None
    #: So far, seconds.
    waited_s: float = 0.0

    @property
    def is_over(self) -> bool:
        """Whether this slot lets it wait no longer."""
        return self.position == 0


async def notices_of(turn: Turn, *, clock: Clock, repeats: bool) -> AsyncGenerator[Notice, None]:
    """Wait for `turn`, saying where it stands; nothing is said of a turn that comes at once.

    Args:
        turn: whose end ends this.
        clock: the one that the turn is timed by.
        repeats: say it again and again; else at the beginning and the end alone.
    """
    bell = asyncio.Event()
    alarm = Alarm(clock, bell.set)
    turn.on_end(bell.set)
    pause_s, has_waited = FIRST_S, False
    try:
        while (outlook := turn.outlook) is not None:
            has_waited = True
            bell.clear()
            yield Notice(
                position=outlook.position,
                expected_s=outlook.wait_s if isfinite(outlook.wait_s) else None,
                waited_s=clock.time() - turn.arrived_s,
            )
            alarm.set(clock.time() + pause_s if repeats else None)
            pause_s = max(THEN_S, outlook.position * A_PLACE_S)
            await bell.wait()
    finally:
        alarm.set(None)
    if has_waited:
        yield Notice(position=0, waited_s=clock.time() - turn.arrived_s)
