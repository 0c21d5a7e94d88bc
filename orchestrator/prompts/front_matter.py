"""What stands before the text of a prompt: its role, its variables and its delimiters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from orchestrator.errors import PromptError
from orchestrator.prompts.delimiters import MIN_CHARS, RESERVED, visible
from orchestrator.prompts.roles import VARIABLES, Role

_FENCED = re.compile(r"---[ \t]*\n(.*?^)---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)


def _usable(delimiter: str) -> str:
    told = visible(delimiter)
    if len(told) < MIN_CHARS or told.isdigit():
        raise ValueError(f"a delimiter has {MIN_CHARS} visible characters or more, not all digits")
    if any(one in told for one in RESERVED):
        raise ValueError(f"a delimiter has none of {RESERVED!r}, which stand for broken ones")
    return delimiter


class FrontMatter(BaseModel):
    """The keys between the two lines of dashes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    role: Role
    #: Those that the text uses.
    variables: tuple[str, ...] = Field(strict=False)
    #: What encloses data in the text; broken wherever data holds it.
    delimiters: tuple[Annotated[str, AfterValidator(_usable)], ...] = Field((), strict=False)
    about: str = Field("", description="For people: what it is for, and after whom.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """A prompt's file in its two parts."""

    front: FrontMatter
    body: str
    #: Lines of the file before the body.
    num_lines: int


def parted(source: str, *, name: str) -> Parted:
    """Read the front matter of a prompt.

    Args:
        source: the file's text.
        name: how messages name the file.

    Raises:
        PromptError: there is none, or it is not what it has to be; names file and line.
    """
    found = _FENCED.match(source)
    if found is None:
        raise PromptError(
            f"{name}:1: a prompt begins with its front matter in YAML between two lines `---`: "
            "role, variables, delimiters and about"
        )
    front = _validated(_loaded(found[1], name), name)
    _refuse_unknown(front, name)
    num_lines = source.count("\n", 0, found.end())
    return Parted(front=front, body=source[found.end() :], num_lines=num_lines)


def _loaded(text: str, name: str) -> object:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        line = 1 if mark is None else mark.line + 2
        why = getattr(exc, "problem", None) or str(exc)
        raise PromptError(f"{name}:{line}: the front matter is no YAML: {why}") from exc
    except (RecursionError, ValueError) as exc:  # nested too deeply; a date that is none
        raise PromptError(f"{name}:2: the front matter cannot be read: {exc}") from exc


def _validated(found: object, name: str) -> FrontMatter:
    try:
        return FrontMatter.model_validate(found)
    except ValidationError as exc:
        told = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'the front matter'}: {one['msg']}"
            for one in exc.errors(include_url=False)[:5]
        )
        raise PromptError(f"{name}:1: {told}; known keys: {[*FrontMatter.model_fields]}") from exc


def _refuse_unknown(front: FrontMatter, name: str) -> None:
    known = VARIABLES[front.role]
    for variable in front.variables:
        if variable not in known:
            raise PromptError(
                f"{name}:1: role {front.role!r} has no variable {variable!r}; it has: {[*known]}"
            )
