"""What every replica does first."""

from __future__ import annotations

import gc
import logging
import os
from pathlib import Path

from orchestrator.service.before_imports import collect_seldom
from orchestrator.service.cluster import PRIVATE
from orchestrator.service.log_lines import VARIABLE, write_lines
from orchestrator.service.loopback import keep_to_loopback
from orchestrator.service.process_life import ProcessLife
from orchestrator.tracing.log_export import send_lines


def enter_replica(role: str, *, slot: str | None = None) -> ProcessLife:
    """Keep to loopback where all is on one machine, and write log lines where operators find them.

    Args:
        role: what the process is for, by which collectors of lines know it.
        slot: of a worker.

    Returns:
        Its life, which has begun: who holds it tells how it goes on.
    """
    if PRIVATE in os.environ:
        keep_to_loopback()
    # What was imported stays: to look through all of it again and again held up the loop, by up to
    # half a second on a busy machine.
    gc.freeze()
    collect_seldom()
    log = os.environ.get(VARIABLE)
    write_lines(logging.getLogger(), Path(log) if log else None)
    send_lines(logging.getLogger(), os.environ, role=role)
    return ProcessLife(role, slot=slot)
