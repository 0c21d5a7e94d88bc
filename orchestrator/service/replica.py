"""What every replica does first."""

from __future__ import annotations

import logging

from orchestrator.service.loopback import keep_to_loopback

_FORM = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def enter_replica() -> None:
    """Keep the replica to loopback, and write our log lines where Ray keeps its process's."""
    keep_to_loopback()
    logger = logging.getLogger("orchestrator")
    if not logger.handlers:
        lines = logging.StreamHandler()
        lines.setFormatter(logging.Formatter(_FORM))
        logger.addHandler(lines)
        logger.setLevel(logging.INFO)
        logger.propagate = False
