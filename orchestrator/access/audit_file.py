"""The audit log as a file: JSON lines, appended by every gateway."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

from pydantic import ValidationError

from orchestrator.access.audit import AuditEntry

_LOG = logging.getLogger(__name__)

#: Of the file's end, read for the newest entries, bytes.
_TAIL_BYTES = 4 * 2**20


class AuditFile:
    """An `AuditLog` in a file that any number of processes append to.

    Each line is one write to a file opened for it alone, so lines never mix, and a file that was
    moved away, as logrotate does, is made anew.

    Args:
        path: the file; its folder is there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, entry: AuditEntry) -> None:
        """See `AuditLog.put`."""
        line = entry.model_dump_json().encode() + b"\n"
        try:
            # For its owner alone: it says who may do what.
            opened = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(opened, line)
            finally:
                os.close(opened)
        except OSError as exc:
            _LOG.error("not in the audit log %s (%s): %s", self._path, exc, line.decode().strip())

    async def recent(self, *, limit: int) -> list[AuditEntry]:
        """See `AuditLog.recent`."""
        lines = await asyncio.to_thread(self._last_lines)
        entries: list[AuditEntry] = []
        for line in reversed(lines):
            if len(entries) >= limit:
                break
            try:
                entries.append(AuditEntry.model_validate_json(line))
            except ValidationError:
                _LOG.warning("a line of the audit log %s cannot be read", self._path)
        return entries

    def _last_lines(self) -> list[bytes]:
        try:
            with self._path.open("rb") as file:
                begin = max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES)
                file.seek(begin)
                lines = file.read().splitlines()
        except FileNotFoundError:
            return []
        return lines[1:] if begin else lines  # the first is cut off
