"""The form of a registry: keys, types and ranges of each mapping, by the models.

pydantic says what is wrong; here its errors become findings with the key path as written, the
allowed names and the nearest one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from orchestrator.registry.entries import child, entry_at, kinds_at
from orchestrator.registry.faults import MAX_FAULTS, Finding, KeyPath, nearest, shown
from orchestrator.registry.models import Registry

T = TypeVar("T")

#: Errors looked at: ten to a fault that is told, as some only echo others.
_MAX_ERRORS = 10 * MAX_FAULTS
_QUOTED = re.compile(r"'([^']*)'")
#: pydantic's words -> the words of YAML's users.
_WORDS = {
    "Input ": "",
    "String ": "",
    "Tuple ": "",
    "Value ": "",
    "a valid string": "text",
    "a valid array": "a list",
    "an object": "a mapping",
    "a valid dictionary": "a mapping",
    "a valid integer": "a whole number",
    "a valid number": "a number",
    "a valid boolean": "true or false",
}


def validate(value: Any) -> tuple[Registry | None, tuple[Finding, ...]]:
    """The registry, or the findings about its form: `MAX_FAULTS` at most."""
    sound, errors = parse(TypeAdapter(Registry), value)
    findings = tuple(_finding(error, value) for error in errors[:MAX_FAULTS])
    return next(iter(sound), None), findings


def parse(adapter: TypeAdapter[T], value: Any) -> tuple[list[T], list[ErrorDetails]]:
    """`value` as the adapter's type alone in a list, or pydantic's errors.

    Text is never taken for a number nor a number for text: YAML tells them apart.
    """
    try:
        # As JSON, since strict Python input would refuse the lists YAML gives for tuples.
        return [adapter.validate_json(json.dumps(value), strict=True)], []
    except ValidationError as exc:
        return [], _without_echoes(exc.errors(include_url=False)[:_MAX_ERRORS])


def _without_echoes(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Errors less those that only follow from an item's: a list that lost it is too short."""
    parents = {error["loc"][:depth] for error in errors for depth in range(len(error["loc"]))}
    return [
        error for error in errors if error["type"] != "too_short" or error["loc"] not in parents
    ]


def key_path(loc: Iterable[int | str], value: Any) -> KeyPath:
    """The location pydantic gives, as the file has it: without the tags of unions and key marks."""
    path: list[str | int] = []
    steps = list(loc)
    is_past_tag = False
    for at, step in enumerate(steps):
        is_last = at == len(steps) - 1
        # A mapping has one tag: `rules: ` in an entry of kind `rules` is a key. Last of all stands
        # the tag of an entry that is at fault as a whole.
        if _is_tag(step, value) and not is_past_tag and not (is_last and step in value):
            is_past_tag = True
            continue
        if _is_key_mark(step, value):
            continue
        path.append(step)
        value, is_past_tag = child(value, step), False
    return tuple(path)


def _is_tag(step: int | str, value: Any) -> bool:
    return isinstance(value, Mapping) and value.get("kind") == step


def _is_key_mark(step: int | str, value: Any) -> bool:
    """Whether pydantic means the key itself; a file may also have a key of this name."""
    return step == "[key]" and not (isinstance(value, Mapping) and step in value)


def _finding(error: ErrorDetails, value: Any) -> Finding:
    path = key_path(error["loc"], value)
    match error["type"]:
        case "extra_forbidden":
            return _unknown_key(path, value)
        case "missing":
            # Its last step is a key, even where it is called like the kind of the entry.
            *above, key = error["loc"]
            return Finding(
                path=(*key_path(above, value), key), reason=f"the key {key!r} is missing"
            )
        case "union_tag_not_found":
            kinds = kinds_at(path, value)
            return Finding(path=path, reason="the key 'kind' is missing", allowed=kinds)
        case "union_tag_invalid":
            return _unknown_choice((*path, "kind"), error["ctx"]["tag"], kinds_at(path, value))
        case "literal_error" if error["loc"][-1:] == ("[key]",):
            return _unknown_key_of(path, tuple(_QUOTED.findall(error["ctx"]["expected"])))
        case "literal_error" if isinstance(error["input"], str):
            choices = _QUOTED.findall(error["ctx"]["expected"])
            return _unknown_choice(path, error["input"], tuple(choices))
        case "value_error":
            # Our own rule about several keys of an entry: a sentence that needs no value.
            return Finding(path=path, reason=str(error["ctx"]["error"]))
        case _:
            return _bad_value(path, error)


def _unknown_key(path: KeyPath, value: Any) -> Finding:
    entry = entry_at(path[:-1], value)
    return _unknown_key_of(path, tuple(entry.model_fields) if entry else ())


def _unknown_key_of(path: KeyPath, known: tuple[str, ...]) -> Finding:
    return Finding(
        path=path,
        reason=f"unknown key {shown(path[-1])}",
        allowed=known,
        nearest=nearest(str(path[-1]), known),
        is_about_key=True,
    )


def _unknown_choice(path: KeyPath, given: str, choices: tuple[str, ...]) -> Finding:
    return Finding(
        path=path,
        value=shown(given, key=path[-1]),
        reason=f"is not a known {path[-1]}" if isinstance(path[-1], str) else "is not allowed here",
        allowed=choices,
        nearest=nearest(str(given), choices),
    )


def _bad_value(path: KeyPath, error: ErrorDetails) -> Finding:
    return Finding(
        path=path,
        value=shown(error["input"], key=path[-1] if path else ""),
        reason=_reason(error),
        is_about_key=error["loc"][-1:] == ("[key]",),
    )


def _reason(error: ErrorDetails) -> str:
    if error["type"] == "string_pattern_mismatch":
        return (
            "is not a name: up to 64 letters, digits, '.', '_' and '-', "
            "the first a letter or a digit"
        )
    reason = error["msg"]
    for theirs, ours in _WORDS.items():
        reason = reason.replace(theirs, ours)
    return reason
