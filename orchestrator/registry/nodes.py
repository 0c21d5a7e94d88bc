"""ruamel's node tree as plain values, with the place of every key and value.

Aliases are expanded here, so this is where a small file could grow without bound: depth and
number of values are limited, and a node that contains itself runs into the first limit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from orchestrator.registry.faults import Fault, KeyPath, Place, dotted, shown

MAX_DEPTH = 32
MAX_VALUES = 250_000

_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"
#: A bad scalar: reported once, then left out so that the rest can still be checked.
_ABSENT = object()


class _LimitError(Exception):
    """The expanded document is too deep or too large; the fault is recorded."""


class NodeReader:
    """Reads one node tree; faults are collected, not raised.

    Args:
        file: name shown in places.
        construct: turns a scalar node of a number or a truth value into that value.
    """

    def __init__(self, *, file: str, construct: Callable[[Node], Any]) -> None:
        self._file = file
        self._construct = construct
        self._num_values = 0
        self._faults: dict[tuple[Place, str], Fault] = {}
        self.value_places: dict[KeyPath, Place] = {}
        self.key_places: dict[KeyPath, Place] = {}

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What could not be read; a fault in an anchored value counts once."""
        return tuple(self._faults.values())

    def read(self, root: Node) -> Any:
        """The whole tree as mappings, lists and scalars; `None` when it is too large."""
        try:
            value = self._value(root, ())
        except _LimitError:
            return None
        return None if value is _ABSENT else value

    def _value(self, node: Node, path: KeyPath) -> Any:
        self._count(node, path)
        self.value_places[path] = self._place(node)
        if isinstance(node, MappingNode) and node.tag == f"{_TAG}map":
            return self._mapping(node, path)
        if isinstance(node, SequenceNode) and node.tag == f"{_TAG}seq":
            return self._list(node, path)
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        return self._absent(node, path, f"the tag {shown(str(node.tag))} is not allowed here")

    def _count(self, node: Node, path: KeyPath) -> None:
        self._num_values += 1
        if len(path) > MAX_DEPTH:
            self._absent(node, path[:2], f"nested deeper than {MAX_DEPTH} levels, aliases included")
            raise _LimitError
        if self._num_values > MAX_VALUES:
            self._absent(node, path[:2], f"more than {MAX_VALUES:,} values, aliases included")
            raise _LimitError

    def _mapping(self, node: MappingNode, path: KeyPath) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, path, values)
            if key is None:
                continue
            self.key_places[(*path, key)] = self._place(key_node)
            value = self._value(value_node, (*path, key))
            values[key] = None if value is _ABSENT else value
        return values

    def _key(self, node: Node, path: KeyPath, seen: dict[str, Any]) -> str | None:
        if node.tag == _MERGE:
            self._absent(node, path, "`<<` is not part of YAML 1.2; alias whole values instead")
            return None
        if not isinstance(node, ScalarNode) or node.tag != f"{_TAG}str":
            self._absent(node, path, "a key must be text; put it in quotes")
            return None
        key = str(node.value)
        if key in seen:
            first = self.key_places[(*path, key)]
            self._absent(node, (*path, key), f"key given twice, first at line {first.line}")
            return None
        return key if self._is_encodable(node, path) else None

    def _list(self, node: SequenceNode, path: KeyPath) -> list[Any]:
        values = [self._value(item, (*path, at)) for at, item in enumerate(node.value)]
        return [None if value is _ABSENT else value for value in values]

    def _scalar(self, node: ScalarNode, path: KeyPath) -> Any:
        kind = str(node.tag).removeprefix(_TAG)
        if kind in {"str", "timestamp"}:
            return str(node.value) if self._is_encodable(node, path) else _ABSENT
        if kind == "null":
            return None
        if kind not in {"int", "float", "bool"}:
            return self._absent(node, path, f"the tag {shown(str(node.tag))} is not allowed here")
        return self._number(node, path)

    def _number(self, node: ScalarNode, path: KeyPath) -> Any:
        try:
            value = self._construct(node)
        except (ValueError, KeyError, IndexError, OverflowError):
            return self._absent(node, path, f"{shown(str(node.value))} is not a number")
        if isinstance(value, float) and not math.isfinite(value):
            return self._absent(node, path, f"{shown(str(node.value))} is not a finite number")
        return value

    def _is_encodable(self, node: ScalarNode, path: KeyPath) -> bool:
        try:
            str(node.value).encode()
        except UnicodeEncodeError:
            self._absent(node, path, "half of a surrogate pair; write the character itself")
            return False
        return True

    def _absent(self, node: Node, path: KeyPath, reason: str) -> object:
        place = self._place(node)
        self._faults.setdefault(
            (place, reason), Fault(place=place, key=dotted(path), reason=reason)
        )
        return _ABSENT

    def _place(self, node: Node) -> Place:
        mark = node.start_mark
        return Place(file=self._file, line=mark.line + 1, column=mark.column + 1)
