"""One row of a data set, checked, and the question that it stands for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from string import ascii_uppercase
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from .answers import AnswerKind
from .datasets import Example
from .rows import Row

_ID_DIGITS = 16


def _parted(value: object) -> object:
    # Cells of CSV are text: several names are parted by semicolons there.
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(";") if part.strip())
    return value


def _text(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict | list) else value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("is blank")
    return value


def _whole(value: str) -> str:
    # JSON can hold half of a character; nothing that sends or splits texts takes it.
    try:
        value.encode()
    except UnicodeEncodeError as exc:
        raise ValueError(f"holds half a character at {exc.start + 1}") from exc
    return value


_Whole = Annotated[str, AfterValidator(_whole)]


_Text = Annotated[_Whole, BeforeValidator(_text)]
_Texts = Annotated[tuple[_Whole, ...], BeforeValidator(_parted)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)


class ExampleRow(_Row):
    """Cells of a question."""

    id: _Whole | None = Field(None, min_length=1)
    prompt: Annotated[_Whole, AfterValidator(_not_blank)]
    skills: _Texts = ()
    category: _Text | None = None
    #: Text, or the number of an option, or several that are right.
    gold: Any = None
    accepted: _Texts = ()
    options: Annotated[_Texts, Field(max_length=len(ascii_uppercase))] = ()
    grader: AnswerKind | None = None
    split: _Text = ""
    group: _Text = ""
    kind: _Text = ""


class TextRow(_Row):
    """The one cell that is looked at where nothing else is asked for."""

    prompt: Annotated[str, AfterValidator(_not_blank)]


class OutcomeRow(_Row):
    """Cells of an outcome."""

    id: str = Field(min_length=1)
    expert: str = Field(min_length=1)
    score: float | None = Field(None, ge=0, le=1, allow_inf_nan=False)
    answer: _Text | None = None
    log_prob: float | None = Field(None, le=0, allow_inf_nan=False)
    tokens: int | None = Field(None, ge=0)
    seconds: float | None = Field(None, ge=0, allow_inf_nan=False)
    sample: int = Field(0, ge=0)
    fault: str = ""
    version: str = ""
    asked: str = ""


def example_of(line: ExampleRow, row: Row) -> Example:
    """The question of a row; one without an id is known by a hash of its words."""
    right = _golds(line)
    prompt = _with_options(line.prompt, line.options)
    told = line.model_dump(include={"skills", "category", "grader", "group", "kind"})
    return Example(
        id=line.id or _id_of(prompt),
        prompt=prompt,
        gold=right[0] if right else None,
        accepted=right[1:] + line.accepted,
        split=line.split or row.split,
        row=row.number,
        place=row.place,
        **told,
    )


def _golds(line: ExampleRow) -> tuple[str, ...]:
    gold = line.gold
    if gold is None or gold == "":
        return ()
    if isinstance(gold, int) and not isinstance(gold, bool) and 0 <= gold < len(line.options):
        return (ascii_uppercase[gold],)
    if isinstance(gold, list) and line.grader not in ("set", "json"):
        return tuple(str(_text(one)) for one in gold)
    return (str(_text(gold)),)


def _with_options(prompt: str, options: Sequence[str]) -> str:
    lettered = zip(ascii_uppercase, options, strict=False)  # more letters than options
    return "\n".join([prompt, *(f"{letter}. {option}" for letter, option in lettered)])


def _id_of(prompt: str) -> str:
    return hashlib.sha256(prompt.encode()).hexdigest()[:_ID_DIGITS]
