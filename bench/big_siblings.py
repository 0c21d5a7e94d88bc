"""Siblings too large to be read in no time: weights of noise, a tokenizer of the demo's.

The demo's experts are of 1 to 2 MB: what they take of a disk is lost in the canary.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from orchestrator.engines.lineage import Lineage, lineages
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.models import Expert

#: Width of the model and of its feed-forward layers, and how many there are: 105 M weights.
HIDDEN, INTERMEDIATE, LAYERS = 1024, 2816, 8
#: Ends an answer, of the demo's tokenizer.
EOS_ID = 257
_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "generation_config.json")
_KEYS = {"num_attention_heads": 16, "num_key_value_heads": 16, "head_dim": 64}


#: How weights are stored: as numbers of a type, or rounded to whole numbers with a scale a row.
Form = Literal["float32", "float16", "int8"]

_INT8 = {
    "quant_method": "compressed-tensors",
    "format": "int-quantized",
    "ignore": ["lm_head"],
    "config_groups": {
        "group_0": {
            "targets": ["Linear"],
            "weights": {"num_bits": 8, "type": "int", "symmetric": True, "strategy": "channel"},
            "input_activations": {
                "num_bits": 8,
                "type": "int",
                "symmetric": True,
                "strategy": "token",
                "dynamic": True,
            },
        }
    },
}


def make(folder: Path, like: Path, names: Sequence[str], *, form: Form = "float32") -> Lineage:
    """Write siblings of these names into `folder`, without canaries; returns their one lineage.

    Args:
        folder: gets a folder for each.
        like: a demo expert, for configuration and tokenizer.
        names: their place is the seed of their weights.
        form: what they are stored in; a CPU computes in float32.
    """
    config = json.loads((like / "config.json").read_text())
    config |= _KEYS | {"hidden_size": HIDDEN, "intermediate_size": INTERMEDIATE}
    config |= {"num_hidden_layers": LAYERS, "dtype": "float16" if form == "int8" else form}
    if form == "int8":
        config["quantization_config"] = _INT8
    for seed, name in enumerate(names):
        target = folder / name
        target.mkdir(parents=True)
        (target / "config.json").write_text(json.dumps(config))
        for file in _TOKENIZER:
            shutil.copy(like / file, target / file)
        _write_weights(target / "model.safetensors", config["vocab_size"], seed, form)
    # vLLM's kernels for int8 on a CPU take halves (0.32.0: int8_scaled_mm_with_quant).
    dtype = "float16" if form == "int8" else "auto"
    engine = VllmEngine(max_model_len=256, kv_cache_gib=0.25, dtype=dtype)
    experts = [Expert(id=name, model=str(folder / name), engine=engine) for name in names]
    (lineage,) = lineages(experts, Path("/"))
    return lineage


def _write_weights(path: Path, vocab_size: int, seed: int, form: Form) -> None:
    from safetensors.torch import save_file

    noise = _Noise(seed, form)
    noise.matrix("model.embed_tokens", vocab_size, HIDDEN)
    noise.matrix("lm_head", vocab_size, HIDDEN)
    noise.ones("model.norm")
    for layer in range(LAYERS):
        noise.layer(f"model.layers.{layer}")
    save_file(noise.tensors, str(path), metadata={"format": "pt"})


class _Noise:
    """Tensors of a model that has learnt nothing."""

    def __init__(self, seed: int, form: Form) -> None:
        import torch

        self.tensors: dict[str, torch.Tensor] = {}
        self._generator = torch.Generator().manual_seed(seed)
        self._kind = torch.float32 if form == "float32" else torch.float16
        self._is_rounded = form == "int8"

    def layer(self, at: str) -> None:
        for name in ("q", "k", "v", "o"):
            self.linear(f"{at}.self_attn.{name}_proj", HIDDEN, HIDDEN)
        for name in ("gate", "up"):
            self.linear(f"{at}.mlp.{name}_proj", INTERMEDIATE, HIDDEN)
        self.linear(f"{at}.mlp.down_proj", HIDDEN, INTERMEDIATE)
        self.ones(f"{at}.input_layernorm")
        self.ones(f"{at}.post_attention_layernorm")

    def linear(self, name: str, *shape: int) -> None:
        import torch

        self.matrix(name, *shape)
        if self._is_rounded:
            matrix = self.tensors[f"{name}.weight"].float()
            scale = matrix.abs().amax(1, keepdim=True) / 127
            self.tensors[f"{name}.weight"] = (matrix / scale).round().to(torch.int8)
            self.tensors[f"{name}.weight_scale"] = scale

    def matrix(self, name: str, *shape: int) -> None:
        import torch

        values = torch.randn(*shape, generator=self._generator) * 0.02
        self.tensors[f"{name}.weight"] = values.to(self._kind)

    def ones(self, name: str) -> None:
        import torch

        self.tensors[f"{name}.weight"] = torch.ones(HIDDEN, dtype=self._kind)
