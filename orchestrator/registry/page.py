"""`docs/registry.md`, written from the models: `python -m orchestrator.registry.page`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from orchestrator.registry.models import Registry

PAGE = Path(__file__).parents[2] / "docs/registry.md"
_HEAD = """\
# The registry file

Written from the models by `python -m orchestrator.registry.page`; a test holds it to them.
`experts.yaml` of the repository shows every key in its place, `orchestrator check FILE` says what
is wrong with an edit, and `orchestrator schema` prints this as a JSON Schema for editors.

A key that is not here is a fault, as is a value of another type. Where a table says *required*
there is no default; *none* is a key that is left out.
"""
#: What a schema says of values, and how a sentence says it.
_BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "over {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "under {}",
    "minItems": "{} at least",
    "maxItems": "{} at most",
    "minLength": "{} letters at least",
    "maxLength": "{} letters at most",
}
_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "none",
    "object": "mapping",
}


def page() -> str:
    """The page as it should be."""
    schema = Registry.model_json_schema()
    parts = [_HEAD, "## The file", *_table(schema)]
    for name in sorted(schema["$defs"], key=_place_in(schema)):
        model = schema["$defs"][name]
        parts += [f"\n## {name}", _about(model), "", *_table(model)]
    return "\n".join(parts) + "\n"


def _place_in(schema: Mapping[str, Any]) -> Callable[[str], int]:
    """Where the file first leads to a section: what is written first is explained first."""
    text = json.dumps([schema["properties"], schema["$defs"]["Expert"], schema["$defs"]])
    return lambda name: text.find(f'"#/$defs/{name}"')


def _about(model: Mapping[str, Any]) -> str:
    """What a section is for, and by which `kind` it is chosen."""
    kind = model["properties"].get("kind", {}).get("const")
    told = model.get("description", "").partition("\n\n")[0]
    return f"`kind: {kind}`. {told}" if kind else told


def _table(model: Mapping[str, Any]) -> Iterator[str]:
    yield "| key | value | default | |"
    yield "|---|---|---|---|"
    for key, value in model["properties"].items():
        cells = (f"`{key}`", _values(value), _default(key, model), value.get("description", ""))
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(key: str, model: Mapping[str, Any]) -> str:
    value = model["properties"][key]
    if key in model.get("required", ()):
        return "*required*"
    if "default" not in value or value["default"] in ({}, [], None):
        return "none"
    if isinstance(value["default"], dict):
        return "as below"
    return f"`{json.dumps(value['default'], ensure_ascii=False)}`"


def _values(value: Mapping[str, Any]) -> str:
    """Which values a key takes, in words."""
    for union in ("anyOf", "oneOf"):
        if union in value:
            told = [_values(one) for one in value[union] if one.get("type") != "null"]
            return " or ".join(dict.fromkeys(told))
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if value.get("minLength") == 1:
        value = {key: one for key, one in value.items() if key != "minLength"}
    bounds = [words.format(value[bound]) for bound, words in _BOUNDS.items() if bound in value]
    return ", ".join([_bare(value), *bounds])


def _bare(value: Mapping[str, Any]) -> str:
    """The type alone, and what is in it."""
    if "const" in value or "enum" in value:
        choices = value.get("enum") or [value["const"]]
        return ", ".join(f"`{choice}`" for choice in choices)
    if value.get("type") == "array":
        return f"list of {_values(value.get('items', {}))}"
    inner = value.get("additionalProperties") or {}
    for one in value.get("patternProperties", {}).values():
        inner = one
    if isinstance(inner, dict) and inner:
        return f"mapping of names to {_values(inner)}"
    return _TYPES.get(value.get("type", ""), "anything")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
