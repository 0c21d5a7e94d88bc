"""From bytes to a request, or to one sentence that says what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from orchestrator.api.parameters import unknown_key
from orchestrator.errors import InvalidRequestError

M = TypeVar("M", bound=BaseModel)

#: Of pydantic's parser.
_MAX_DEPTH = 200
_BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


def parse(model: type[M], body: bytes) -> M:
    """Read a body as `model`.

    Raises:
        InvalidRequestError: it is no JSON, or not what `model` allows; names the first fault.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise _first_fault(error, model, body) from error


def _first_fault(
    error: ValidationError, model: type[BaseModel], body: bytes
) -> InvalidRequestError:
    fault = error.errors(include_url=False)[0]
    if fault["type"] == "json_invalid":
        where = fault.get("ctx", {}).get("error", "malformed")
        if where.startswith("recursion limit"):
            return InvalidRequestError(
                f"the body is nested deeper than the {_MAX_DEPTH} levels that are allowed: {where}"
            )
        return InvalidRequestError(f"the body is not valid JSON: {where}")
    if not fault["loc"]:
        found = type_name(fault["input"])
        return InvalidRequestError(f"the body must be a JSON object, not {found}")
    path = _path(fault, _document(body))
    if fault["type"] == "extra_forbidden":
        return unknown_key(str(fault["loc"][-1]), _nested_keys(model), path=path)
    return InvalidRequestError(_sentence(fault, path, model), param=path)


def _document(body: bytes) -> Any:
    """The body as Python values, to tell keys from the union labels in an error's location."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}


def _path(fault: ErrorDetails, document: Any) -> str:
    """`messages[0].content`: where a fault is, in the caller's terms."""
    path, here, is_missing = "", document, fault["type"] == "missing"
    for step in fault["loc"]:
        if not is_missing and here == fault["input"]:
            break  # what follows are labels of a union, whatever keys the value has
        if isinstance(here, list) and isinstance(step, int) and step < len(here):
            path, here = f"{path}[{step}]", here[step]
        elif isinstance(here, dict) and step in here:
            path, here = f"{path}.{step}", here[step]
        elif isinstance(here, dict) and (is_missing or not here) and step == fault["loc"][-1]:
            path = f"{path}.{step}"
    return path.lstrip(".")[:256]


def _sentence(fault: ErrorDetails, path: str, model: type[BaseModel]) -> str:
    kind, ctx = fault["type"], fault.get("ctx", {})
    if kind == "missing":
        return f"{path!r} is required"
    value = shown(fault["input"])
    if kind == "union_tag_not_found":
        return f"{path!r} needs a 'type'"
    if kind == "union_tag_invalid":
        return f"{path!r} has type {ctx['tag']!r:.64}; allowed: {ctx['expected_tags']}"
    if kind == "literal_error":
        return f"{path!r} is {value}; allowed: {ctx['expected']}"
    if "than" in kind:
        return f"{path!r} is {value}; {_allowed_range(fault, model)}"
    return f"{path!r} is {value}; {fault['msg'][0].lower()}{fault['msg'][1:]}"


def _allowed_range(fault: ErrorDetails, model: type[BaseModel]) -> str:
    """Both bounds of a top-level field, or the one that was violated."""
    field = model.model_fields.get(str(fault["loc"][0])) if len(fault["loc"]) == 1 else None
    limits = dict(_limits(field.metadata)) if field else dict(fault.get("ctx", {}))
    if "ge" in limits and "le" in limits:
        return f"allowed: {limits['ge']} to {limits['le']}"
    return "allowed: " + " and ".join(
        f"{_BOUNDS[k]} {v}" for k, v in limits.items() if k in _BOUNDS
    )


def _limits(metadata: list[Any]) -> Iterator[tuple[str, Any]]:
    for limit in metadata:
        for name in _BOUNDS:
            if (bound := getattr(limit, name, None)) is not None:
                yield name, bound


@cache
def _nested_keys(model: type[BaseModel]) -> set[str]:
    """Every key that `model` and the objects in it define."""
    schema = model.model_json_schema()
    objects = [schema, *schema.get("$defs", {}).values()]
    return {key for one in objects for key in one.get("properties", {})}


def shown(value: Any) -> str:
    """A short form of a value for a message."""
    if isinstance(value, dict | list):
        return type_name(value)
    if value is None or isinstance(value, bool):
        return str(value).lower().replace("none", "null")
    text = repr(value)
    return text if len(text) <= 64 else f"{text[:60]}..."


def type_name(value: Any) -> str:
    """What JSON calls the type of a value."""
    if isinstance(value, bool):
        return "a boolean"
    names = {dict: "an object", list: "an array", str: "a string", type(None): "null"}
    return names.get(type(value), "a number")
