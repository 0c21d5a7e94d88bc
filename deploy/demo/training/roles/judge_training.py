"""Trains the judge on trees."""

from __future__ import annotations

import time
from collections.abc import Iterable

import torch
from torch.nn import functional
from transformers import PreTrainedModel

from ..optimiser import Optimiser
from ..train import LOG_EVERY, Recipe, log_loss, schedule
from .trees import TreeBatch


def fit_trees(network: PreTrainedModel, recipe: Recipe, stream: Iterable[TreeBatch]) -> None:
    """Takes one step of `recipe` for each batch of `stream`."""
    optimiser = Optimiser(network, matrix_rate=recipe.matrix_rate, other_rate=recipe.other_rate)
    network.train()
    started_s, losses = time.perf_counter(), list[float]()
    for step, batch in enumerate(stream):
        loss = _losses(network, batch)
        ((loss * batch.weights).sum() / batch.weights.sum()).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step(schedule(step, recipe.num_steps))
        losses.append(loss.detach()[batch.weights >= 1].mean().item())
        if step % LOG_EVERY == LOG_EVERY - 1:
            log_loss(recipe.name, step + 1, losses, time.perf_counter() - started_s)
            losses.clear()


def _losses(network: PreTrainedModel, batch: TreeBatch) -> torch.Tensor:
    logits = network(
        input_ids=batch.ids,
        attention_mask=batch.mask,
        position_ids=batch.positions,
        use_cache=False,
    ).logits
    flat = functional.cross_entropy(logits.flatten(0, 1), batch.labels.flatten(), reduction="none")
    return flat.view_as(batch.weights)
