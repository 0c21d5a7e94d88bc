"""Writes the held-out questions: 200 a skill, a fifth of them decoys or two-skill questions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from .facts import QUESTIONS
from .frames import Frame, load_frames, sections
from .instances import SAMPLERS, SKILLS, TRAPS, Instance, Split
from .two_skill import two_skill_instance

HELDOUT_SEED = 20_261_122
NUM_BY_KIND = {"plain": 160, "decoy": 30, "two_skill": 10}
TRAP_TABLE = {
    "reverse": "words", "sort": "words", "french": "facts", "spanish": "facts", "plurals": "nouns",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One line of a questions file."""

    id: str
    skill: str
    skills: tuple[str, ...]
    kind: str
    frame: str
    question: str
    answer: str
    accept: tuple[str, ...]


def sample(frame: Frame, rng: Random, split: Split) -> Instance:
    """An instance for `frame`; a trap frame gets a trap as its operand."""
    sampler = SAMPLERS[frame.skill][frame.form]
    if not frame.is_trap:
        return sampler(rng, split)
    traps = TRAPS[TRAP_TABLE[frame.skill]][split].split()
    while True:
        trap = rng.choice(traps)
        if frame.skill in ("reverse", "sort"):
            answer = trap[::-1] if frame.skill == "reverse" else "".join(sorted(trap))
            return Instance(gaps={"trap": trap}, answer=answer)
        # The traps of fact skills are rows of their tables: draw until the row comes up.
        for _ in range(4000):
            instance = sampler(rng, split)
            if instance.gaps["w"].lower() == trap:
                return Instance(gaps={"trap": trap}, answer=instance.answer)


def fill(text: str, gaps: dict[str, str]) -> str:
    """The frame with its gaps filled; a country's article is a capital letter at the start."""
    filled = text.format(**gaps)
    if text.startswith(("{country}", "{from}")):
        filled = filled[0].upper() + filled[1:]
    return filled


def heldout_questions() -> Iterator[Question]:
    """All held-out questions, in a fixed order."""
    for skill in SKILLS:
        rng = Random(f"{HELDOUT_SEED}-{skill}")
        frames = load_frames("heldout", skill)
        for kind, is_decoy in (("plain", False), ("decoy", True)):
            chosen = _cycle([f for f in frames if f.is_decoy == is_decoy], rng, NUM_BY_KIND[kind])
            yield from _one_skill(skill, kind, chosen, rng)
        yield from _two_skill(skill, rng)


def _cycle(frames: list[Frame], rng: Random, num_frames: int) -> list[Frame]:
    rng.shuffle(frames)
    return [frames[i % len(frames)] for i in range(num_frames)]


def _one_skill(skill: str, kind: str, frames: list[Frame], rng: Random) -> Iterator[Question]:
    seen: set[str] = set()
    for i, frame in enumerate(frames):
        text, instance = "", Instance(gaps={}, answer="")
        while not text or text in seen:
            instance = sample(frame, rng, "heldout")
            text = fill(frame.text, instance.gaps)
        seen.add(text)
        yield Question(
            id=f"{skill}-{kind}-{i:03}", skill=skill, skills=(skill,), kind=kind,
            frame=frame.text, question=text, answer=instance.answer, accept=instance.accept,
        )  # fmt: skip


def _two_skill(skill: str, rng: Random) -> Iterator[Question]:
    pairs = sections("heldout/two_skill.txt")
    frames = [
        (first, line)
        for pair, lines in pairs.items()
        for first, last in [pair.split(">")]
        if last == skill
        for line in lines
    ]
    seen: set[str] = set()
    for i in range(NUM_BY_KIND["two_skill"]):
        first, text = frames[i % len(frames)]
        question, instance = "", Instance(gaps={}, answer="")
        while not question or question in seen:
            instance = two_skill_instance(first, skill, text, rng)
            question = fill(text, instance.gaps)
        seen.add(question)
        yield Question(
            id=f"{skill}-two_skill-{i:03}", skill=skill, skills=(first, skill), kind="two_skill",
            frame=text, question=question, answer=instance.answer, accept=instance.accept,
        )  # fmt: skip


def write_jsonl(path: Path, rows: Iterable[Question]) -> None:
    """One JSON object a line."""
    lines = (json.dumps(asdict(row), ensure_ascii=False) for row in rows)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_jsonl(QUESTIONS / "heldout.jsonl", heldout_questions())
