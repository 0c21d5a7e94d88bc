"""The form of log lines: each is one JSON object, whatever was logged."""

from __future__ import annotations

import logging
import time

import orjson

from orchestrator.events.telling import EventLine, ids
from orchestrator.guards.redaction import Redaction


class JsonLines(logging.Formatter):
    """Puts time, level, process and logger before an event, or before a message in words.

    Args:
        redaction: blots secrets out of each line; by their looks alone, by default.
    """

    def __init__(self, redaction: Redaction | None = None) -> None:
        super().__init__()
        self._redacted = redaction or Redaction()
        #: The second that was told last, and how.
        self._second = -1
        self._told = ""

    def format(self, record: logging.LogRecord) -> str:
        """One line, without a line break inside."""
        return self._redacted(self._line(record))

    def _line(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        time_, name = self.formatTime(record), orjson.dumps(record.name).decode()
        level, pid = record.levelname, record.process or 0
        head = f'{{"time":"{time_}","level":"{level}","pid":{pid},"logger":{name}'
        if _is_event(record):
            return f"{head},{message[1:]}"
        told: dict[str, object] = {**ids(), "message": message}
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return f"{head},{orjson.dumps(told, default=str).decode()[1:]}"

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        """RFC 3339 in UTC, to the millisecond."""
        del datefmt
        second = int(record.created)
        if second != self._second:
            self._told = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = second
        return f"{self._told}.{int(record.msecs):03d}Z"


def _is_event(record: logging.LogRecord) -> bool:
    """By its type: words of others may look like one."""
    arguments = record.args
    return isinstance(arguments, tuple) and bool(arguments) and isinstance(arguments[0], EventLine)
