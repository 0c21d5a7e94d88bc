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
    """One role: where its training pairs come from, and the schedules that lead to its weights.

    The first of `recipes` starts from the shipped expert that `starts_from` names (or from
    nothing), each later one from the weights before it.
    """

    name: str
    compose: Callable[[Random], Pair]
    recipes: tuple[Recipe, ...]


def role_recipe(name: str, *, seed: int, num_steps: int, starts_from: str | None) -> Recipe:
    """The recipe of a role's only schedule: the rates of an expert that takes long."""
    return Recipe(
        name=name, skills=(), seed=seed, num_steps=num_steps, max_tokens=2048,
        matrix_rate=0.015, other_rate=1.5e-3, starts_from=starts_from,
    )  # fmt: skip


def train_role(role: Role, work: Path) -> None:
    """Trains by the recipes in turn and leaves float32 weights, by the role's name, in `work`."""
    torch.set_num_threads(1)
    work.mkdir(parents=True, exist_ok=True)
    network = expert_network(role.recipes[0].seed)
    origin = role.recipes[0].starts_from
    if origin is not None:
        start_from(network, EXPERTS / origin / "model.safetensors")
    for recipe in role.recipes:
        fit(network, recipe, _batches(role, recipe))
    save_file(network.state_dict(), work / f"{role.name}.safetensors")


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


def num_exact(pairs: Sequence[Pair], said: Sequence[str]) -> int:
    """How many replies are word for word what they should be."""
    return sum(pair.answer.strip() == text.strip() for pair, text in zip(pairs, said, strict=True))
