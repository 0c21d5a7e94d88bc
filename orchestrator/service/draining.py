"""Stop taking requests, and let those under way end."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable
from pathlib import Path

import psutil

#: What an answer that is ended takes to reach its caller, and a gateway to hear that it is to.
_LAST_WORDS_S = 1.0


def drain(folder: Path, *, within_s: float, announce: Callable[[], None]) -> None:
    """Close the endpoint's listeners and wait until HAProxy has nothing left to pass on.

    Serve's own shutdown kills HAProxy first and so breaks off every answer under way. HAProxy's
    soft stop refuses new connections and ends when the last request has its answer.

    Args:
        folder: of this service's HAProxy configuration.
        within_s: seconds that requests under way may take to end.
        announce: tells gateways; who is not done in time is ended by them, with an error.
    """
    proxies = [
        process for process in psutil.Process().children(recursive=True) if _serves(process, folder)
    ]
    for process in proxies:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGUSR1)
    announce()
    _, late = psutil.wait_procs(proxies, timeout=within_s + _LAST_WORDS_S)
    for process in late:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()  # so that gateways let go of callers who do not read


def _serves(process: psutil.Process, folder: Path) -> bool:
    try:
        return any(
            argument.startswith(f"{folder}/") and argument.endswith(".cfg")
            for argument in process.cmdline()
        )
    except psutil.Error:
        return False
