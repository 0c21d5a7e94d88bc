"""A storage that speaks S3 and takes what it is sent slowly, as one across a thin line does."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import boto3

from bench.local_s3 import local_s3

BUCKET = "slow"
_PIECE_BYTES = 2**18
_KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


@contextmanager
def slow_s3(*, bytes_per_s: float) -> Iterator[dict[str, str]]:
    """The environment by which clients reach it; it has the bucket `slow`."""
    with local_s3() as url:
        address = urlsplit(url)
        assert address.hostname is not None
        assert address.port is not None
        line = ThinLine((address.hostname, address.port), bytes_per_s=bytes_per_s)
        try:
            with s3_client(url) as s3:
                s3.create_bucket(Bucket=BUCKET)
            yield {
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{line.port}",
                "AWS_DEFAULT_REGION": "us-east-1",
                **{name.upper(): value for name, value in _KEYS.items()},
            }
        finally:
            line.close()


@contextmanager
def s3_client(url: str) -> Iterator[Any]:
    """What Amazon's own library sees there."""
    client = boto3.client("s3", endpoint_url=url, region_name="us-east-1", **_KEYS)
    try:
        yield client
    finally:
        client.close()


class ThinLine:
    """Passes connections on; what goes to the target takes its time."""

    def __init__(self, target: tuple[str, int], *, bytes_per_s: float) -> None:
        self._target = target
        self._bytes_per_s = bytes_per_s
        self._is_closed = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)

    def close(self) -> None:
        """Cut all connections and take no more."""
        self._is_closed.set()
        for one in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _start(self, work: Callable[..., None], *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while not self._is_closed.is_set():
                self._start(self._connect, self._listener.accept()[0])

    def _connect(self, near: socket.socket) -> None:
        with near, socket.create_connection(self._target) as far:
            self._open |= {near, far}
            back = self._start(self._pump, far, near, None)
            self._pump(near, far, self._bytes_per_s)
            back.join()
            self._open -= {near, far}

    def _pump(self, start: socket.socket, end: socket.socket, bytes_per_s: float | None) -> None:
        with contextlib.suppress(OSError):
            while data := start.recv(_PIECE_BYTES):
                end.sendall(data)
                if bytes_per_s is not None:
                    self._is_closed.wait(len(data) / bytes_per_s)
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_WR)
