"""Stop taking requests, and let those under way end."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from orchestrator.service.proxy_door import ProxyDoor

#: What an answer that is ended takes to reach its caller, and a gateway to hear that it is to.
_LAST_WORDS_S = 1.0
#: Between two looks whether anything is under way.
_LOOK_S = 0.05


def drain(folder: Path, *, within_s: float, announce: Callable[[], None]) -> None:
    """Close the endpoint's listeners and wait until HAProxy has nothing left to pass on.

    Serve's own shutdown kills HAProxy first and so breaks off every answer under way. While
    requests end, others get 503 with `Retry-After`; then HAProxy's soft stop closes its listener
    and ends when the last one has its answer.

    Args:
        folder: of this service's HAProxy configuration.
        within_s: seconds that requests under way may take to end.
        announce: tells gateways; who is not done in time is ended by them, with an error.
    """
    proxies = [
        process for process in psutil.Process().children(recursive=True) if _serves(process, folder)
    ]
    ends_s = time.monotonic() + within_s + _LAST_WORDS_S
    doors = [door for door in map(_door, proxies) if door is not None and door.close()]
    announce()
    while time.monotonic() < ends_s and any(door.is_busy for door in doors):
        time.sleep(_LOOK_S)
    for process in proxies:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGUSR1)
    left_s = ends_s - time.monotonic()
    _, late = psutil.wait_procs(proxies, timeout=max(left_s, _LAST_WORDS_S))
    for process in late:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()  # so that gateways let go of callers who do not read


def _serves(process: psutil.Process, folder: Path) -> bool:
    config = _config(process)
    return config is not None and config.startswith(f"{folder}/")


def _door(process: psutil.Process) -> ProxyDoor | None:
    config = _config(process)
    return None if config is None else ProxyDoor.of(Path(config))


def _config(process: psutil.Process) -> str | None:
    try:
        return next((one for one in process.cmdline() if one.endswith(".cfg")), None)
    except psutil.Error:
        return None
