"""Reads the judge: the chance of its first letter, and how good such chances are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel

from ..chat import prompt_ids
from .judge import NO, YES

MAX_ROWS = 128
Chances = NDArray[np.float64]


@torch.inference_mode()
def approvals(network: PreTrainedModel, prompts: Sequence[str]) -> Chances:
    """The probability of `yes` after each prompt, of `yes` and `no`."""
    rows = [prompt_ids(prompt) for prompt in prompts]
    by_length: dict[int, list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        by_length[len(row)].append(i)
    found = np.zeros(len(rows))
    letters = [YES.encode()[0], NO.encode()[0]]
    for places in by_length.values():
        for start in range(0, len(places), MAX_ROWS):
            chosen = places[start : start + MAX_ROWS]
            ids = torch.tensor([rows[i] for i in chosen])
            logits = network(input_ids=ids, logits_to_keep=1).logits[:, -1, letters]
            found[chosen] = torch.softmax(logits, dim=-1)[:, 0].double().numpy()
    return found


def area_under_curve(chances: Chances, is_right: NDArray[np.bool_]) -> float:
    """How often a right answer scores above a wrong one; ties count half."""
    right, wrong = chances[is_right], np.sort(chances[~is_right])
    below = np.searchsorted(wrong, right, side="left")
    up_to = np.searchsorted(wrong, right, side="right")
    return float((below + up_to).mean() / 2 / len(wrong))


def brier(chances: Chances, is_right: NDArray[np.bool_]) -> float:
    """Mean squared distance of the chances from what came true: 0 is best, 0.25 says nothing."""
    return float(((chances - is_right) ** 2).mean())
