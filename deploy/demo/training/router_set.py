"""Writes questions in training frames, to fit routers on: about 400 a skill."""

from __future__ import annotations

import json
from random import Random

from .compose import compose
from .facts import QUESTIONS
from .instances import SKILLS

NUM_A_SKILL = 400
SEED = 77


def write_router_set() -> None:
    """`questions/train.jsonl`: skill, question, answer, frame; no frame is a held-out one."""
    rows = []
    for skill in SKILLS:
        rng, seen = Random(f"{SEED}-{skill}"), set[str]()
        while len(seen) < NUM_A_SKILL:
            asked = compose(skill, rng)
            if asked.text in seen:
                continue
            seen.add(asked.text)
            rows.append({"skill": skill, "question": asked.text, "answer": asked.answer,
                         "frame": asked.frame})  # fmt: skip
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    (QUESTIONS / "train.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_router_set()
