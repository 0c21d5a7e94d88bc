"""Answers to like questions: how often one is found, and how often it is wrong, by threshold.

Each question looks for an earlier one as a gateway does; a hit is right where both have the same
answer. `demo` is the demo's held-out questions, which ask for different things in the same words:
nearly whatever is found there is wrong. `reworded` has half of them a second time, as people
repeat themselves: with a greeting, a please, other capitals. Traffic lies in between.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from bench.report import Outcome, Target
from bench.setup import Setup
from orchestrator.caching.keys import MAX_QUESTION_CHARS, Question
from orchestrator.caching.likeness import Likeness
from routers.static_files import table_of

NAME = "like questions"
TABLE, QUESTIONS = "deploy/demo/routers/topic", "deploy/demo/questions/heldout.jsonl"
THRESHOLDS = (0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99)
#: Where an operator begins, by docs/operations.md.
ADVISED = 0.9
_WORDINGS = (
    "Please tell me: {}",
    "Hi! {}",
    "{} Thanks!",
    "{low}",
    "Hello, help me? {}",
    " {} please",
)
_WRONG = f"{NAME}: wrong of those told at {ADVISED:g}, reworded"
_TIME = f"{NAME}: one comparison with 600 others, p50"
TARGETS = (
    Target(name=_WRONG, sense="<", limit=0.02, unit="of all told"),
    Target(name=_TIME, sense="<", limit=1.0, unit="ms"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    text: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Swept:
    """One data set at one threshold."""

    num_asked: int
    num_hits: int
    num_wrong: int

    def told(self) -> dict[str, float]:
        wrong = self.num_wrong / self.num_hits if self.num_hits else 0.0
        return {
            "hit_rate": round(self.num_hits / self.num_asked, 4),
            "false_hit_rate": round(wrong, 4),
            "hits": self.num_hits,
        }


def measure(setup: Setup) -> Outcome:
    """Every threshold on every data set that is here."""
    table = table_of(setup.root / TABLE, names={"static"})
    assert table is not None, "a folder was given"
    embedder = table.embedding()
    demo = _demo(setup.root / QUESTIONS)
    sets = {"demo": demo, "reworded": _reworded(demo)}
    found = {
        name: {
            f"{least:g}": _swept(
                asked, Likeness(embedder, least=least, max_questions=len(asked))
            ).told()
            for least in THRESHOLDS
        }
        for name, asked in sets.items()
    }
    took_ms = _time_ms(Likeness(embedder, least=0.9), sets["demo"])
    return Outcome(
        values={
            _WRONG: found["reworded"][f"{ADVISED:g}"]["false_hit_rate"],
            _TIME: took_ms,
        },
        figures={"by_threshold": found, "comparison_ms": round(took_ms, 4)},
        rows=[
            (f"{name}, from {least}", _row(one))
            for name, swept in found.items()
            for least, one in swept.items()
        ],
    )


def _row(one: dict[str, float]) -> str:
    return f"hits {one['hit_rate']:.1%}, wrong {one['false_hit_rate']:.1%} of {one['hits']:g}"


def _reworded(asked: list[_Asked]) -> list[_Asked]:
    drawn = random.Random(2)
    again = [
        _Asked(
            text=drawn.choice(_WORDINGS).format(one.text, low=one.text.lower()), answer=one.answer
        )
        for one in drawn.sample(asked, len(asked) // 2)
    ]
    mixed = [*asked, *again]
    drawn.shuffle(mixed)
    return mixed


def _demo(path: Path) -> list[_Asked]:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    asked = [_Asked(text=row["question"], answer=row["answer"]) for row in rows]
    random.Random(1).shuffle(asked)
    return asked


def _swept(asked: Iterable[_Asked], index: Likeness) -> _Swept:
    answers: dict[str, str] = {}
    num_asked = num_hits = num_wrong = 0
    for number, one in enumerate(asked):
        question = Question(text=one.text[:MAX_QUESTION_CHARS], context="all")
        vector = index.vector(question)
        like = index.nearest(question, vector)
        num_asked += 1
        if like is not None:
            num_hits += 1
            num_wrong += answers[like.key] != one.answer
        else:  # a hit makes no answer of its own
            index.remember(question, vector, key=str(number))
            answers[str(number)] = one.answer
    return _Swept(num_asked=num_asked, num_hits=num_hits, num_wrong=num_wrong)


def _time_ms(index: Likeness, asked: list[_Asked]) -> float:
    questions = [Question(text=one.text, context="all") for one in asked[:1_100]]
    for number, question in enumerate(questions[:600]):
        index.remember(question, index.vector(question), key=str(number))
    took = []
    for question in questions[600:]:
        began_s = perf_counter()
        index.nearest(question, index.vector(question))
        took.append((perf_counter() - began_s) * 1000)
    return sorted(took)[len(took) // 2]
