"""What every replica does first."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from orchestrator.service.log_lines import VARIABLE, write_lines
from orchestrator.service.loopback import keep_to_loopback


def enter_replica() -> None:
    """Keep the replica to loopback, and write our log lines where an operator finds them."""
    keep_to_loopback()
    log = os.environ.get(VARIABLE)
    write_lines(logging.getLogger(), Path(log) if log else None)
