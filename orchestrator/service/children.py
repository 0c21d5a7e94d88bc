"""Child processes of the service, each with its log and an order to be stopped in."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import SetupError

_LINES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run in this process's environment, and where its output goes."""

    name: str
    command: Sequence[str]
    log: Path


class Child:
    """A running program."""

    def __init__(self, program: Program) -> None:
        self._program = program
        with program.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command line
                program.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def require_alive(self) -> None:
        """Raise `SetupError` with the end of the log when the program has ended."""
        code = self._process.poll()
        if code is not None:
            raise SetupError(
                f"{self._program.name} ended with code {code}: {self._last_words()} "
                f"(log: {self._program.log})"
            )

    def stop(self, *, within_s: float) -> None:
        """SIGTERM, then SIGKILL after `within_s`."""
        if self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=within_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _last_words(self) -> str:
        lines = self._program.log.read_text(errors="replace").strip().splitlines()
        return " | ".join(line.strip() for line in lines[-_LINES:]) or "it printed nothing"
