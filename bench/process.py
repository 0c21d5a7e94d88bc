"""Processes that a bench starts: ready when they answer, gone when nothing of them is left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

POLL_S = 0.05


class BenchError(Exception):
    """Something cannot be measured; the message says why."""


@dataclass(slots=True, kw_only=True)
class Running:
    """A process and all it started."""

    popen: subprocess.Popen[bytes]
    log: Path
    #: Everything seen so far: children that are adopted by init stay known.
    family: set[psutil.Process] = field(default_factory=set)

    def look(self) -> set[psutil.Process]:
        """Note the family as it is now and return all of it that is alive."""
        if self._is_up():
            self.family.add(psutil.Process(self.popen.pid))
        alive = {known for known in self.family if _is_alive(known)}
        self.family |= _with_descendants(alive)
        return {known for known in self.family if _is_alive(known)}

    def ports(self) -> set[int]:
        """TCP ports that the family listens on."""
        pids = {known.pid for known in self.look()}
        found = psutil.net_connections(kind="tcp")
        return {c.laddr.port for c in found if c.status == psutil.CONN_LISTEN and c.pid in pids}

    def _is_up(self) -> bool:
        return self.popen.poll() is None

    def wait_until(self, is_ready: Callable[[], bool], *, timeout_s: float) -> float:
        """Wait for `is_ready` and return how long it took, seconds.

        Raises:
            BenchError: the process ended, or time ran out; the message ends with its log.
        """
        started_s = time.monotonic()
        while not is_ready():
            waited_s = time.monotonic() - started_s
            if not self._is_up():
                raise BenchError(f"ended with status {self.popen.returncode}: {self.tail()}")
            if waited_s > timeout_s:
                raise BenchError(f"not ready after {timeout_s:.0f} s: {self.tail()}")
            time.sleep(POLL_S)
        self.look()
        return time.monotonic() - started_s

    def stop(self, *, timeout_s: float = 60.0) -> tuple[float, list[str]]:
        """Send SIGTERM to the process itself and wait until its whole family is gone.

        Returns:
            Seconds until nothing was left, and what was left at the timeout: that is then killed.
        """
        self.look()
        started_s = time.monotonic()
        if self._is_up():
            self.popen.terminate()
        while self._rest() and time.monotonic() - started_s < timeout_s:
            time.sleep(POLL_S)
        took_s = time.monotonic() - started_s
        left = [_describe(process) for process in self._rest()]
        for process in self._rest():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        return took_s, left

    def _rest(self) -> set[psutil.Process]:
        self.popen.poll()
        return self.look()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to every process of the family: SIGSTOP freezes it, SIGCONT goes on."""
        for process in self.look():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def tail(self, num_chars: int = 800) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-num_chars:].strip()


def start(argv: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None) -> Running:
    """Start `argv` in a session of its own, its output in `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        popen = subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )
    return Running(popen=popen, log=log)


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


def _with_descendants(roots: set[psutil.Process]) -> set[psutil.Process]:
    """One pass over the process table, however many `roots` there are."""
    children: dict[int, list[psutil.Process]] = {}
    for process in psutil.process_iter(["ppid"]):
        children.setdefault(process.info["ppid"], []).append(process)
    found, to_visit = set(roots), list(roots)
    while to_visit:
        new = set(children.get(to_visit.pop().pid, ())) - found
        found |= new
        to_visit += new
    return found


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _describe(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return f"{process.pid} {' '.join(process.cmdline())[:80] or process.name()}"
    return str(process.pid)
