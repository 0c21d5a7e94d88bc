"""Inputs of bulk batches on disk, and a registry of fakes to route them by."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestrator.registry.loader import load
from orchestrator.service.bulk.deciding import Deciding
from orchestrator.service.bulk.folder import Folder
from orchestrator.service.bulk.job import Terms
from orchestrator.service.bulk.routing import BlockRouting

#: `math` for what asks for a sum, else `painter`; `vectors` embeds.
REGISTRY = """\
experts:
  - {id: math, engine: {kind: fake}}
  - {id: painter, engine: {kind: fake}, defaults: {max_tokens: 64}}
  - {id: vectors, engine: {kind: fake, task: embed}}
routers:
  topic:
    kind: rules
    rules: [{name: sums, when: {keywords: {any: [sum]}}, expert: math}]
    otherwise: {expert: painter}
compositions:
  auto: {kind: route, router: topic}
"""


def write_registry(folder: Path) -> Path:
    path = folder / "experts.yaml"
    path.write_text(REGISTRY)
    return path


def chat(text: str, *, model: str = "auto", **more: object) -> dict[str, object]:
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}


def line(custom_id: str, text: str = "paint", **more: object) -> dict[str, object]:
    return {
        "custom_id": custom_id,
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": chat(text, **more),
    }


def write_jsonl(path: Path, *lines: object) -> Path:
    """Texts as they are, all else as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = [one if isinstance(one, str) else json.dumps(one) for one in lines]
    path.write_text("".join(f"{text}\n" for text in texts))
    return path


def write_parquet(path: Path, *, group_rows: int = 1000, **columns: list[object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path, row_group_size=group_rows)
    return path


def terms(**changed: object) -> Terms:
    plain = {
        "fingerprint": "f", "registry": "r", "model": "auto", "format": "jsonl",
        "block_bytes": 200, "max_line_bytes": 10_000, "chunk_rows": 3,
    }  # fmt: skip
    return Terms.model_validate(plain | changed)


def routing(folder: Path, source: Folder, work: Folder, *, max_line_bytes: int = 10_000):
    deciding = Deciding(load(write_registry(folder)))
    return BlockRouting(source, work, deciding, model="auto", max_line_bytes=max_line_bytes)
