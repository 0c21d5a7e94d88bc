"""Writes an expert's folder: what an engine loads, and the card a person reads."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import GenerationConfig, PreTrainedModel

from .chat import BOS, END, PAD, build_tokenizer
from .networks import expert_network, generalist_network

GENERALIST = "generalist"


def load_rounded(weights: Path) -> PreTrainedModel:
    """The network with its weights rounded to float16, run in float32: what is shipped."""
    build = generalist_network if weights.stem == GENERALIST else expert_network
    network = build(0)
    rounded = {name: tensor.half().float() for name, tensor in load_file(weights).items()}
    network.load_state_dict(rounded)
    network.eval()
    return network


def load_shipped(folder: Path) -> PreTrainedModel:
    """The network of an expert's folder, run in float32."""
    build = generalist_network if folder.name == GENERALIST else expert_network
    network = build(0)
    tensors = load_file(folder / "model.safetensors")
    network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    network.eval()
    return network


def export(weights: Path, folder: Path) -> None:
    """Saves config, generation config, tokenizer and float16 weights into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    network = load_rounded(weights).to(torch.float16)
    network.generation_config = GenerationConfig(
        bos_token_id=BOS, eos_token_id=END, pad_token_id=PAD, do_sample=False, max_new_tokens=64
    )
    network.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    tokenizer = build_tokenizer()
    tokenizer.save_pretrained(folder, save_jinja_files=False)
    _embed_template(folder, tokenizer.chat_template)


def _embed_template(folder: Path, template: str) -> None:
    """Keeps the chat template inside tokenizer_config.json, the place every engine reads."""
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text())
    config |= {"chat_template": template, "tokenizer_class": "PreTrainedTokenizerFast"}
    path.write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n")
    (folder / "chat_template.jinja").unlink(missing_ok=True)
