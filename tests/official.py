"""Answers held against OpenAI's own types: strictly, whereas its client reads leniently."""

from __future__ import annotations

from typing import Any, TypeVar

from openai.types.shared import ErrorObject
from pydantic import BaseModel, TypeAdapter

Model = TypeVar("Model", bound=BaseModel)

#: What answers have besides, as documented: reasoning as vLLM sends it, and of a response whether
#: it is stored, which OpenAI's service says and its type does not know.
BESIDE = frozenset({"reasoning", "store"})


def official(model: type[Model], content: bytes | str) -> Model:
    """The answer as this type: nothing coerced, nothing missing, nothing it does not know."""
    found = model.model_validate_json(content, strict=True)
    assert unknown(found) <= BESIDE, f"{model.__name__} does not know {unknown(found)}"
    return found


def official_event(events: Any, content: str) -> Any:
    """The same, of an event of a union."""
    found = TypeAdapter(events).validate_json(content, strict=True)
    assert unknown(found) <= BESIDE, f"{type(found).__name__} does not know {unknown(found)}"
    return found


def official_error(content: bytes | str) -> ErrorObject:
    """The error of an envelope that has nothing else."""

    class Envelope(BaseModel):
        error: ErrorObject

    return official(Envelope, content).error


def unknown(value: object) -> set[str]:
    """Names that a value, or anything in it, has and its type does not."""
    if isinstance(value, BaseModel):
        own = set(value.model_extra or {})
        return own.union(*(unknown(getattr(value, name)) for name in type(value).model_fields))
    if isinstance(value, list | tuple):
        return set().union(*map(unknown, value))
    if isinstance(value, dict):
        return set().union(*map(unknown, value.values()))
    return set()
