"""A program that logs in one thread while another sets up logging, with stdout as Ray Serve has it.

Its argument is the stream of the handler. It ends with 0 when both threads are done.
"""

from __future__ import annotations

import logging
import sys
import threading
from logging.config import dictConfig

NUM_ROUNDS = 2000


class Logs:
    """A stream that logs what is written to it, as `ray.serve` puts for `sys.stdout`."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def write(self, text: str) -> None:
        self._logger.info(text.rstrip())

    def flush(self) -> None:
        pass


def _configure(stream: str) -> None:
    handler = {"class": "logging.StreamHandler", "stream": stream}
    logger = {"handlers": ["out"], "level": "INFO", "propagate": False}
    dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"out": handler},
            "loggers": {"engine": logger},
        }
    )


def _log() -> None:
    for number in range(NUM_ROUNDS):
        logging.getLogger("engine").info("line %d", number)


def main(stream: str) -> None:
    """Run both threads to their end."""
    sys.stdout = Logs(logging.getLogger("serve"))  # type: ignore[assignment]
    _configure(stream)
    writer = threading.Thread(target=_log, daemon=True)
    writer.start()
    for _ in range(NUM_ROUNDS // 4):
        _configure(stream)
    writer.join()


if __name__ == "__main__":
    main(sys.argv[1])
