"""What `gpu_check` starts: two siblings, and an adapter of random matrices on the first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from bench.process import BenchError
from orchestrator.engines.lineage import Lineage, lineages
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.models import Expert
from orchestrator.registry.weights import read_checkpoint

_MODULE = "q_proj"
_RANK = 8
_SCALE = 0.1


def family(models: Sequence[Path], adapter: Path, engine: VllmEngine, *, on_cpu: bool) -> Lineage:
    """The models as siblings `0` and `1`, with an adapter on the first.

    Raises:
        BenchError: they are no siblings.
    """
    experts = [Expert(id=f"{at}", model=str(path), engine=engine) for at, path in enumerate(models)]
    told = {"id": "adapter", "base": "0", "adapter": str(adapter)}
    experts.append(experts[0].model_copy(update=told))
    found = lineages(experts, Path.cwd(), on_cpu=on_cpu)
    if len(found) != 1:
        raise BenchError(
            f"{[str(path) for path in models]} are no siblings: their configurations or tensors "
            "differ; give two fine-tunes of one model"
        )
    return found[0]


def write_adapter(folder: Path, base: Path) -> None:
    """Write an adapter, as PEFT does, that turns what `base` says into something else."""
    shapes = {
        name.removesuffix(".weight"): tensor.shape
        for name, tensor in read_checkpoint(base).tensors.items()
        if name.endswith(f"{_MODULE}.weight")
    }
    if not shapes:
        raise BenchError(f"{base} has no {_MODULE}.weight to put an adapter on")
    numbers = np.random.default_rng(7)
    tensors = {}
    for name, (outputs, inputs) in shapes.items():
        for letter, shape in {"A": (_RANK, inputs), "B": (outputs, _RANK)}.items():
            values = numbers.standard_normal(shape, dtype=np.float32) * _SCALE
            tensors[f"base_model.model.{name}.lora_{letter}.weight"] = values
    folder.mkdir(parents=True)
    save_file(tensors, folder / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "r": _RANK, "lora_alpha": _RANK, "target_modules": [_MODULE]}
    told = {**config, "base_model_name_or_path": str(base), "task_type": "CAUSAL_LM"}
    (folder / "adapter_config.json").write_text(json.dumps(told), encoding="utf-8")
