"""S3 on this machine, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyarrow import fs

from bench.local_s3 import local_s3


@contextmanager
def bucket() -> Iterator[tuple[str, fs.S3FileSystem]]:
    """Where S3 answers, and its files: one bucket of the name `bucket`."""
    with local_s3() as url:
        files = fs.S3FileSystem(
            endpoint_override=url, access_key="a", secret_key="b", region="us-east-1",
            allow_bucket_creation=True,
        )  # fmt: skip
        files.create_dir("bucket")
        yield url, files
