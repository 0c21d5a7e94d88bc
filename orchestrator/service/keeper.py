"""The outermost process: whatever happens inside, nothing is left behind.

Ray, vLLM, HAProxy and Redis are trees of processes, some of which leave their parent. The keeper
is the ancestor of all of them and, as a child subreaper, inherits every orphan, so that it can
find and end what an orderly stop did not. It runs nothing else and is therefore never busy.

- SIGINT or SIGTERM: the service is asked to stop; after `grace_s` what is left is killed.
- a second signal: everything is killed at once.
- the service dies, by SIGKILL too: the keeper kills its orphans.
- the keeper dies, by SIGKILL too: the service gets SIGTERM from the kernel and stops in order.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from typing import NoReturn

import psutil

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
#: Processes may still be forking while they are killed: look again until none is left.
_SWEEP_S = 3.0
_LONG_S = 3600.0
#: The exit code of a service that had to be killed.
_KILLED = 128 + signal.SIGKILL


def die_with_parent(signum: int = signal.SIGTERM) -> None:
    """Have the kernel send `signum` to this process when its parent dies."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signum)


def adopt_orphans() -> None:
    """Make this process the parent of descendants whose own parent dies."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_descendants(*, grace_s: float = 0.0) -> int:
    """End every descendant: SIGTERM, `grace_s` to obey, then SIGKILL; returns how many."""
    ended = _descendants()
    if grace_s > 0:
        _send(ended, signal.SIGTERM)
        psutil.wait_procs(ended, timeout=grace_s)
    until_s = time.monotonic() + _SWEEP_S
    while (left := _descendants()) and time.monotonic() < until_s:
        _send(left, signal.SIGKILL)
        psutil.wait_procs(left, timeout=0.5)
    return len(ended)


def _descendants() -> list[psutil.Process]:
    found = psutil.Process().children(recursive=True)
    return [process for process in found if _is_alive(process)]


def _is_alive(process: psutil.Process) -> bool:
    try:
        if process.status() != psutil.STATUS_ZOMBIE:
            return True
        if process.ppid() == os.getpid():
            process.wait(timeout=0)
    except (psutil.NoSuchProcess, psutil.TimeoutExpired):
        pass
    return False


def _send(processes: list[psutil.Process], signum: int) -> None:
    for process in processes:
        try:
            process.send_signal(signum)
        except psutil.NoSuchProcess:
            continue


class Keeper:
    """Runs one service in a process of its own and outlives it.

    Args:
        grace_s: seconds an orderly stop may take.
        say: prints one line for the operator.
    """

    _STOPS = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})

    def __init__(self, *, grace_s: float, say: Callable[[str], None]) -> None:
        self._grace_s = grace_s
        self._say = say
        self._deadline_s: float | None = None

    def keep(self, serve: Callable[[], int]) -> int:
        """Fork, run `serve` in the child, wait for its end, sweep; returns its exit code."""
        adopt_orphans()
        signal.pthread_sigmask(signal.SIG_BLOCK, {*self._STOPS, signal.SIGCHLD})
        keeper = os.getpid()
        child = os.fork()
        if child == 0:
            self._become_service(serve, keeper)
        code = self._wait(child)
        end_descendants()
        return code

    def _become_service(self, serve: Callable[[], int], keeper: int) -> NoReturn:
        code = 1
        try:
            # A session of its own: Ctrl-C in a terminal reaches the keeper alone, which passes it
            # on once; nothing of Ray or vLLM sees it.
            os.setsid()
            die_with_parent(signal.SIGTERM)
            adopt_orphans()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {*self._STOPS, signal.SIGCHLD})
            if os.getppid() == keeper:
                code = serve()
        except BaseException:  # noqa: BLE001 - outermost edge of a process: report, then leave
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)

    def _wait(self, child: int) -> int:
        """Pass signals on until `child` has ended; returns its exit code."""
        while True:
            got = signal.sigtimedwait({*self._STOPS, signal.SIGCHLD}, self._patience_s())
            is_stop = got is not None and got.si_signo in self._STOPS
            is_late = got is None and self._deadline_s is not None
            if is_late or (is_stop and self._deadline_s is not None):
                self._say("stopping at once")
                end_descendants()
                return _KILLED
            if is_stop:
                self._deadline_s = time.monotonic() + self._grace_s
                os.kill(child, signal.SIGTERM)
            if (code := _reaped(child)) is not None:
                return code

    def _patience_s(self) -> float:
        if self._deadline_s is None:
            return _LONG_S
        return max(0.0, self._deadline_s - time.monotonic())


def _exit_code(status: int) -> int:
    """As a shell says it: 128 and the signal's number for a process that a signal ended."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _reaped(child: int) -> int | None:
    """Reap whatever has ended; the exit code of `child` when it is among them."""
    code = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return 1 if code is None else code
        if pid == child:
            code = _exit_code(status)
        if pid == 0:
            return code
