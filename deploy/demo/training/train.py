"""Trains one network: the shared trunk, an expert from it, or the generalist."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import distributed, multiprocessing
from torch.nn import functional
from transformers import PreTrainedModel

from .batches import UNKNOWN, Batch, batches
from .instances import SKILLS
from .networks import expert_network, generalist_network
from .optimiser import Optimiser

LOG_EVERY = 25
STEPS = {
    "sums": 5000, "sort": 4200, "reverse": 3600, "calendar": 3000,
    "french": 1600, "spanish": 1400, "plurals": 1600, "logic": 1600,
    "capitals": 500, "elements": 360, "roman": 380, "units": 220,
}  # fmt: skip
"""Facts come with the trunk or soon after; what must be computed takes long."""
AGAIN = {
    "sums": 1300, "sort": 1700, "reverse": 1200, "calendar": 1100, "logic": 900,
}  # fmt: skip
"""Steps of a second schedule, warm again: it settles on wordings once the operation is learnt."""


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
    num_processes: int = 1
    """Processes of one thread each that share a step; they slow less than threads on a busy CPU."""


def trunk_recipe() -> Recipe:
    """The trunk sees every skill; each expert is a fine-tune of it."""
    return Recipe(name="trunk", skills=SKILLS, seed=11, num_steps=1100, max_tokens=2048,
                  matrix_rate=0.02, other_rate=3e-3, num_processes=3)  # fmt: skip


def expert_recipe(skill: str) -> Recipe:
    """A fine-tune on one skill alone."""
    is_long = STEPS[skill] > 1000
    return Recipe(
        name=skill, skills=(skill,), seed=100 + SKILLS.index(skill), num_steps=STEPS[skill],
        max_tokens=2048, matrix_rate=0.015 if is_long else 0.01, other_rate=1.5e-3,
        starts_from="trunk",
    )  # fmt: skip


def recipes_of(name: str) -> tuple[Recipe, ...]:
    """What is trained in turn to get one set of weights: the trunk, the generalist, an expert."""
    if name == "trunk":
        return (trunk_recipe(),)
    if name == "generalist":
        return (generalist_recipe(),)
    first = expert_recipe(name)
    if name not in AGAIN:
        return (first,)
    return (
        replace(first, name=f"{name}-first"),
        replace(
            first,
            seed=first.seed + 100,
            num_steps=AGAIN[name],
            starts_from=f"{name}-first",
            matrix_rate=0.01,
            other_rate=1e-3,
        ),
    )


def generalist_recipe() -> Recipe:
    """The trunk turned Qwen2, with a little training on all skills and on unknown topics."""
    return Recipe(
        name="generalist", skills=(*SKILLS, UNKNOWN), seed=12, num_steps=300, max_tokens=2048,
        matrix_rate=0.004, other_rate=1e-3, starts_from="trunk",
    )  # fmt: skip


def train(recipe: Recipe, work: Path) -> None:
    """Trains by `recipe` and leaves the float32 weights in `work`."""
    work.mkdir(parents=True, exist_ok=True)
    if recipe.num_processes == 1:
        _train_rank(0, recipe, work)
        return
    with tempfile.TemporaryDirectory() as folder:
        arguments = (recipe, work, f"file://{folder}/meeting")
        multiprocessing.spawn(_join_and_train, arguments, nprocs=recipe.num_processes)


def _join_and_train(rank: int, recipe: Recipe, work: Path, meeting: str) -> None:
    distributed.init_process_group(
        "gloo", init_method=meeting, rank=rank, world_size=recipe.num_processes
    )
    _train_rank(rank, recipe, work)
    distributed.destroy_process_group()


def _train_rank(rank: int, recipe: Recipe, work: Path) -> None:
    torch.set_num_threads(1)
    build = generalist_network if recipe.name == "generalist" else expert_network
    network = build(recipe.seed)
    if recipe.starts_from is not None:
        start_from(network, work / f"{recipe.starts_from}.safetensors")
    seed = f"train-{recipe.name}-{recipe.seed}-{rank}"
    stream = batches(
        recipe.skills, seed=seed, max_tokens=recipe.max_tokens, num_steps=recipe.num_steps
    )
    fit(network, recipe, stream, rank)
    if rank == 0:
        save_file(network.state_dict(), work / f"{recipe.name}.safetensors")


def start_from(network: PreTrainedModel, weights: Path) -> None:
    """Takes over all weights; biases, which are near zero, may be missing or left over.

    Raises:
        ValueError: The file has other tensors than the network.
    """
    tensors = {name: tensor.float() for name, tensor in load_file(weights).items()}
    missing, unexpected = network.load_state_dict(tensors, strict=False)
    if not all(name.endswith(".bias") for name in (*missing, *unexpected)):
        raise ValueError(f"{weights} does not fit: missing {missing}, unexpected {unexpected}")


def fit(network: PreTrainedModel, recipe: Recipe, stream: Iterable[Batch], rank: int = 0) -> None:
    """Takes one step of `recipe` for each batch of `stream`."""
    optimiser = Optimiser(network, matrix_rate=recipe.matrix_rate, other_rate=recipe.other_rate)
    network.train()
    started_s, losses = time.perf_counter(), []
    for step, (ids, labels, weights) in enumerate(stream):
        logits = network(input_ids=ids[:, :-1], use_cache=False).logits
        loss = functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none")
        flat = weights.flatten()
        ((loss * flat).sum() / flat.sum()).backward()
        if recipe.num_processes > 1:
            _average_gradients(network, recipe.num_processes)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step(schedule(step, recipe.num_steps))
        losses.append(loss.detach()[flat == 1.0].mean().item())
        if rank == 0 and step % LOG_EVERY == LOG_EVERY - 1:
            log_loss(recipe.name, step + 1, losses, time.perf_counter() - started_s)
            losses.clear()


def _average_gradients(network: PreTrainedModel, num_processes: int) -> None:
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(flat)
    start = 0
    for gradient in gradients:
        end = start + gradient.numel()
        gradient.copy_(flat[start:end].view_as(gradient) / num_processes)
        start = end


def schedule(step: int, num_steps: int) -> float:
    """Linear warm-up over 40 steps, then a cosine down to 2 %."""
    warm = min(1.0, (step + 1) / 40)
    return warm * (0.02 + 0.49 * (1 + math.cos(math.pi * step / num_steps)))


def log_loss(name: str, step: int, losses: Sequence[float], elapsed_s: float) -> None:
    """Tells the mean loss since the last time."""
    print(
        f"{name} step {step} loss {sum(losses) / len(losses):.4f} at {elapsed_s:.0f} s", flush=True
    )
