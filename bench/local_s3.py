"""A server that speaks S3, on this machine, for as long as a block takes.

A process of its own: its web framework has objects that refuse to be looked at outside of a
request, and vLLM looks at everything that is imported where an engine starts.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_START_S, _LOOK_S = 60.0, 0.1


@contextmanager
def local_s3() -> Iterator[str]:
    """Its address.

    Raises:
        TimeoutError: it did not answer in time.
    """
    port = _free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await_listening(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _await_listening(process: subprocess.Popen[bytes], port: int) -> None:
    ends_s = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < ends_s:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(_LOOK_S)
        else:
            return
    raise TimeoutError(f"the S3 server on port {port} did not answer within {_START_S:g} s")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
