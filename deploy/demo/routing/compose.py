"""Writes the questions the demo's router is fitted on; no answers, no held-out frame.

    python -m deploy.demo.routing.compose OUT_FOLDER

The experts' grammar of asks gives most of them. Wordings are added that the experts were not
trained on (a router has only to recognise them), questions that need one skill after another,
and questions of no skill.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from ..training import compose
from ..training.facts import QUESTIONS
from ..training.frames import Frame, load_frames
from ..training.heldout import sample
from ..training.instances import SAMPLERS, SKILLS, TRAPS
from ..training.phrases import CLOSINGS, DECOY_OPENINGS, OPENINGS

SEED = 20_261_122
NUM_BY_SOURCE = {"grammar": 600, "wordings": 400, "decoy": 250, "two_skill": 120}
NUM_UNKNOWN = 2400
_TEXTS = Path(__file__).parent
_TAKES = {"w": "word", "n": "number", "country": "word", "a": "number", "name": "word"}
_GAP = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One line of a questions file; `frame` names the pattern it was composed from."""

    skill: str
    question: str
    frame: str
    kind: str


@cache
def wordings(skill: str) -> tuple[Frame, ...]:
    """Frames beyond those that experts are trained on."""
    lines = (_TEXTS / "wordings.txt").read_text(encoding="utf-8").splitlines()
    keyed = (line.split("|", 1) for line in lines)
    return tuple(
        Frame(skill=skill, form=form, text=text)
        for key, text in keyed
        for owner, form in [key.split(".")]
        if owner == skill
    )


@cache
def _sections(name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in (_TEXTS / name).read_text(encoding="utf-8").splitlines():
        if re.fullmatch(r"\[\w+\]", line):
            current = found.setdefault(line[1:-1], [])
        else:
            current.append(line)
    return found


def _core(frame: Frame, rng: Random) -> str | None:
    core = compose.expand(frame.text, rng)
    return None if compose.normalised(core) in compose.heldout_frames() else core


def one_skill(frames: tuple[Frame, ...], kind: str, rng: Random) -> Asked:
    """A question from one of `frames`, typed the way people type."""
    by_form: dict[str, list[Frame]] = {}
    for frame in frames:
        by_form.setdefault("decoy" if frame.is_decoy else frame.form, []).append(frame)
    while True:
        frame = rng.choice(by_form[rng.choice(list(by_form))])
        if (core := _core(frame, rng)) is None:
            continue
        text = compose.typed(core, sample(frame, rng, "train").gaps, rng)
        return Asked(
            skill=frame.skill, question=compose.surround(text, rng), frame=frame.text, kind=kind
        )


def decoy(skill: str, rng: Random) -> Asked:
    """A question that carries the words of another skill, as an operand or around the ask."""
    frames = load_frames("train", skill) + wordings(skill)
    given = [frame for frame in frames if frame.is_decoy]
    if given and rng.random() < 0.4:
        return one_skill(tuple(given), "decoy", rng)
    frame = rng.choice([frame for frame in frames if not frame.is_trap])
    core = _core(frame, rng)
    if core is None:
        return decoy(skill, rng)
    gaps = sample(frame, rng, "train").gaps
    is_operand = "w" in gaps and rng.random() < 0.6
    if is_operand:
        gaps = gaps | {"w": rng.choice([w for by in TRAPS.values() for w in by["train"].split()])}
    text = compose.typed(core, gaps, rng)
    if not is_operand:
        around = _sections("decoys.txt")
        text = rng.choice(around["before"] + [""]) + " " + text
        text += " " + rng.choice(around["after"] + [""] * 10)
    text = compose.expand(text, rng).strip()
    return Asked(skill=skill, question=text, frame=frame.text, kind="decoy")


def _any_gaps(text: str, rng: Random) -> dict[str, str]:
    """Values for the gaps of `text` from any skill that has them."""
    wanted = set(_GAP.findall(text))
    gaps: dict[str, str] = {}
    # French first: its words are everyday words, as most gaps for a word want.
    for skill in ("french", *SKILLS):
        for sampler in SAMPLERS[skill].values():
            if wanted - set(gaps):
                gaps = sampler(rng, "train").gaps | gaps
    return gaps


def two_skill(skill: str, rng: Random) -> Asked:
    """A question whose answer needs another skill first and `skill` last."""
    parts = _sections("two_skill.txt")
    first = rng.choice([name for name in parts if name in SKILLS and name != skill])
    inner = rng.choice(parts[first])
    outer = [line.split("|", 1) for line in parts["then"] + parts["claim"]]
    ways = [text for last, text in outer if last == skill]
    frame = rng.choice(load_frames("train", skill) + wordings(skill))
    gap = next((name for name in _GAP.findall(frame.text) if name in _TAKES), None)
    if gap is not None and rng.random() < 0.5:
        # The gap of the outer ask takes the inner ask whole.
        pattern = frame.text.replace("{" + gap + "}", inner, 1)
    elif ways:
        way = rng.choice(ways)
        opening = "[Take|Find|Work out|First find|Start with|Think of|Get]"
        pattern = f"{opening} {inner}[, then |. Then |; then | and |. Now ]{way}[.|?|]"
        if "{inner}" in way:
            pattern = way.replace("{inner}", inner).replace("{value}", "[{n}|{w}|{capital}]")
    else:
        return two_skill(skill, rng)
    core = compose.expand(pattern, rng)
    if compose.normalised(core) in compose.heldout_frames():
        return two_skill(skill, rng)
    text = compose.typed(core, _any_gaps(core, rng), rng)
    question = compose.surround(text, rng)
    return Asked(
        skill=skill, question=question, frame=f"{first}>{skill} {pattern}", kind="two_skill"
    )


def known_questions() -> Iterator[Asked]:
    """Questions of every skill, in a fixed order, none twice."""
    for skill in SKILLS:
        rng = Random(f"{SEED}-router-{skill}")
        sources = {
            "grammar": lambda: one_skill(load_frames("train", skill), "grammar", rng),  # noqa: B023
            "wordings": lambda: one_skill(wordings(skill), "wordings", rng),  # noqa: B023
            "decoy": lambda: decoy(skill, rng),  # noqa: B023
            "two_skill": lambda: two_skill(skill, rng),  # noqa: B023
        }
        seen: set[str] = set()
        for source, number in NUM_BY_SOURCE.items():
            goal = len(seen) + number
            while len(seen) < goal:
                asked = sources[source]()
                if asked.question.strip() and asked.question not in seen:
                    seen.add(asked.question)
                    yield asked


@cache
def _unknown_patterns() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The training half of unknown.jsonl, and patterns."""
    rows = map(json.loads, (QUESTIONS / "unknown.jsonl").read_text("utf-8").splitlines())
    given = tuple(row["question"] for row in rows if row["split"] == "train")
    return given, tuple((_TEXTS / "unknown.txt").read_text(encoding="utf-8").splitlines())


def unknown(rng: Random) -> Asked:
    """A question of no skill."""
    given, patterns = _unknown_patterns()
    pattern = rng.choice(given if rng.random() < 0.35 else patterns)
    text = compose.expand(pattern, rng)
    text = text.format(**_any_gaps(text, rng)) if _GAP.search(text) else text
    return Asked(skill="unknown", question=_dressed(text, rng), frame=pattern, kind="unknown")


def unknown_questions() -> Iterator[Asked]:
    """Questions of no skill, none twice."""
    rng = Random(f"{SEED}-router-unknown")
    seen: set[str] = set()
    while len(seen) < NUM_UNKNOWN:
        asked = unknown(rng)
        if asked.question not in seen:
            seen.add(asked.question)
            yield asked


def _dressed(text: str, rng: Random) -> str:
    """Openings and closings as the known questions have, so that they tell nothing."""
    text = text.lower() if rng.random() < 0.2 else text
    if rng.random() < 0.35:
        text = rng.choice(OPENINGS + DECOY_OPENINGS) + text
    return text + rng.choice(CLOSINGS) if rng.random() < 0.16 else text


def write_questions(folder: Path) -> None:
    """Writes `questions.jsonl` and `unknown.jsonl` to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = {"questions.jsonl": known_questions(), "unknown.jsonl": unknown_questions()}
    for name, rows in sources.items():
        lines = (
            json.dumps(
                {
                    "skill": row.skill,
                    "question": row.question,
                    "frame": row.frame,
                    "kind": row.kind,
                },
                ensure_ascii=False,
            )
            for row in rows
        )
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_questions(Path(sys.argv[1]))
