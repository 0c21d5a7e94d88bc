"""What an upload of 200 MB costs the service in memory, into a folder and across a thin line.

Part of `python -m bench.batch`. Every process of the service is watched, and the file is its first.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import httpx
import psutil

from bench.memory_grown import MemoryGrown
from bench.process import BenchError
from bench.report import Outcome, Target
from bench.service import start_service
from bench.setup import Setup
from bench.slow_s3 import BUCKET, slow_s3

NAME = "upload"
_FOLDER = "200 MB upload into a folder, most that a process grew"
_LINE = "200 MB upload across 25 MB/s to S3, most that a process grew"
TARGETS = tuple(Target(name=name, sense="<=", limit=30.0, unit="MiB") for name in (_FOLDER, _LINE))
_LINE_BYTES_PER_S = 25e6
_MAX_TRIES = 20
_NUM_BYTES = 200_000_000
#: Of a file that is read in part.
_PART_BYTES = 16_000_000
_ROW = b'{"custom_id": "request-1", "body": "' + b"x" * 976 + b'"}\n'
_BOUNDARY = "multipart/form-data; boundary=edge"
_HEAD = (
    b'--edge\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
    b'--edge\r\nContent-Disposition: form-data; name="file"; filename="in.jsonl"\r\n\r\n'
)


def measure(setup: Setup) -> Outcome:
    """Both ways, one after another."""
    with slow_s3(bytes_per_s=_LINE_BYTES_PER_S) as environment:
        found = {
            _FOLDER: _uploaded(setup, {}),
            _LINE: _uploaded(
                setup, {**environment, "ORCHESTRATOR_STORAGE_URL": f"s3://{BUCKET}/batches"}
            ),
        }
    return Outcome(
        values={name: max(one["grown_mib"].values()) for name, one in found.items()},
        figures=found,
        rows=[
            (f"{name}: seconds up, down", f"{one['up_s']:.1f}, {one['down_s']:.1f}")
            for name, one in found.items()
        ],
    )


def _uploaded(setup: Setup, environment: Mapping[str, str]) -> dict[str, Any]:
    """One service, one file there and back."""
    registry = setup.folder / "uploads.yaml"
    expert = {"id": "one", "engine": {"kind": "fake"}}
    registry.write_text(json.dumps({"version": 1, "experts": [expert]}))
    with ExitStack() as stack:
        service = start_service(
            registry, gateways=1, folder=setup.folder, environment=os.environ | environment
        )
        stack.callback(service.process.stop)
        client = stack.enter_context(httpx.Client(base_url=service.url, timeout=300))
        keeper = psutil.Process(service.process.popen.pid)
        with MemoryGrown([keeper, *keeper.children(recursive=True)]) as grown:
            began_s = time.monotonic()
            file_id = _sent(client, _NUM_BYTES)
            sent_s = time.monotonic()
            # Of the line's server, which reads all of an object whatever it is asked for, a piece.
            _read(client, file_id, num_bytes=_PART_BYTES if environment else _NUM_BYTES)
            read_s = time.monotonic()
        return {
            "up_s": sent_s - began_s,
            "down_s": read_s - sent_s,
            "grown_mib": grown.mib_by_process,
        }


def _sent(client: httpx.Client, num_bytes: int) -> str:
    def form() -> Iterator[bytes]:
        yield _HEAD
        for _ in range(num_bytes // len(_ROW) // 64 + 1):
            yield _ROW * 64
        yield b"\r\n--edge--\r\n"

    # A service that has just begun to answer may have no gateway that takes uploads yet: 503.
    for _ in range(_MAX_TRIES):
        response = client.post("/v1/files", content=form(), headers={"content-type": _BOUNDARY})
        if response.status_code != 503:
            break
        time.sleep(float(response.headers.get("retry-after", "1")))
    if response.status_code != 200 or response.json()["bytes"] < num_bytes:
        raise BenchError(f"an upload was answered {response.status_code}: {response.text[:500]}")
    return str(response.json()["id"])


def _read(client: httpx.Client, file_id: str, *, num_bytes: int) -> None:
    num_read = 0
    asked = {"range": f"bytes=0-{num_bytes - 1}"}
    with client.stream("GET", f"/v1/files/{file_id}/content", headers=asked) as content:
        for piece in content.iter_bytes():
            num_read += len(piece)
    if num_read != num_bytes:
        raise BenchError(f"of {num_bytes} bytes that were asked for {num_read} came back")
