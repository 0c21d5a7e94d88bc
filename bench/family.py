"""A process and all it ever started, also what init has adopted since."""

from __future__ import annotations

import re
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psutil

_NAME_LETTERS = 60


@dataclass(slots=True)
class Family:
    """Everything seen below one process; `look` often enough to meet short-lived parents."""

    root: psutil.Process
    _seen: set[psutil.Process] = field(default_factory=set)

    def look(self) -> set[psutil.Process]:
        """Note the family as it is now and return all of it that is alive."""
        alive = {known for known in {self.root, *self._seen} if _is_alive(known)}
        self._seen |= alive | _descendants(alive)
        return {known for known in self._seen if _is_alive(known)}

    def ports(self) -> set[int]:
        """TCP ports that the family listens on."""
        pids = {process.pid for process in self.look()}
        return {c.laddr.port for c in _listeners() if c.pid in pids}

    def cpu_s(self) -> float:
        """Seconds of CPU that the living have used so far."""
        total = 0.0
        for process in self.look():
            with suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system
        return total

    def signal(self, number: signal.Signals) -> None:
        """Signal every one of them, each by its own pid."""
        for process in self.look():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def names(self) -> list[str]:
        """Who is alive, as pid and command line."""
        return [_describe(process) for process in self.look()]


def listened() -> set[int]:
    """TCP ports that any process of this machine listens on."""
    return {listener.laddr.port for listener in _listeners()}


def _listeners() -> list[Any]:
    found = psutil.net_connections(kind="tcp")
    return [connection for connection in found if connection.status == psutil.CONN_LISTEN]


def _descendants(roots: set[psutil.Process]) -> set[psutil.Process]:
    """One pass over the process table, however many `roots` there are."""
    children: dict[int, list[psutil.Process]] = {}
    for process in psutil.process_iter(["ppid"]):
        children.setdefault(process.info["ppid"], []).append(process)
    found: set[psutil.Process] = set()
    to_visit = list(roots)
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
        return f"{process.pid} {name_of(process)}"
    return str(process.pid)


def name_of(process: psutil.Process) -> str:
    """Its command line, short and without folders: figures are of no one machine.

    Raises:
        psutil.Error: it has ended, or is not ours to look at.
    """
    words = " ".join(process.cmdline()) or process.name()
    return without_folders(words)[:_NAME_LETTERS]


def without_folders(words: str) -> str:
    """Every absolute path by its last name alone."""
    return re.sub(r"(?<![^\s=:,'\"(])/(?:[^/\s]+/)+", "", words)
