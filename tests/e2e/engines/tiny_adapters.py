"""Adapters with random weights on the tiny Llamas: each turns a base's noise into its own."""

import json
from pathlib import Path

#: Module -> its inputs and outputs in a tiny Llama.
_SIZES = {
    "self_attn.q_proj": (128, 128),
    "self_attn.v_proj": (128, 64),
    "mlp.down_proj": (256, 128),
}
_NUM_LAYERS = 2


def write_tiny_adapter(folder: Path, *, seed: int, rank: int = 4, num_inputs: int | None = None):
    """Write an adapter in PEFT's layout; other `num_inputs` than the base's make it another's."""
    import torch
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for layer in range(_NUM_LAYERS):
        for module, (inputs, outputs) in _SIZES.items():
            name = f"base_model.model.model.layers.{layer}.{module}"
            sizes = {"A": (rank, num_inputs or inputs), "B": (outputs, rank)}
            for letter, size in sizes.items():
                tensor = torch.randn(size, generator=generator) * 0.2
                tensors[f"{name}.lora_{letter}.weight"] = tensor
    folder.mkdir(parents=True)
    config = {
        "peft_type": "LORA",
        "r": rank,
        "lora_alpha": 2 * rank,
        "target_modules": [module.split(".")[1] for module in _SIZES],
        "base_model_name_or_path": "tiny",
    }
    (folder / "adapter_config.json").write_text(json.dumps(config))
    save_file(tensors, folder / "adapter_model.safetensors")
