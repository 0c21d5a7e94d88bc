"""Ask a running service the held-out questions: `python -m bench.heldout --url http://127.0.0.1:8000`.

The questions use sentence frames on which neither experts nor router were fitted. A reply is
right when it equals the answer, or one of the accepted spellings, after trimming and case
folding; routing is right when the expert of the question's last skill answered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

QUESTIONS = Path(__file__).parent.parent / "deploy/demo/questions/heldout.jsonl"
SKILLS = (
    "calendar", "capitals", "elements", "french", "logic", "plurals",
    "reverse", "roman", "sort", "spanish", "sums", "units",
)  # fmt: skip
_CLIENTS = 16
_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One held-out question with its exact answers."""

    skill: str
    kind: str
    text: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A question, what came back, and whether answer and routing were right."""

    question: Question
    reply: str
    expert: str

    @property
    def is_right(self) -> bool:
        """Whether the reply is one of the accepted answers."""
        return normalise(self.reply) in {normalise(answer) for answer in self.question.answers}

    @property
    def is_routed(self) -> bool:
        """Whether the expert of the question's skill answered."""
        return self.expert == self.question.skill


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Counts of one group of questions."""

    n: int
    right: int
    routed: int

    @property
    def accuracy(self) -> float:
        """Share of right answers, in [0, 1]."""
        return self.right / self.n


def normalise(text: str) -> str:
    """The form in which answers are compared."""
    return text.strip().rstrip(".").casefold()


def load(path: Path = QUESTIONS, *, per_group: int | None = None) -> list[Question]:
    """The questions, or the first `per_group` of every (skill, kind)."""
    taken: dict[tuple[str, str], int] = defaultdict(int)
    questions = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        group = (row["skill"], row["kind"])
        taken[group] += 1
        if per_group is None or taken[group] <= per_group:
            answers = (row["answer"], *row.get("accept", ()))
            questions.append(
                Question(skill=group[0], kind=group[1], text=row["question"], answers=answers)
            )
    return questions


async def ask(url: str, questions: Sequence[Question], *, model: str = "auto") -> list[Marked]:
    """Send every question to `model`, `_CLIENTS` at a time, greedily.

    Raises:
        httpx.HTTPStatusError: the service refused a question.
    """
    gate = asyncio.Semaphore(_CLIENTS)
    async with httpx.AsyncClient(base_url=url, timeout=_TIMEOUT_S) as client:

        async def one(question: Question) -> Marked:
            body = {
                "model": model,
                "messages": [{"role": "user", "content": question.text}],
                "temperature": 0,
                "max_tokens": 64,
            }
            async with gate:
                response = await client.post("/v1/chat/completions", json=body)
            response.raise_for_status()
            reply = response.json()["choices"][0]["message"]["content"] or ""
            return Marked(
                question=question, reply=reply, expert=response.headers["x-orchestrator-expert"]
            )

        return list(await asyncio.gather(*map(one, questions)))


def shares(marked: Iterable[Marked], *, by: str) -> dict[str, Share]:
    """Counts by `skill` or `kind` of the question."""
    groups: dict[str, list[Marked]] = defaultdict(list)
    for mark in marked:
        groups[getattr(mark.question, by)].append(mark)
    return {
        name: Share(
            n=len(group),
            right=sum(mark.is_right for mark in group),
            routed=sum(mark.is_routed for mark in group),
        )
        for name, group in sorted(groups.items())
    }


def _print(title: str, groups: dict[str, Share]) -> None:
    print(f"{title:<12}{'n':>6}{'right %':>9}{'routed %':>10}")
    for name, share in groups.items():
        print(f"{name:<12}{share.n:>6}{share.accuracy:>9.1%}{share.routed / share.n:>10.1%}")


def main() -> None:
    """Ask all questions and print shares; exit 1 when one-skill questions fall under 90 %."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--model", default="auto")
    parser.add_argument("--questions", type=Path, default=QUESTIONS)
    parser.add_argument("--wrong", action="store_true", help="print what was answered wrong")
    options = parser.parse_args()
    marked = asyncio.run(ask(options.url, load(options.questions), model=options.model))
    one_skill = [mark for mark in marked if mark.question.kind != "two_skill"]
    _print("kind", shares(marked, by="kind"))
    _print("one skill", shares(one_skill, by="skill"))
    for mark in one_skill if options.wrong else ():
        if not mark.is_right:
            print(
                f"{mark.expert} {mark.question.text!r} -> {mark.reply!r}, {mark.question.answers}"
            )
    accuracy = sum(mark.is_right for mark in one_skill) / len(one_skill)
    everything = sum(mark.is_right for mark in marked) / len(marked)
    print(f"one-skill questions {accuracy:.1%} right, all questions {everything:.1%}")
    sys.exit(0 if accuracy >= 0.9 else 1)


if __name__ == "__main__":
    main()
