"""How far a process of the service is in its life, each change told once."""

from __future__ import annotations

import logging
from typing import Literal

import orchestrator
from orchestrator.events.telling import tell

_LOG = logging.getLogger(__name__)

State = Literal["begun", "ready", "paused", "resumed", "draining", "ended"]
#: Nothing but the end comes after these.
_LAST: frozenset[State] = frozenset({"draining", "ended"})
_UP: frozenset[State] = frozenset({"ready", "resumed"})


class ProcessLife:
    """The life of this process, which begins now.

    Args:
        role: what the process is for.
        slot: whose it is; `None` of one that is no worker.
    """

    def __init__(self, role: str, *, slot: str | None = None) -> None:
        self._known = {"process": role, "version": orchestrator.__version__}
        if slot is not None:
            self._known["slot"] = slot
        self._state: State = "begun"
        self._tell("")

    def see(self, *, is_up: bool, why: str = "") -> None:
        """Whether it does its work at this moment; it may be said as often as it is looked at.

        Args:
            is_up: it does.
            why: it does not, in words.
        """
        if self._state in _LAST:
            return
        if is_up and self._state not in _UP:
            self._move("ready" if self._state == "begun" else "resumed")
        elif not is_up and self._state in _UP:
            self._move("paused", why)

    def drain(self, why: str) -> None:
        """It takes nothing new any more, and ends what is under way."""
        if self._state not in _LAST:
            self._move("draining", why)

    def end(self, why: str) -> None:
        """It has let go of everything, in order."""
        if self._state != "ended":
            self._move("ended", why)

    def _move(self, state: State, why: str = "") -> None:
        self._state = state
        self._tell(why)

    def _tell(self, why: str) -> None:
        reason = {"reason": why} if why else {}
        level = logging.WARNING if self._state == "paused" else logging.INFO
        tell(_LOG, "life", level, state=self._state, **self._known, **reason)
