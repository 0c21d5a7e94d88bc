"""S3 on this machine, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from moto.server import ThreadedMotoServer
from pyarrow import fs


@contextmanager
def bucket() -> Iterator[tuple[str, fs.S3FileSystem]]:
    """Where S3 answers, and its files: one bucket of the name `bucket`."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    files = fs.S3FileSystem(
        endpoint_override=url, access_key="a", secret_key="b", region="us-east-1",
        allow_bucket_creation=True,
    )  # fmt: skip
    files.create_dir("bucket")
    try:
        yield url, files
    finally:
        server.stop()
