"""Models and adapters of a few numbers, on disk and as sources."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from orchestrator.merging.recipe import Recipe, Weights
from orchestrator.merging.sources import Source, open_source
from orchestrator.registry.models import Expert

CONFIG = {"model_type": "llama", "hidden_size": 4, "torch_dtype": "float32"}
TOKENIZER = {"model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}}
MODULE = "base_model.model.model.layers.0.self_attn.q_proj"


def random_tensors(seed: int, *, dtype: str = "float32") -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    shapes = {"embed.weight": (8, 4), "layers.0.weight": (4, 4), "norm.weight": (4,)}
    return {name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()}


def write_model(folder: Path, tensors: Mapping[str, Any], **config: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG | config))
    (folder / "tokenizer.json").write_text(json.dumps(TOKENIZER))
    save_file(dict(tensors), folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def sibling(
    root: Path, name: str, *, seed: int = 0, tensors: Mapping[str, Any] | None = None, **fields: Any
) -> Source:
    folder = write_model(root / name, random_tensors(seed) if tensors is None else tensors)
    return open_source(Expert(id=name, model=str(folder), **fields), folder)


def adapter(
    root: Path,
    name: str,
    *,
    seed: int = 0,
    rank: int = 2,
    alpha: float = 4,
    modules: tuple[str, ...] = (MODULE,),
    base: str = "base",
    **config: Any,
) -> Source:
    rng = np.random.default_rng(seed)
    folder = root / name
    folder.mkdir(parents=True)
    tensors = {}
    for module in modules:
        tensors[f"{module}.lora_A.weight"] = rng.normal(size=(rank, 6)).astype("float32")
        tensors[f"{module}.lora_B.weight"] = rng.normal(size=(5, rank)).astype("float32")
    save_file(tensors, folder / "adapter_model.safetensors")
    targets = sorted({module.rpartition(".")[2] for module in modules})
    written = {"peft_type": "LORA", "r": rank, "lora_alpha": alpha, "target_modules": targets}
    (folder / "adapter_config.json").write_text(json.dumps(written | config))
    return open_source(Expert(id=name, base=base, adapter=str(folder)), folder)


def recipe(*sources: Source, weights: tuple[float, ...], method: Any = "average", **fields: Any):
    return Recipe(
        id="merged",
        method=method,
        sources=sources,
        weights=Weights(values=weights, origin="given"),
        **fields,
    )


def tensors_of(folder: Path) -> dict[str, Any]:
    (path,) = folder.glob("*.safetensors")
    return dict(load_file(path))


def delta_of(folder: Path, module: str = MODULE) -> Any:
    """The change of one module, as PEFT computes it from a folder."""
    config = json.loads((folder / "adapter_config.json").read_bytes())
    tensors = {name: value.astype("float64") for name, value in tensors_of(folder).items()}
    root = config["r"] ** 0.5 if config.get("use_rslora") else config["r"]
    product = tensors[f"{module}.lora_B.weight"] @ tensors[f"{module}.lora_A.weight"]
    return config["lora_alpha"] / root * product
