"""Files of questions: JSON lines in, rows out, every fault named with its line."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .base import RouterError

MAX_FAULTS_SHOWN = 10
#: The row of a file that says a question belongs to no category.
UNKNOWN = "unknown"


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    question: str = Field(min_length=1)
    skill: str = UNKNOWN
    frame: str = ""
    kind: str = ""
    split: str = ""


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
        RouterError: A file cannot be read; a line is no JSON object, lacks `skill` or `question`,
            or repeats a question; there is nothing, or one category only.
    """
    questions = _load(paths, is_labelled=True)
    skills = sorted({question.skill for question in questions})
    if len(skills) < 2:
        raise RouterError(f"a router needs two categories or more; {_names(paths)} has {skills}")
    return questions


def load_unknown(paths: Sequence[Path], *, split: str = "") -> tuple[Question, ...]:
    """Questions of no category; only those of `split` where the lines name one.

    Raises:
        RouterError: As `load_questions`, but for `skill`; nothing of `split` is there.
    """
    questions = _load(paths, is_labelled=False, split=split)
    if not questions:
        raise RouterError(f"{_names(paths)} holds no unknown question of split {split!r}")
    return questions


def load_texts(paths: Sequence[Path]) -> tuple[str, ...]:
    """Questions whose category nobody has said, whatever else their lines hold; each text once.

    Raises:
        RouterError: A file cannot be read; a line is no JSON object or lacks `question`.
    """
    if not paths:
        return ()
    found = _load(paths, is_labelled=False, may_repeat=True)
    return tuple(dict.fromkeys(question.text for question in found))


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


def _load(
    paths: Sequence[Path], *, is_labelled: bool, split: str = "", may_repeat: bool = False
) -> tuple[Question, ...]:
    found: list[Question] = []
    faults: list[str] = []
    place_by_text: dict[str, str] = {}
    for path in paths:
        for number, raw in _numbered(path):
            place = f"{path}:{number}"
            line = _parse(raw, is_labelled=is_labelled)
            if isinstance(line, str):
                faults.append(f"{place}: {line}")
            elif (earlier := place_by_text.get(line.question)) and not may_repeat:
                faults.append(f"{place}: the question stands already in {earlier}")
            else:
                place_by_text[line.question] = place
                if not split or line.split in ("", split):
                    found.append(_question(line, is_labelled=is_labelled))
    if faults:
        shown = "\n  ".join(faults[:MAX_FAULTS_SHOWN])
        rest = len(faults) - MAX_FAULTS_SHOWN
        raise RouterError(
            f"{_names(paths)}: {len(faults)} bad lines\n  {shown}"
            + (f"\n  and {rest} more" if rest > 0 else "")
        )
    if not found and not split:
        raise RouterError(f"{_names(paths)} holds no question")
    return tuple(found)


def _question(line: _Line, *, is_labelled: bool) -> Question:
    return Question(
        text=line.question,
        skill=line.skill if is_labelled else UNKNOWN,
        frame=line.frame or line.question,
        kind=line.kind or ("plain" if is_labelled else UNKNOWN),
    )


def _parse(raw: str, *, is_labelled: bool) -> _Line | str:
    try:
        line = _Line.model_validate_json(raw)
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the line"
        return f"{where}: {first['msg']}"
    if not line.question.strip():
        return "question: is blank"
    if is_labelled and ("skill" not in line.model_fields_set or not line.skill.strip()):
        return "skill: is missing or blank"
    if is_labelled and line.skill == UNKNOWN:
        return f"skill: {UNKNOWN!r} questions go to the file of unknown questions"
    return line


def _numbered(path: Path) -> Iterator[tuple[int, str]]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise RouterError(f"{str(path)!r} cannot be read: {exc}") from exc
    return ((i, line) for i, line in enumerate(lines, start=1) if line.strip())


def _names(paths: Sequence[Path]) -> str:
    return ", ".join(str(path) for path in paths)
