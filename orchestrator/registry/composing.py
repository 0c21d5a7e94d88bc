"""The node tree of YAML text that needs none of YAML's rarer parts, three times as fast.

libyaml reads YAML 1.1 and explains faults otherwise than ruamel, so it is trusted with plain text
only: no anchors, tags, directives, block texts, missing values, tabs or odd line ends. Whatever
else there is, and every fault, goes through ruamel as if this module were not there; a test
compares both on any text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_ODD = re.compile(
    "[\t\r\x85\u2028\u2029\ufeff\ud800-\udfff]|^(?:%|---|\\.\\.\\.)|\\?(?:\\s|$)", re.MULTILINE
)
_BLOCKS = ("|", ">")
#: Not in every build of PyYAML.
_LOADER = getattr(yaml, "CLoader", None)


class _RareError(Exception):
    """The text holds what only the full parser may read."""


def compose_plain(text: str, full: YAML) -> Node | None:
    """The tree, or `None` where the full parser must read the text.

    Args:
        text: what to read.
        full: the full parser: tells numbers from text, and how deep a tree may be.
    """
    if _LOADER is None or _ODD.search(text) is not None:
        return None
    try:
        return _Composer(yaml.parse(text, Loader=_LOADER), full).document()
    except (yaml.YAMLError, _RareError):
        return None


class _Composer:
    """Builds ruamel's nodes from libyaml's events."""

    def __init__(self, events: Iterator[Any], full: YAML) -> None:
        self._events = events
        self._resolve = full.resolver.resolve
        self._max_depth = full.max_depth

    def document(self) -> Node:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                root = self._node(next(self._events), 1)
                # The stream is read to its end, where faults may still be.
                if any(isinstance(rest, yaml.DocumentStartEvent) for rest in self._events):
                    raise _RareError
                return root
        raise _RareError

    def _node(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None or event.tag is not None:
            raise _RareError
        if depth > self._max_depth:
            raise _RareError
        if isinstance(event, yaml.ScalarEvent):
            if event.style in _BLOCKS or not (event.value or event.style):
                raise _RareError  # read, or placed where it is not there, differently by both
            tag = self._resolve(ScalarNode, event.value, event.implicit)
            return ScalarNode(tag, event.value, event.start_mark, event.end_mark, event.style)
        if isinstance(event, yaml.SequenceStartEvent):
            tag = self._resolve(SequenceNode, None, event.implicit)
            return SequenceNode(tag, list(self._items(depth)), event.start_mark)
        tag = self._resolve(MappingNode, None, event.implicit)
        return MappingNode(tag, list(self._pairs(depth)), event.start_mark)

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _pairs(self, depth: int) -> Iterator[tuple[Node, Node]]:
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            yield self._node(event, depth + 1), self._node(next(self._events), depth + 1)
