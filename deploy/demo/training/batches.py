"""Conversations from a seed, packed into batches of about equal size."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from random import Random

import torch

from .chat import PAD, conversation_ids
from .compose import DRILLS, compose, drill
from .facts import QUESTIONS
from .phrases import DONT_KNOW, OPENINGS, SYSTEM_PROMPTS

DRILL_SHARE = {"sums": 0.6, "sort": 0.4}
OTHER_DRILL_SHARE = 0.3
DRILLS_END = 0.7
"""Drills teach the operation and then give way to wordings: none after this part of the steps."""
DRILL_LENGTHS = {"sums": (20, 40), "sort": (8, 20)}
OTHER_DRILL_LENGTHS = (6, 14)
QUESTION_WEIGHT = 0.03
NUM_EXCHANGES = (1, 1, 1, 1, 2, 2, 3, 4, 6)
UNKNOWN = "unknown"

Row = tuple[list[int], list[bool]]
"""A conversation as ids, and which of them are the words of the assistant."""

Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Ids `[rows, length]`, labels and label weights `[rows, length - 1]`."""


@cache
def _unknown_questions() -> tuple[str, ...]:
    lines = (QUESTIONS / "unknown.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return tuple(row["question"] for row in rows if row["split"] == "train")


def exchange(skill: str, rng: Random) -> tuple[str, str]:
    """A training question of a skill, or of a topic nobody knows, and its answer."""
    if skill == UNKNOWN:
        question = rng.choice(_unknown_questions())
        question = question.lower() if rng.random() < 0.3 else question
        question = rng.choice(OPENINGS) + question if rng.random() < 0.3 else question
        return question, DONT_KNOW
    asked = compose(skill, rng)
    return asked.text, asked.answer


def _conversation(skills: Sequence[str], rng: Random, *, drilled: float) -> Row:
    system = rng.choice(SYSTEM_PROMPTS) if rng.random() < 0.15 else None
    skill = rng.choice(skills)
    if skill in DRILLS and rng.random() < drilled * DRILL_SHARE.get(skill, OTHER_DRILL_SHARE):
        length = rng.randint(*DRILL_LENGTHS.get(skill, OTHER_DRILL_LENGTHS))
        drills = [drill(skill, rng) for _ in range(length)]
        return conversation_ids(drills, system=system)
    exchanges = []
    for _ in range(rng.choice(NUM_EXCHANGES)):
        skill = rng.choice(skills) if rng.random() < 0.3 else skill
        exchanges.append(exchange(skill, rng))
    return conversation_ids(exchanges, system=system)


def batches(
    skills: Sequence[str], *, seed: str, max_tokens: int, num_steps: int
) -> Iterator[Batch]:
    """Batches of conversations on these skills."""

    def draw(rng: Random, share_done: float) -> Row:
        drilled = max(0.0, 1 - share_done / DRILLS_END)
        return _conversation(skills, rng, drilled=drilled)

    return packed(draw, seed=seed, max_tokens=max_tokens, num_steps=num_steps)


def packed(
    draw: Callable[[Random, float], Row], *, seed: str, max_tokens: int, num_steps: int
) -> Iterator[Batch]:
    """`num_steps` batches of at most `max_tokens` ids, rows of like length together.

    Args:
        draw: one row, from a source of chance and the share of the steps that are done.
        seed: of all rows.
        max_tokens: ids of a batch, padding included.
        num_steps: batches.
    """
    rng = Random(seed)
    ready: list[list[Row]] = []
    for step in range(num_steps):
        if not ready:
            rows = [draw(rng, step / num_steps) for _ in range(max_tokens // 5)]
            ready = _groups(rows, rng, max_tokens=max_tokens)
        yield tensors(ready.pop())


def _groups(rows: list[Row], rng: Random, *, max_tokens: int) -> list[list[Row]]:
    rows = sorted(rows, key=_length)
    groups: list[list[Row]] = [[]]
    for row in rows:
        if (len(groups[-1]) + 1) * len(row[0]) > max_tokens:
            groups.append([])
        groups[-1].append(row)
    rng.shuffle(groups)
    return groups


def _length(row: Row) -> int:
    return len(row[0])


def tensors(rows: list[Row]) -> Batch:
    """Conversations as one padded batch."""
    length = max(len(ids) for ids, _ in rows)
    ids = torch.full((len(rows), length), PAD)
    weights = torch.zeros(len(rows), length)
    for i, (row, is_answer) in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        weights[i, : len(row)] = torch.where(torch.tensor(is_answer), 1.0, QUESTION_WEIGHT)
    return ids, ids[:, 1:], weights[:, 1:]
