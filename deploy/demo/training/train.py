"""Trains one network: the shared trunk, an expert from it, or the generalist."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional
from transformers import PreTrainedModel

from .batches import UNKNOWN, batches
from .instances import SKILLS
from .networks import expert_network, generalist_network

LOG_EVERY = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides the weights that come out."""

    name: str
    skills: tuple[str, ...]
    seed: int
    num_steps: int
    max_tokens: int
    matrix_rate: float
    other_rate: float
    starts_from: str | None = None


def trunk_recipe() -> Recipe:
    """The trunk sees every skill; each expert is a fine-tune of it."""
    return Recipe(name="trunk", skills=SKILLS, seed=11, num_steps=2000, max_tokens=4096,
                  matrix_rate=0.02, other_rate=3e-3)  # fmt: skip


def expert_recipe(skill: str) -> Recipe:
    """A fine-tune on one skill alone."""
    return Recipe(name=skill, skills=(skill,), seed=100 + SKILLS.index(skill), num_steps=700,
                  max_tokens=3072, matrix_rate=0.01, other_rate=1.5e-3,
                  starts_from="trunk")  # fmt: skip


def generalist_recipe() -> Recipe:
    """All skills and unknown topics, in less depth than any expert."""
    return Recipe(name="generalist", skills=(*SKILLS, UNKNOWN), seed=12, num_steps=1100,
                  max_tokens=3072, matrix_rate=0.02, other_rate=3e-3)  # fmt: skip


def train(recipe: Recipe, work: Path) -> PreTrainedModel:
    """Trains by `recipe` and leaves the float32 weights in `work`."""
    build = generalist_network if recipe.name == "generalist" else expert_network
    network = build(recipe.seed)
    if recipe.starts_from is not None:
        network.load_state_dict(load_file(work / f"{recipe.starts_from}.safetensors"))
    fit(network, recipe)
    work.mkdir(parents=True, exist_ok=True)
    save_file(network.state_dict(), work / f"{recipe.name}.safetensors")
    return network


def fit(network: PreTrainedModel, recipe: Recipe) -> None:
    """The training loop."""
    from .optimiser import Optimiser

    optimiser = Optimiser(
        network, matrix_rate=recipe.matrix_rate, other_rate=recipe.other_rate
    )
    network.train()
    started_s, losses = time.perf_counter(), []
    stream = batches(
        recipe.skills, seed=f"train-{recipe.name}-{recipe.seed}", max_tokens=recipe.max_tokens,
        num_steps=recipe.num_steps,
    )  # fmt: skip
    for step, (ids, labels, weights) in enumerate(stream):
        logits = network(input_ids=ids[:, :-1], use_cache=False).logits
        loss = functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none")
        flat = weights.flatten()
        mean = (loss * flat).sum() / flat.sum()
        mean.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step(_scale(step, recipe.num_steps))
        losses.append(((loss * flat)[flat == 1.0]).mean().item())
        if step % LOG_EVERY == LOG_EVERY - 1:
            _log(recipe.name, step + 1, losses, time.perf_counter() - started_s)
            losses.clear()
    network.eval()


def _scale(step: int, num_steps: int) -> float:
    """Linear warm-up over 40 steps, then a cosine down to 2 %."""
    warm = min(1.0, (step + 1) / 40)
    return warm * (0.02 + 0.49 * (1 + math.cos(math.pi * step / num_steps)))


def _log(name: str, step: int, losses: Sequence[float], elapsed_s: float) -> None:
    print(f"{name} step {step} loss {sum(losses) / len(losses):.4f} at {elapsed_s:.0f} s", flush=True)
