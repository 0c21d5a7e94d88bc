"""A service of its own for the time of a run."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from orchestrator.errors import SetupError

_READY = "ready at "
_STOP_S = 60.0
_LINES = 5
#: `orchestrator`, told by the kernel to end when this process dies (PR_SET_PDEATHSIG is 1), however
#: it dies. A program of its own: code between fork and exec can hang.
_ENDS_WITH_US = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 15); "
    "os.execv(sys.executable, [sys.executable, '-m', 'orchestrator.cli.main', *sys.argv[1:]])"
)


@contextmanager
def served(registry: Path, *, say: Callable[[str], None]) -> Iterator[str]:
    """The root of a service of this registry, on this machine alone; it ends with the block.

    Args:
        registry: its file.
        say: told of each line on the way to readiness.

    Raises:
        SetupError: the service did not start; the message has its last lines.
    """
    with TemporaryDirectory(prefix="orchestrator-bulk-") as data:
        options = [f"--registry={registry}", f"--data-dir={data}", "--gateways=1"]
        address = ["--host=127.0.0.1", f"--port={_free_port()}"]
        process = subprocess.Popen(  # noqa: S603 - our own command line
            [sys.executable, "-c", _ENDS_WITH_US, "serve", *options, *address],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # Ctrl-C ends the run first, and the service by its end.
            start_new_session=True,
        )
        assert process.stdout is not None
        with process.stdout as lines:
            output = _Output(lines, say=say)
            try:
                yield output.url()
            finally:
                _stop(process)
                output.join()


class _Output:
    """Reads what the service prints, so that it never waits for a reader."""

    def __init__(self, lines: IO[str], *, say: Callable[[str], None]) -> None:
        self._say = say
        self._last: deque[str] = deque(maxlen=_LINES)
        self._url = ""
        self._is_told = threading.Event()
        self._thread = threading.Thread(target=self._read, args=(lines,), daemon=True)
        self._thread.start()

    def url(self) -> str:
        """The service's root, once it is ready."""
        self._is_told.wait()
        if not self._url:
            told = " | ".join(line.strip() for line in self._last) or "it printed nothing"
            raise SetupError(f"the service did not start: {told}")
        return self._url

    def join(self) -> None:
        """Wait for the end of the output."""
        self._thread.join()

    def _read(self, lines: IO[str]) -> None:
        for line in lines:
            self._last.append(line)
            if self._url:
                continue
            self._say(line.rstrip())
            _, found, rest = line.partition(_READY)
            if found:
                self._url = rest.split()[0].removesuffix("/v1")
                self._is_told.set()
        self._is_told.set()


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(timeout=_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
