"""Processes that a bench starts: ready when they answer, gone when nothing of them is left."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.family import Family

POLL_S = 0.1
KILL_TIMEOUT_S = 10.0


class BenchError(Exception):
    """Something cannot be measured; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A started process, all it started, and where it logs."""

    popen: subprocess.Popen[bytes]
    family: Family
    log: Path

    def wait_until(self, is_ready: Callable[[], bool], *, timeout_s: float) -> float:
        """Wait for `is_ready` and return how long it took, seconds.

        Raises:
            BenchError: the process ended, or time ran out; the message ends with its log.
        """
        started_s = time.monotonic()
        while not is_ready():
            if self.popen.poll() is not None:
                raise BenchError(f"ended with status {self.popen.returncode}: {self.tail()}")
            if time.monotonic() - started_s > timeout_s:
                raise BenchError(f"not ready after {timeout_s:.0f} s: {self.tail()}")
            self.family.look()
            time.sleep(POLL_S)
        took_s = time.monotonic() - started_s
        self.family.look()
        return took_s

    def stop(self, *, timeout_s: float = 60.0) -> tuple[float, list[str]]:
        """Send SIGTERM to the process itself and wait until its whole family is gone.

        One that talks gets the end of its stdin instead.

        Returns:
            Seconds until nothing was left, and what was left at the timeout: that is then killed.
        """
        self.family.look()
        started_s = time.monotonic()
        if self.popen.stdin is not None:
            self.popen.stdin.close()
        elif self.popen.poll() is None:
            self.popen.terminate()
        while self._rest() and time.monotonic() - started_s < timeout_s:
            time.sleep(POLL_S)
        took_s = time.monotonic() - started_s
        left = self.family.names()
        rest = self.family.look()
        self.family.signal(signal.SIGKILL)
        psutil.wait_procs(rest, timeout=KILL_TIMEOUT_S)
        self.popen.wait()
        return took_s, left

    def _rest(self) -> set[psutil.Process]:
        self.popen.poll()
        return self.family.look()

    def ask(self, line: bytes, *, timeout_s: float) -> bytes:
        """Write a line to its stdin and return the next line of its stdout.

        Raises:
            BenchError: it ended, or said nothing in time.
        """
        assert self.popen.stdin is not None, "started with talks=True"
        self.popen.stdin.write(line + b"\n")
        self.popen.stdin.flush()
        return self.hear(timeout_s=timeout_s)

    def hear(self, *, timeout_s: float) -> bytes:
        """The next line of its stdout.

        Raises:
            BenchError: it ended, or said nothing in time.
        """
        assert self.popen.stdout is not None, "started with talks=True"
        ready, _, _ = select.select([self.popen.stdout], [], [], timeout_s)
        if ready and (line := self.popen.stdout.readline()):
            return line
        raise BenchError(f"no answer within {timeout_s:.0f} s: {self.tail()}")

    def tail(self, num_chars: int = 800) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-num_chars:].strip()


def start(
    argv: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None, talks: bool = False
) -> Running:
    """Start `argv` in a session of its own, its output in `log`.

    Args:
        argv: the command.
        log: file that takes stdout and stderr.
        env: variables besides our own.
        talks: stdin and stdout are for `ask` and `hear`, and only stderr is logged.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        popen = subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
            stdout=subprocess.PIPE if talks else out,
            stderr=out,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )
    return Running(popen=popen, family=Family(psutil.Process(popen.pid)), log=log)


def free_port() -> int:
    """A TCP port of loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether a service could listen on this port of loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def answers(url: str) -> bool:
    """Whether a GET of `url` is answered with 200 now."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False
