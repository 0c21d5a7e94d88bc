"""Questions of categories, for a category router: examples whose label is a skill."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .base import RouterError
from .dataset_files import read_examples
from .datasets import Example
from .rows import Faults, names

#: The row of a file that says a question belongs to no category.
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One labelled prompt."""

    text: str
    #: Category, or `UNKNOWN`.
    skill: str
    #: The pattern it was made from; its own text where it was made from none.
    frame: str
    #: Such as plain, decoy, two_skill.
    kind: str


def load_questions(paths: Sequence[Path]) -> tuple[Question, ...]:
    """Labelled questions of at least two categories.

    Raises:
        RouterError: as `read_examples` raises; a row has no category or repeats a question; there
            is one category only.
    """
    questions = _load(paths, is_labelled=True)
    skills = sorted({question.skill for question in questions})
    if len(skills) < 2:
        raise RouterError(f"a router needs two categories or more; {names(paths)} has {skills}")
    return questions


def load_unknown(paths: Sequence[Path], *, split: str = "") -> tuple[Question, ...]:
    """Questions of no category; only those of `split` where the lines name one.

    Raises:
        RouterError: as `load_questions`, but for the category; nothing of `split` is there.
    """
    questions = _load(paths, is_labelled=False, split=split)
    if not questions:
        raise RouterError(f"{names(paths)} holds no unknown question of split {split!r}")
    return questions


def data_sha256(questions: Sequence[Question], texts: Sequence[str] = ()) -> str:
    """Hash of what a router learns from, for its manifest."""
    digest = hashlib.sha256()
    for question in questions:
        digest.update(
            f"{question.skill}\0{question.text}\0{question.frame}\n".encode(
                "utf-8", "surrogatepass"
            )
        )
    for text in texts:
        digest.update(f"{text}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _load(paths: Sequence[Path], *, is_labelled: bool, split: str = "") -> tuple[Question, ...]:
    faults = Faults(paths)
    found: list[Question] = []
    place_by_text: dict[str, Example] = {}
    for example in read_examples(paths):
        before = place_by_text.setdefault(example.prompt, example)
        if before is not example:
            faults.add(example.place, f"the question stands at {before.place} already")
        elif is_labelled and (fault := _fault(example)):
            faults.add(example.place, fault)
        elif not split or example.split in ("", split):
            found.append(_question(example, is_labelled=is_labelled))
    faults.refuse()
    return tuple(found)


def _fault(example: Example) -> str | None:
    if not (example.category or "").strip():
        return "has no 'category' or 'skill', or it is blank"
    if example.category == UNKNOWN:
        return f"{UNKNOWN!r} questions go to the file of unknown questions"
    return None


def _question(example: Example, *, is_labelled: bool) -> Question:
    return Question(
        text=example.prompt,
        skill=(example.category or UNKNOWN) if is_labelled else UNKNOWN,
        frame=example.group or example.prompt,
        kind=example.kind or ("plain" if is_labelled else UNKNOWN),
    )
