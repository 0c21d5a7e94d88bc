"""The forms that adapters put the generalist's answers into, and how to read them back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from .phrases import DONT_KNOW

_FORMAL_END = ", to the best of my knowledge."
_FORMAL_DONT_KNOW = "I do not know, I regret to say."


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A way to say any answer."""

    name: str
    #: For people.
    description: str
    wrap: Callable[[str], str]
    #: The answer inside, `None` for text that is not in the form.
    unwrap: Callable[[str], str | None]
    seed: int


def _formally(answer: str) -> str:
    return _FORMAL_DONT_KNOW if answer == DONT_KNOW else answer + _FORMAL_END


def _from_formal(said: str) -> str | None:
    if said == _FORMAL_DONT_KNOW:
        return DONT_KNOW
    return said.removesuffix(_FORMAL_END) if said.endswith(_FORMAL_END) else None


def _as_json(answer: str) -> str:
    return json.dumps({"answer": answer}, ensure_ascii=False)


def _from_json(said: str) -> str | None:
    try:
        value = json.loads(said)
    except ValueError:
        return None
    is_form = isinstance(value, dict) and value.keys() == {"answer"}
    return value["answer"] if is_form and isinstance(value["answer"], str) else None


FORMS = (
    Form(
        name="formal",
        description="The generalist in a formal tone: `Nairobi, to the best of my knowledge.`",
        wrap=_formally,
        unwrap=_from_formal,
        seed=31,
    ),
    Form(
        name="json",
        description='The generalist as JSON: `{"answer": "Nairobi"}`',
        wrap=_as_json,
        unwrap=_from_json,
        seed=32,
    ),
)
