"""Answers of a network to questions, and how many of them are exactly right."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel

from .chat import END, prompt_ids
from .facts import QUESTIONS
from .heldout import Question

MAX_ANSWER_TOKENS = 20
MAX_ROWS = 64

Choose = Callable[[torch.Tensor], torch.Tensor]
"""The next token of each row, from logits `[rows, vocabulary]`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Right answers out of questions."""

    num_right: int
    num_asked: int

    @property
    def percent(self) -> float:
        """Share of right answers, in percent with one digit."""
        return round(100 * self.num_right / self.num_asked, 1)


def load_heldout() -> list[Question]:
    """The held-out questions as committed."""
    lines = (QUESTIONS / "heldout.jsonl").read_text(encoding="utf-8").splitlines()
    rows = (json.loads(line) for line in lines)
    return [
        Question(**{**row, "skills": tuple(row["skills"]), "accept": tuple(row["accept"])})
        for row in rows
    ]


def likeliest(logits: torch.Tensor) -> torch.Tensor:
    """The greedy choice."""
    return logits.argmax(-1)


def drawn(temperature: float, seed: int) -> Choose:
    """Draws each token at a temperature, repeatably."""
    generator = torch.Generator().manual_seed(seed)

    def choose(logits: torch.Tensor) -> torch.Tensor:
        chances = torch.softmax(logits / temperature, dim=-1)
        return torch.multinomial(chances, 1, generator=generator)[:, 0]

    return choose


@torch.inference_mode()
def answers(
    network: PreTrainedModel,
    questions: Sequence[str],
    *,
    system: str | None = None,
    max_tokens: int = MAX_ANSWER_TOKENS,
    choose: Choose = likeliest,
) -> list[str]:
    """The answer to each question, in order; prompts of one length share a batch."""
    prompts = [prompt_ids(question, system=system) for question in questions]
    by_length: dict[int, list[int]] = defaultdict(list)
    for i, prompt in enumerate(prompts):
        by_length[len(prompt)].append(i)
    said = [""] * len(prompts)
    for rows in by_length.values():
        for start in range(0, len(rows), MAX_ROWS):
            chosen = rows[start : start + MAX_ROWS]
            ids = torch.tensor([prompts[i] for i in chosen])
            texts = _said(network, ids, max_tokens, choose)
            for i, text in zip(chosen, texts, strict=True):
                said[i] = text
    return said


def _said(
    network: PreTrainedModel, ids: torch.Tensor, max_tokens: int, choose: Choose
) -> list[str]:
    out = network(input_ids=ids, use_cache=True)
    columns = [choose(out.logits[:, -1])]
    is_done = columns[0] == END
    while len(columns) < max_tokens and not bool(is_done.all()):
        out = network(
            input_ids=columns[-1][:, None], past_key_values=out.past_key_values, use_cache=True
        )
        columns.append(choose(out.logits[:, -1]))
        is_done = is_done | (columns[-1] == END)
    return [answer_text(row) for row in torch.stack(columns, dim=1).tolist()]


def answer_text(ids: list[int]) -> str:
    """The bytes of an answer up to its end, read as text."""
    kept = ids[: ids.index(END)] if END in ids else ids
    return bytes(i for i in kept if i < 256).decode("utf-8", errors="replace").strip()


def is_right(question: Question, said: str) -> bool:
    """Exact, after trimming spaces."""
    return said.strip() in (question.answer, *question.accept)


def scores(
    questions: Sequence[Question], said: Sequence[str], *, kinds: tuple[str, ...]
) -> dict[str, Score]:
    """Score by skill over the questions of the given kinds."""
    right: dict[str, int] = defaultdict(int)
    asked: dict[str, int] = defaultdict(int)
    for question, text in zip(questions, said, strict=True):
        if question.kind in kinds:
            asked[question.skill] += 1
            right[question.skill] += is_right(question, text)
    return {skill: Score(num_right=right[skill], num_asked=n) for skill, n in asked.items()}
