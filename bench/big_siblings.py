"""Siblings too large to be read in no time: weights of noise, a tokenizer of the demo's.

The demo's experts are of 1 to 2 MB: what they take of a disk is lost in the canary.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from orchestrator.engines.lineage import lineages
from orchestrator.registry.models import Expert, VllmEngine

#: Width of the model and of its feed-forward layers, and how many there are: 105 M weights.
HIDDEN, INTERMEDIATE, LAYERS = 1024, 2816, 8
_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "generation_config.json")
_KEYS = {"num_attention_heads": 16, "num_key_value_heads": 16, "head_dim": 64}


def make(
    folder: Path, like: Path, names: Sequence[str], *, dtype: str = "float32"
) -> tuple[Expert, ...]:
    """Write siblings of these names into `folder`, without canaries.

    Args:
        folder: gets a folder for each.
        like: a demo expert, for configuration and tokenizer.
        names: also seeds of their weights.
        dtype: what they are stored in, and what they are computed in.
    """
    config = json.loads((like / "config.json").read_text())
    config |= _KEYS | {"dtype": dtype, "hidden_size": HIDDEN, "intermediate_size": INTERMEDIATE}
    config["num_hidden_layers"] = LAYERS
    for seed, name in enumerate(names):
        target = folder / name
        target.mkdir(parents=True)
        (target / "config.json").write_text(json.dumps(config))
        for file in _TOKENIZER:
            shutil.copy(like / file, target / file)
        _write_weights(target / "model.safetensors", config["vocab_size"], seed, dtype)
    engine = VllmEngine(max_model_len=256, kv_cache_gib=0.25)
    experts = [Expert(id=name, model=str(folder / name), engine=engine) for name in names]
    (lineage,) = lineages(experts, Path("/"))
    return lineage


def _write_weights(path: Path, vocab_size: int, seed: int, dtype: str) -> None:
    import torch
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(seed)
    kind = getattr(torch, dtype)

    def noise(*shape: int) -> torch.Tensor:
        return (torch.randn(*shape, generator=generator) * 0.02).to(kind)

    tensors = {
        "model.embed_tokens.weight": noise(vocab_size, HIDDEN),
        "lm_head.weight": noise(vocab_size, HIDDEN),
        "model.norm.weight": torch.ones(HIDDEN, dtype=kind),
    }
    for layer in range(LAYERS):
        at = f"model.layers.{layer}"
        for name in ("q", "k", "v", "o"):
            tensors[f"{at}.self_attn.{name}_proj.weight"] = noise(HIDDEN, HIDDEN)
        for name in ("gate", "up"):
            tensors[f"{at}.mlp.{name}_proj.weight"] = noise(INTERMEDIATE, HIDDEN)
        tensors[f"{at}.mlp.down_proj.weight"] = noise(HIDDEN, INTERMEDIATE)
        for name in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"{at}.{name}.weight"] = torch.ones(HIDDEN, dtype=kind)
    save_file(tensors, str(path), metadata={"format": "pt"})
