"""Tiny checkpoints on disk, written by hand."""

import json
import struct
from pathlib import Path

CONFIG = {"model_type": "llama", "hidden_size": 4, "eos_token_id": 2, "dtype": "float32"}
TENSORS = {"embed.weight": [8, 4], "layers.0.weight": [4, 4], "lm_head.weight": [8, 4]}


def write_tensors(path: Path, tensors: dict[str, list[int]], *, dtype: str = "F32") -> None:
    header, end = {}, 0
    for name, shape in tensors.items():
        size = 4 * shape[0] * shape[1]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(end))


def write_model(folder: Path, *, tensors=None, dtype: str = "F32", **config) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIG | config))
    write_tensors(folder / "model.safetensors", tensors or TENSORS, dtype=dtype)
    return folder


def lora_tensors(rank: int = 2, *, module: str = "layers.0", size=(4, 4)) -> dict[str, list[int]]:
    """The two matrices of an adapter on one module of `TENSORS`, whose weight is `size`."""
    name = f"base_model.model.{module}"
    return {f"{name}.lora_A.weight": [rank, size[1]], f"{name}.lora_B.weight": [size[0], rank]}


def write_adapter(folder: Path, *, tensors=None, rank: int = 2, **config) -> Path:
    folder.mkdir(parents=True)
    settings = {"peft_type": "LORA", "r": rank, "lora_alpha": 4, "target_modules": ["0"]}
    (folder / "adapter_config.json").write_text(json.dumps(settings | config))
    write_tensors(folder / "adapter_model.safetensors", tensors or lora_tensors(rank))
    return folder
