"""What the operator reads while the service starts and stops."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO


def own_output() -> TextIO:
    """The standard output under a descriptor of its own, which outlives a redirection of 1."""
    return os.fdopen(os.dup(sys.stdout.fileno()), "w")


class Progress:
    """Prints one line a step, with the seconds since the start.

    Args:
        out: where lines go.
        clock: seconds, monotonic.
    """

    def __init__(
        self, out: TextIO = sys.stdout, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._out = out
        self._clock = clock
        self._start_s = clock()

    def say(self, line: str) -> None:
        """Print `line` now, whatever buffers the output."""
        elapsed_s = self._clock() - self._start_s
        print(f"{elapsed_s:6.1f} s  {line}", file=self._out, flush=True)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Print `what` with the seconds it took, once it is done."""
        began_s = self._clock()
        yield
        self.say(f"{what} ({self._clock() - began_s:.1f} s)")
