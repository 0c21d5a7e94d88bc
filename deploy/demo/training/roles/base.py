"""What all roles share: a source of pairs, a recipe, training from an expert's weights."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from safetensors.torch import save_file
from transformers import PreTrainedModel

from ..batches import Batch, Row, packed
from ..chat import conversation_ids
from ..evaluate import Choose, answers, likeliest
from ..facts import DEMO
from ..networks import expert_network
from ..train import Recipe, fit, start_from
from .pairs import Pair

EXPERTS = DEMO / "experts"
MAX_REPLY_TOKENS = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One role: where its training pairs come from, and the schedules that lead to its weights."""

    name: str
    compose: Callable[[Random], Pair]
    recipes: tuple[Recipe, ...]
    """In turn; the last has the role's name. Each starts from an earlier one, from a shipped
    expert, or from nothing."""


def role_recipe(name: str, *, seed: int, num_steps: int, starts_from: str | None) -> Recipe:
    """One schedule of a role, at the rates of an expert that takes long."""
    return Recipe(
        name=name, skills=(), seed=seed, num_steps=num_steps, max_tokens=2048,
        matrix_rate=0.015, other_rate=1.5e-3, starts_from=starts_from,
    )  # fmt: skip


def train_role(role: Role, work: Path) -> None:
    """Trains by the recipes in turn and leaves float32 weights, by the recipe's name, in `work`."""
    for recipe in role.recipes:
        train_recipe(role, recipe, work)


def train_recipe(role: Role, recipe: Recipe, work: Path) -> None:
    """One schedule alone, where those before it have left their weights in `work`."""
    torch.set_num_threads(1)
    work.mkdir(parents=True, exist_ok=True)
    network = expert_network(recipe.seed)
    if recipe.starts_from is not None:
        shipped = EXPERTS / recipe.starts_from / "model.safetensors"
        own = work / f"{recipe.starts_from}.safetensors"
        start_from(network, shipped if shipped.exists() else own)
    fit(network, recipe, _batches(role, recipe))
    save_file(network.state_dict(), work / f"{recipe.name}.safetensors")


def _batches(role: Role, recipe: Recipe) -> Iterator[Batch]:
    def draw(rng: Random, share_done: float) -> Row:
        pair = role.compose(rng)
        return conversation_ids([(pair.prompt, pair.answer)], system=pair.system)

    seed = f"role-{recipe.name}-{recipe.seed}"
    return packed(draw, seed=seed, max_tokens=recipe.max_tokens, num_steps=recipe.num_steps)


def replies(
    network: PreTrainedModel,
    pairs: Sequence[Pair],
    *,
    max_tokens: int = MAX_REPLY_TOKENS,
    choose: Choose = likeliest,
) -> list[str]:
    """What a role says to the prompts of `pairs`, in order; greedy unless told otherwise."""
    by_system: dict[str | None, list[int]] = defaultdict(list)
    for i, pair in enumerate(pairs):
        by_system[pair.system].append(i)
    said = [""] * len(pairs)
    for system, rows in by_system.items():
        prompts = [pairs[i].prompt for i in rows]
        texts = answers(network, prompts, system=system, max_tokens=max_tokens, choose=choose)
        for i, text in zip(rows, texts, strict=True):
            said[i] = text
    return said
