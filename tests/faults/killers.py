"""The processes of a running service, found by what they are; killed, stopped, and awaited.

Those of Ray Serve carry their deployment in their title, so that a killer needs nothing but the
outermost process of a service: `Killers(psutil.Process(pid_of_orchestrator_serve))`.
"""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal, TypeVar

import psutil

Part = Literal["engine", "worker", "conductor", "gateway", "runner", "redis", "proxy"]

T = TypeVar("T")

_REPLICA = "ray::ServeReplica:orchestrator:"
_SLOT = "slot-"
#: Deployments by the part that they are.
_DEPLOYMENTS = {"conductor": "conductor", "gateway": "gateway", "runner": "batches"}
_ENGINE = "VLLM::EngineCore"
_POLL_S = 0.05


class Killers:
    """Whatever of one service can be killed.

    Args:
        root: its outermost process; everything else descends from it.
    """

    def __init__(self, root: psutil.Process) -> None:
        self._root = root

    def find(self, part: Part, *, slot: str | None = None) -> list[psutil.Process]:
        """The processes that are this part, the oldest first.

        Args:
            part: which.
            slot: of workers, and of the engines below them: of this slot alone.
        """
        if part == "engine":
            below = self._descendants() if slot is None else _children(self.one("worker", slot))
            found = [one for one in below if _title(one).startswith(_ENGINE)]
        else:
            found = [one for one in self._descendants() if _is(one, part, slot)]
        return sorted(found, key=lambda one: (one.create_time(), one.pid))

    def one(self, part: Part, slot: str | None = None) -> psutil.Process:
        """The oldest of these; waits for it, since one that was killed may be coming back."""
        return until(lambda: self.find(part, slot=slot), what=f"a {part} of slot {slot}")[0]

    def kill(self, part: Part, *, slot: str | None = None) -> Killed:
        """Kill the oldest of these with SIGKILL; returns once it has ended."""
        return self._killed(part, [self.one(part, slot)])

    def kill_all(self, part: Part) -> Killed:
        """Kill every one of these at once; returns once they have ended."""
        return self._killed(part, self.find(part))

    def _killed(self, part: Part, chosen: Sequence[psutil.Process]) -> Killed:
        spared = {one.pid for one in self.find(part)} - {one.pid for one in chosen}
        for one in chosen:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        ended(*chosen)
        return Killed(killers=self, part=part, processes=tuple(chosen), spared=frozenset(spared))

    @contextmanager
    def stopped(self, part: Part, *, slot: str | None = None) -> Iterator[psutil.Process]:
        """Have the oldest of these hang while the block runs, by SIGSTOP and SIGCONT."""
        hanging = self.one(part, slot)
        hanging.send_signal(signal.SIGSTOP)
        try:
            yield hanging
        finally:
            with suppress(psutil.NoSuchProcess):
                hanging.send_signal(signal.SIGCONT)

    def _descendants(self) -> list[psutil.Process]:
        return _children(self._root)


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """What was killed, and how to wait for those in its place."""

    killers: Killers
    part: Part
    processes: tuple[psutil.Process, ...]
    #: Ids of those of the same part that were left alone.
    spared: frozenset[int]

    @property
    def process(self) -> psutil.Process:
        """The one that was killed."""
        return self.processes[0]

    def replaced(self, *, within_s: float = 60.0) -> list[psutil.Process]:
        """The processes in their place, once there are as many.

        That a process is there does not say that it serves: ask the service for that.
        """
        old = self.spared | {one.pid for one in self.processes}

        def others() -> list[psutil.Process]:
            found = [one for one in self.killers.find(self.part) if one.pid not in old]
            return found if len(found) >= len(self.processes) else []

        what = f"a {self.part} in place of {[one.pid for one in self.processes]}"
        return until(others, what=what, within_s=within_s)


def until(ask: Callable[[], T], *, what: str, within_s: float = 120.0) -> T:
    """What `ask` returns, once it is true; fails with `what` was waited for."""
    deadline_s = time.monotonic() + within_s
    while not (found := ask()):
        assert time.monotonic() < deadline_s, f"not within {within_s:g} s: {what}"
        time.sleep(_POLL_S)
    return found


def ended(*processes: psutil.Process, within_s: float = 10.0) -> None:
    """Wait until these have ended; one that nobody has reaped yet has."""
    until(
        lambda: all(_is_over(one) for one in processes),
        what=f"the end of {[one.pid for one in processes]}",
        within_s=within_s,
    )


def slot_of(worker: psutil.Process) -> str | None:
    """The slot whose worker this is, `None` where it is no worker."""
    deployment = _deployment(worker)
    if deployment is None or not deployment.startswith(_SLOT):
        return None
    return deployment.removeprefix(_SLOT)


def _is(process: psutil.Process, part: Part, slot: str | None) -> bool:
    if part == "redis":
        return _name(process) == "redis-server"
    if part == "proxy":
        return _name(process) == "haproxy"
    if part == "worker":
        found = slot_of(process)
        return found is not None and slot in (None, found)
    return _deployment(process) == _DEPLOYMENTS[part]


def _deployment(process: psutil.Process) -> str | None:
    return deployment_in(_title(process))


def deployment_in(title: str) -> str | None:
    """What of the application a replica is of, by the title that Ray gives it.

    While it runs a method its title ends with that: `…:gateway.check_health`.
    """
    if not title.startswith(_REPLICA):
        return None
    return re.sub(r"\.[a-z_]+$", "", title.removeprefix(_REPLICA).split()[0])


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _name(process: psutil.Process) -> str:
    try:
        return process.name() if process.status() != psutil.STATUS_ZOMBIE else ""
    except psutil.Error:
        return ""


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _is_over(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
