"""Small registries on disk for tests: real safetensors files, real manifests."""

from __future__ import annotations

import json
import struct
from pathlib import Path

VALID = """\
version: 1
experts:
  - id: maths
    model: models/maths
    engine: {kind: vllm, kv_cache_gib: 0.5}
  - id: general
    engine: {kind: fake, says: hello}
routers:
  topic: {kind: category, artifact: routers/topic, fallback: general}
compositions:
  auto: {kind: route, router: topic}
slots:
  - {name: local, memory_gib: 2}
"""


def write_model(folder: Path, *, dtype: str = "F16", num_bytes: int = 64) -> Path:
    """A model folder with one tensor; the file is sparse, so its size costs nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text("{}")
    tensor = {"dtype": dtype, "shape": [num_bytes // 2], "data_offsets": [0, num_bytes]}
    header = json.dumps({"__metadata__": {"format": "pt"}, "lm_head.weight": tensor}).encode()
    with (folder / "model.safetensors").open("wb") as stream:
        stream.write(struct.pack("<Q", len(header)) + header)
        stream.truncate(8 + len(header) + num_bytes)
    return folder


def write_router(folder: Path) -> Path:
    """A router artifact as far as the registry looks at it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text("{}")
    return folder


def write_registry(folder: Path, text: str = VALID) -> Path:
    """A registry file beside everything that `VALID` names."""
    write_model(folder / "models/maths")
    write_router(folder / "routers/topic")
    path = folder / "experts.yaml"
    path.write_bytes(text.encode())
    return path
