"""Asks shadows in one thread beside the answers, and counts what they said."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from threading import BoundedSemaphore

from orchestrator import metrics
from orchestrator.events.telling import tell
from routers.shadow import Compared

_LOG = logging.getLogger(__name__)

#: Jobs that may wait: more would only be answered when nobody reads them any more.
_MAX_WAITING = 16


class BesideAnswers:
    """One thread: a shadow takes at most one core from those who answer.

    Args:
        max_waiting: jobs that wait or run; what comes while there are as many is dropped.
    """

    def __init__(self, *, max_waiting: int = _MAX_WAITING) -> None:
        self._room = BoundedSemaphore(max_waiting)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="shadow")

    def later(self, job: Callable[[], None]) -> bool:
        """See `Shadowing.later`."""
        if not self._room.acquire(blocking=False):
            return False
        try:
            self._pool.submit(self._run, job)
        except RuntimeError:  # the process is about to end
            self._room.release()
            return False
        return True

    def hear(self, compared: Compared) -> None:
        """See `Shadowing.hear`: counted, and one log line where the shadow has chosen."""
        metrics.SHADOWS.labels(compared.router, compared.shadow, compared.agreed).inc()
        if compared.other is not None:
            tell(_LOG, "shadow", **asdict(compared))

    def _run(self, job: Callable[[], None]) -> None:
        try:
            job()
        except Exception:  # noqa: BLE001 - the thread's outermost edge: no request hears of it
            _LOG.exception("a shadow failed; what it was compared with has answered")
        finally:
            self._room.release()
