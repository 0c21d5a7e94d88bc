"""Where every replica writes its log lines: one file of the service, not one a process."""

from __future__ import annotations

import logging
import os
import sys
from logging.handlers import WatchedFileHandler
from pathlib import Path

from orchestrator.events.lines import JsonLines
from orchestrator.guards.redaction import Redaction

#: In the environment of all of Ray's processes: the file that every replica appends its lines to.
VARIABLE = "ORCHESTRATOR_LOG_FILE"
_NAME = "lines of a replica"


def write_lines(root: logging.Logger, log: Path | None) -> None:
    """Have our lines from INFO on, and the warnings of libraries, appended to a file; once.

    Not written to `sys.stderr`: in a replica Serve puts its own logger in that place, which drops
    all below a warning. Every replica appends to the same file, a line of
    JSON a write; one that was moved away, as logrotate does, is made anew.

    Args:
        root: the logger above all others.
        log: the file; without one the lines go to the process's own stderr.
    """
    if any(handler.name == _NAME for handler in root.handlers):
        return
    lines = WatchedFileHandler(log) if log is not None else logging.StreamHandler(sys.__stderr__)
    lines.name = _NAME
    lines.setFormatter(JsonLines(Redaction.of(os.environ)))
    root.addHandler(lines)
    root.getChild("orchestrator").setLevel(logging.INFO)
