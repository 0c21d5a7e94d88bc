"""A real service with scripted engines that batches are run on, and what tests ask of it."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import openai
import psutil
from openai.types import Batch

from tests.e2e.service import Service
from tests.free_ports import free_port
from tests.registries import write_model

#: Siblings, of two slots with room for one engine each.
EXPERTS = ("ares", "bia", "chaos", "dike")
PROGRAMS = """
routers:
  gate:
    kind: rules
    rules: [{when: {keywords: {any: [war]}}, expert: ares}]
    otherwise: {expert: dike}
compositions:
  auto: {kind: route, router: gate}
  panel: {kind: moa, proposers: [ares, bia], aggregator: chaos}
"""
SLOTS = "slots:\n  - {name: local, count: 2, memory_gib: 2, engine_overhead_gib: 0.25}\n"
MODELS = (*EXPERTS, "auto", "panel")
#: Nothing changes any more.
ENDED = ("completed", "failed", "expired", "cancelled")


class BatchSite:
    """One service, and the official client of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.file = folder / "experts.yaml"
        self.write(EXPERTS)
        self.service = Service(
            self.file,
            port=free_port(),
            folder=folder / "data",
            gateways=2,
            program="tests.e2e.scripted_service",
        ).await_ready()
        # Files and batches are their owner's, by key.
        self.http = httpx.Client(
            base_url=self.service.url,
            timeout=60,
            trust_env=False,
            headers={"authorization": "Bearer none"},
        )
        self.client = openai.OpenAI(
            base_url=f"{self.service.url}/v1",
            api_key="none",
            max_retries=20,
            http_client=httpx.Client(timeout=60, trust_env=False),
        )

    def close(self) -> None:
        self.http.close()
        self.client.close()
        self.service.stop()

    def write(self, experts: Iterable[str]) -> None:
        """Save a registry of these experts."""
        entries = [
            json.dumps({"id": one, "model": str(write_model(self._folder / "models" / one))})
            for one in experts
        ]
        listed = "".join(f"  - {one}\n" for one in entries)
        self.file.write_text(f"experts:\n{listed}{PROGRAMS}{SLOTS}")

    def submit(self, lines: list[bytes]) -> Batch:
        file = self.client.files.create(file=("in.jsonl", b"\n".join(lines)), purpose="batch")
        return self.client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )

    def until(self, batch_id: str, is_so, *, within_s: float = 120.0) -> Batch:
        """The batch once `is_so` holds of it."""
        deadline_s = time.monotonic() + within_s
        while True:
            batch = self.client.batches.retrieve(batch_id)
            if is_so(batch):
                return batch
            assert time.monotonic() < deadline_s, batch
            time.sleep(0.05)

    def ended(self, batch_id: str, *, within_s: float = 120.0) -> Batch:
        return self.until(batch_id, lambda batch: batch.status in ENDED, within_s=within_s)

    def begun(self, batch_id: str, num_done: int = 1) -> Batch:
        """The batch once some of its lines are done, and not all."""
        return self.until(batch_id, lambda one: one.request_counts.completed >= num_done)

    def lines_of(self, file_id: str | None) -> list[dict]:
        if file_id is None:
            return []
        text = self.client.files.content(file_id).text
        return [json.loads(line) for line in text.splitlines()]

    def outcomes(self, batch: Batch) -> tuple[list[str], list[str]]:
        """Custom ids of the output file and of the error file, sorted."""
        found = (self.lines_of(batch.output_file_id), self.lines_of(batch.error_file_id))
        done, failed = ([line["custom_id"] for line in lines] for lines in found)
        return sorted(done), sorted(failed)

    def progress(self, batch_id: str) -> dict:
        return self.http.get(f"/v1/batches/{batch_id}/progress").raise_for_status().json()

    def kill(self, *names: str) -> None:
        """End the processes whose command line has one of these, at once."""
        for process in self.service.processes():
            try:
                if any(name in " ".join(process.cmdline()) for name in names):
                    os.kill(process.pid, signal.SIGKILL)
            except (psutil.NoSuchProcess, ProcessLookupError):
                pass

    @contextmanager
    def killing(self, batch: Batch, *names: str, num_done: int = 20) -> Iterator[float]:
        """Kill once some lines are done; the time of it."""
        self.begun(batch.id, num_done)
        self.kill(*names)
        yield time.monotonic()


def line(place: int, model: str, text: str) -> bytes:
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    return json.dumps(
        {
            "custom_id": f"q{place:05}",
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": body,
        }
    ).encode()


def lines(num: int, *, text: str = "hello", models: tuple[str, ...] = MODELS) -> list[bytes]:
    """So many, their models in turn."""
    return [line(place, models[place % len(models)], f"{text} {place}") for place in range(num)]


def ids(num: int) -> list[str]:
    return [f"q{place:05}" for place in range(num)]
