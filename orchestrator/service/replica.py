"""What every replica does first."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import orchestrator
from orchestrator.events.telling import tell
from orchestrator.service.log_lines import VARIABLE, write_lines
from orchestrator.service.loopback import keep_to_loopback
from orchestrator.tracing.log_export import send_lines

_LOG = logging.getLogger(__name__)


def enter_replica(role: str) -> None:
    """Keep the replica to loopback, and write our log lines where an operator finds them.

    Args:
        role: what the process is for, by which collectors of lines know it.
    """
    keep_to_loopback()
    log = os.environ.get(VARIABLE)
    write_lines(logging.getLogger(), Path(log) if log else None)
    send_lines(logging.getLogger(), os.environ, role=role)
    tell(_LOG, "life", process=role, state="begun", version=orchestrator.__version__)
