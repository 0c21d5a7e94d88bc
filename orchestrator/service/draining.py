"""Stop taking requests, and let those under way end."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path

import psutil


def drain(folder: Path, *, within_s: float) -> None:
    """Close the endpoint's listeners and wait until HAProxy has nothing left to pass on.

    Serve's own shutdown kills HAProxy first and so breaks off every answer under way. HAProxy's
    soft stop refuses new connections and ends when the last request has its answer.

    Args:
        folder: of this service's HAProxy configuration.
        within_s: seconds that requests under way may take to end.
    """
    proxies = [
        process for process in psutil.Process().children(recursive=True) if _serves(process, folder)
    ]
    for process in proxies:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGUSR1)
    psutil.wait_procs(proxies, timeout=within_s)


def _serves(process: psutil.Process, folder: Path) -> bool:
    try:
        return any(
            argument.startswith(f"{folder}/") and argument.endswith(".cfg")
            for argument in process.cmdline()
        )
    except psutil.Error:
        return False
