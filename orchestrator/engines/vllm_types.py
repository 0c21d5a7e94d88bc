"""The types of vLLM's engine arguments, as far as YAML values can be checked against them."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

_SIMPLE = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "list": "a list",
    "set": "a list",
    "dict": "a mapping",
    "None": "null",
}
_ALIAS = re.compile(r"^(\w+)(?:: TypeAlias)? = Literal\[", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgType:
    """What an argument takes."""

    #: Python names of plain types; empty where vLLM's own classes are taken too.
    names: frozenset[str] = frozenset()
    #: The texts or numbers a choice allows; empty where any does.
    choices: tuple[str | int, ...] = ()

    def fault(self, value: Any) -> str | None:
        """Why `value` is not of this type, `None` when it may be."""
        if not self.names or _type_names(value) & self.names:
            return None
        if isinstance(value, str | int) and not isinstance(value, bool) and self.choices:
            return None if value in self.choices else "is not a known choice"
        expected = sorted({_SIMPLE[name] for name in self.names if name != "choice"})
        return f"should be {' or '.join([*expected, *(['a choice'] if self.choices else [])])}"


class Literals:
    """The `X = Literal[...]` of vLLM's config modules, read when first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _by_name(self) -> dict[str, ast.expr]:
        found: dict[str, ast.expr] = {}
        for path in sorted(self._folder.glob("*.py")):
            text = path.read_text(encoding="utf-8")
            for match in _ALIAS.finditer(text):
                found.setdefault(match[1], _literal_at(text, match.end() - len("Literal[")))
        return found

    def find(self, name: str) -> ast.expr | None:
        """The `Literal[...]` that `name` stands for, if it is one."""
        return self._by_name.get(name)


def _literal_at(text: str, start: int) -> ast.expr:
    # No choice holds a bracket, and nested names are resolved by `type_of`.
    return ast.parse(text[start : text.index("]", start) + 1], mode="eval").body


def type_of(annotation: ast.expr, literals: Literals) -> ArgType:
    """The type an annotation means; anything beyond plain types and choices is unchecked."""
    parts = [_part(member, literals) for member in _members(annotation)]
    if any(part is None for part in parts):
        return ArgType()
    known = [part for part in parts if part is not None]
    names = frozenset(name for part in known for name in part.names)
    choices = tuple(choice for part in known for choice in part.choices)
    # `str | Literal[...]` takes any text: the choices are only examples.
    return ArgType(names=names, choices=() if "str" in names else choices)


def _part(node: ast.expr, literals: Literals) -> ArgType | None:
    match node:
        case ast.Constant(value=None):
            return ArgType(names=frozenset({"None"}))
        case ast.Name(id=name) if name in _SIMPLE:
            return ArgType(names=frozenset({name}))
        case ast.Name(id=name):
            alias = literals.find(name)
            return _part(alias, literals) if alias is not None else None
        case ast.Subscript(value=ast.Name(id="Literal"), slice=inner):
            return _choices(inner, literals)
        case ast.Subscript(value=ast.Name(id=name)) if name in _SIMPLE:
            return ArgType(names=frozenset({name}))
        case _:
            return None


def _choices(inner: ast.expr, literals: Literals) -> ArgType | None:
    found: list[str | int] = []
    for item in inner.elts if isinstance(inner, ast.Tuple) else [inner]:
        if isinstance(item, ast.Constant) and isinstance(item.value, str | int):
            found.append(item.value)
            continue
        part = _part(item, literals) if isinstance(item, ast.Name) else None
        if part is None:
            return None
        found += part.choices
    return ArgType(names=frozenset({"choice"}), choices=tuple(found))


def _members(annotation: ast.expr) -> list[ast.expr]:
    match annotation:
        case ast.Constant(value=str(text)):
            return _members(ast.parse(text, mode="eval").body)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return [*_members(left), *_members(right)]
        case _:
            return [annotation]


def _type_names(value: Any) -> frozenset[str]:
    match value:
        case None:
            return frozenset({"None"})
        case bool():
            return frozenset({"bool"})
        case int():
            return frozenset({"int", "float"})
        case list():
            return frozenset({"list", "set"})
        case _:
            return frozenset({type(value).__name__})
