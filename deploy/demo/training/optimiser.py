"""Muon for the matrices inside the network, AdamW for everything else."""

from __future__ import annotations

from collections import defaultdict

import torch
from torch import nn

_QUINTIC = (3.4445, -4.7750, 2.0315)
MOMENTUM = 0.95


def orthogonalised(update: torch.Tensor) -> torch.Tensor:
    """Brings the singular values of each matrix close to one.

    Args:
        update: shape [matrices, rows, columns].

    Source: Jordan 2024, "Muon", in float32 and over a stack of matrices of one shape.
    """
    a, b, c = _QUINTIC
    is_tall = update.size(-2) > update.size(-1)
    x = update.mT if is_tall else update
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if is_tall else x


class Optimiser:
    """Both optimisers behind one `step`, with one schedule."""

    def __init__(self, network: nn.Module, *, matrix_rate: float, other_rate: float) -> None:
        """Splits the parameters: matrices inside layers, and the rest."""
        named = list(network.named_parameters())
        inner = [p for name, p in named if p.ndim == 2 and ".layers." in name]
        chosen = {id(p) for p in inner}
        rest = [p for _, p in named if id(p) not in chosen]
        self._stacks: dict[torch.Size, list[nn.Parameter]] = defaultdict(list)
        for parameter in inner:
            self._stacks[parameter.shape].append(parameter)
        self._momenta = {
            shape: torch.zeros(len(stack), *shape) for shape, stack in self._stacks.items()
        }
        self._matrix_rate, self._other_rate = matrix_rate, other_rate
        self._adam = torch.optim.AdamW(rest, lr=other_rate, betas=(0.9, 0.98), weight_decay=0.0)

    @torch.no_grad()
    def step(self, scale: float) -> None:
        """One update at `scale` times the rates; clears the gradients."""
        for group in self._adam.param_groups:
            group["lr"] = self._other_rate * scale
        self._adam.step()
        self._adam.zero_grad()
        for shape, stack in self._stacks.items():
            gradient = torch.stack([p.grad for p in stack if p.grad is not None])
            momentum = self._momenta[shape]
            momentum.lerp_(gradient, 1 - MOMENTUM)
            update = orthogonalised(gradient.lerp(momentum, MOMENTUM))
            rate = self._matrix_rate * scale * max(1.0, shape[0] / shape[1]) ** 0.5
            for parameter, change in zip(stack, update, strict=True):
                parameter.mul_(1 - 0.01 * self._matrix_rate * scale).add_(change, alpha=-rate)
                parameter.grad = None
