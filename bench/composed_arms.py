"""Arms of the compositions bench: what is asked of a running service, and what came back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

from bench.heldout import normalise
from bench.process import BenchError

#: Requests under way at once: enough for every engine to have its batch.
CLIENTS = 128
_TIMEOUT_S = 300.0
_DETAILS = {"x-orchestrator-details": "true", "x-orchestrator-max-wait-s": "250"}
_TWO_SKILLS = "two_skill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One held-out question."""

    text: str
    answers: frozenset[str]
    has_two_skills: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """A way of answering: a model of the registry, and how it is asked."""

    name: str
    model: str
    temperature: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """What one arm made of one question."""

    is_right: bool
    #: Answers that were generated, whatever they were for, and engine requests they took.
    num_answers: int
    num_requests: int
    num_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One arm over all questions, in their order."""

    arm: Arm
    marked: tuple[Marked, ...]
    #: From the first request to the last answer.
    took_s: float

    @property
    def right(self) -> NDArray[np.float64]:
        """Shape [n_questions], 1 where the answer was right."""
        return np.array([one.is_right for one in self.marked], dtype=np.float64)

    @property
    def calls(self) -> float:
        """Answers generated for a question, on average."""
        return float(np.mean([one.num_answers for one in self.marked]))

    @property
    def tokens(self) -> float:
        """Tokens read and written for a question, on average."""
        return float(np.mean([one.num_tokens for one in self.marked]))


def load_questions(path: Path, *, one_skill: int) -> list[Question]:
    """All questions of two skills, and the first `one_skill` of each skill's others.

    The others are drawn alternately from plain questions and decoys, four to one.
    """
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    num_of = {"plain": one_skill - one_skill // 5, "decoy": one_skill // 5}
    taken: dict[tuple[str, str], int] = {}
    found = []
    for row in rows:
        group = (row["skill"], row["kind"])
        taken[group] = taken.get(group, 0) + 1
        if row["kind"] == _TWO_SKILLS or taken[group] <= num_of[row["kind"]]:
            answers = frozenset(map(normalise, (row["answer"], *row.get("accept", ()))))
            found.append(
                Question(
                    text=row["question"],
                    answers=answers,
                    has_two_skills=row["kind"] == _TWO_SKILLS,
                )
            )
    return found


async def play(url: str, arm: Arm, questions: Sequence[Question], *, draw: int = 0) -> Played:
    """Ask all questions, `CLIENTS` at a time, each with a seed of its own; others in each draw.

    Raises:
        BenchError: a request was refused.
    """
    gate, began_s = asyncio.Semaphore(CLIENTS), perf_counter()
    limits = httpx.Limits(max_connections=CLIENTS)
    async with httpx.AsyncClient(base_url=url, timeout=_TIMEOUT_S, limits=limits) as client:

        async def one(seed: int, question: Question) -> Marked:
            body = {
                "model": arm.model,
                "messages": [{"role": "user", "content": question.text}],
                "temperature": arm.temperature,
                "seed": seed + draw * len(questions),
            }
            async with gate:
                response = await client.post("/v1/chat/completions", json=body, headers=_DETAILS)
            if response.status_code != httpx.codes.OK:
                raise BenchError(f"{arm.name}: {response.status_code}: {response.text[:300]}")
            return _marked(question, response.json())

        marked = await asyncio.gather(*(one(at, q) for at, q in enumerate(questions)))
    return Played(arm=arm, marked=tuple(marked), took_s=perf_counter() - began_s)


def _marked(question: Question, body: Mapping[str, Any]) -> Marked:
    reply = body["choices"][0]["message"]["content"] or ""
    calls = _leaves(body["orchestrator"]["stages"])
    return Marked(
        is_right=normalise(reply) in question.answers,
        num_answers=sum(call["num_answers"] for call in calls) if calls else 1,
        num_requests=len(calls) or 1,
        num_tokens=body["usage"]["total_tokens"],
    )


def _leaves(stages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Calls of experts, those of compositions within compositions among them."""
    calls = [call for stage in stages for call in stage["calls"]]
    return [
        leaf
        for call in calls
        for leaf in (_leaves(call["stages"]) if call.get("stages") else [call])
    ]
