"""YAML text as nodes, from the events of libyaml's parser.

Events come one by one, so depth and size are limited before anything grows. An alias shares the
node it stands for and counts as often as it is used: a bomb is refused where it would go off,
without being expanded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from yaml import events as ev
from yaml.cyaml import CParser
from yaml.error import Mark, MarkedYAMLError

from orchestrator.registry.contents import MAX_BYTES
from orchestrator.registry.faults import MAX_FAULTS, Fault, KeyPath, Place, dotted, nearest, shown
from orchestrator.registry.nodes import Node, line_column, spot
from orchestrator.registry.scalars import TAG, ScalarError, plain, tagged
from orchestrator.registry.syntax import malformed

MAX_DEPTH = 32
#: Five thousand experts as thorough as the shipped ones.
MAX_VALUES = 100_000
MAX_ANCHORS = 10_000
#: A file of the most bytes allowed that has no alias always passes.
MAX_CHARS = MAX_BYTES

_NOT_TEXT = "a key must be text; put it in quotes"


class _StopError(Exception):
    """The text is not read any further; the fault that says why is recorded."""


class _Open:
    """A mapping or list whose end is still to come."""

    __slots__ = ("awaits_key", "is_dropped", "is_mapping", "node", "step")

    def __init__(self, node: Node, *, is_mapping: bool, is_dropped: bool) -> None:
        self.node = node
        self.is_mapping = is_mapping
        self.awaits_key = is_mapping
        #: It stands where a key should, and is read only to find its end.
        self.is_dropped = is_dropped
        #: Key or position of the next value; `None` under a key that was refused.
        self.step: str | int | None = None if is_mapping else 0


class Composer:
    """Reads one document; faults are collected, not raised."""

    def __init__(self, *, file: str) -> None:
        self._file = file
        self._open: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._num_values = 0
        self._num_chars = 0
        self._has_begun = False
        self._root: Node | None = None
        self.faults: list[Fault] = []

    def compose(self, text: str) -> Node | None:
        """The root, or `None` when the text is empty, malformed or too large."""
        take: dict[type[ev.Event], Callable[[Any], None]] = {
            ev.DocumentStartEvent: self._begin,
            ev.ScalarEvent: self._scalar,
            ev.AliasEvent: self._alias,
            ev.MappingStartEvent: self._start,
            ev.SequenceStartEvent: self._start,
            ev.MappingEndEvent: self._end,
            ev.SequenceEndEvent: self._end,
        }
        parser = CParser(text)
        try:
            while (event := parser.get_event()) is not None:
                if (act := take.get(type(event))) is not None:
                    act(event)
        except _StopError:
            return None
        except MarkedYAMLError as exc:
            self.faults.append(malformed(exc, text, file=self._file))
            return None
        return self._root

    def _begin(self, event: ev.DocumentStartEvent) -> None:
        if self._has_begun:
            self._stop(
                event.start_mark, "a second document starts here; a registry is one document"
            )
        self._has_begun = True

    def _scalar(self, event: ev.ScalarEvent) -> None:
        if self._open and self._open[-1].awaits_key:
            self._key(event)
            return
        value, at, num_chars = self._value(event), spot(event.start_mark), len(event.value)
        self._count(event.start_mark, num_values=1, num_chars=num_chars)
        if event.anchor is None and self._open:
            opened = self._open[-1]
            if opened.step is not None:
                opened.node.add_scalar(opened.step, value, at, num_chars=num_chars)
            self._await_next(opened)
            return
        node = Node(value, at, num_chars=num_chars)
        if event.anchor is not None:
            self._anchor(event, node)
        self._attach(node)

    def _value(self, event: ev.ScalarEvent) -> Any:
        """What the scalar says; a bad one is told once and left out, to check the rest."""
        try:
            if event.tag is not None:
                return tagged(event.value, event.tag)
            is_plain, _ = event.implicit
            return plain(event.value) if is_plain else event.value
        except ScalarError as exc:
            self._fault(event.start_mark, str(exc))
            return None

    def _key(self, event: ev.ScalarEvent) -> None:
        opened = self._open[-1]
        opened.awaits_key, opened.step = False, None
        if event.anchor is not None:
            self._anchor(
                event, Node(event.value, spot(event.start_mark), num_chars=len(event.value))
            )
        key, spots = event.value, opened.node.key_spots
        if not self._is_text(event):
            is_merge = event.value == "<<" and event.tag is None
            merge = "`<<` is not part of YAML 1.2; alias whole values instead"
            self._fault(event.start_mark, merge if is_merge else _NOT_TEXT)
        elif key in spots:
            reason = f"key given twice, first at line {line_column(spots[key])[0]}"
            self._fault(event.start_mark, reason, path=(*self._path(), key))
        else:
            opened.step, spots[key] = key, spot(event.start_mark)
            opened.node.num_chars += len(key)

    def _is_text(self, event: ev.ScalarEvent) -> bool:
        if event.tag is not None:
            return event.tag in {"!", f"{TAG}str"}
        is_plain, _ = event.implicit
        if not is_plain:
            return True
        try:
            return event.value != "<<" and isinstance(plain(event.value), str)
        except ScalarError:
            return False

    def _start(self, event: ev.MappingStartEvent | ev.SequenceStartEvent) -> None:
        is_mapping, is_key = type(event) is ev.MappingStartEvent, self._refuse_key(event)
        if len(self._open) >= MAX_DEPTH:
            reason = f"nested deeper than {MAX_DEPTH} levels, the most allowed"
            self._stop(event.start_mark, reason)
        if event.tag not in {None, "!", f"{TAG}{'map' if is_mapping else 'seq'}"}:
            self._fault(event.start_mark, f"the tag {shown(event.tag)} is not allowed here")
        node = Node({} if is_mapping else [], spot(event.start_mark))
        self._count(event.start_mark, num_values=1, num_chars=0)
        if event.anchor is not None:
            self._anchor(event, node)
        self._open.append(_Open(node, is_mapping=is_mapping, is_dropped=is_key))

    def _end(self, _event: ev.MappingEndEvent | ev.SequenceEndEvent) -> None:
        opened = self._open.pop()
        opened.node.is_open = False
        if not opened.is_dropped:
            self._attach(opened.node)

    def _alias(self, event: ev.AliasEvent) -> None:
        if self._refuse_key(event):
            return
        node = self._anchors.get(event.anchor)
        if node is None:
            reason = f"no anchor {shown('&' + event.anchor)} stands before this alias"
            self._fault(event.start_mark, reason, nearest=nearest(event.anchor, self._anchors))
        elif node.is_open:
            self._fault(event.start_mark, "a value cannot contain itself")
        elif len(self._open) + node.height > MAX_DEPTH:
            reason = f"nested deeper than {MAX_DEPTH} levels, aliases included"
            self._stop(event.start_mark, reason)
        else:
            self._count(event.start_mark, num_values=node.num_values, num_chars=node.num_chars)
            self._attach(node)
            return
        self._attach(Node(None, spot(event.start_mark)))

    def _anchor(self, event: ev.NodeEvent, node: Node) -> None:
        self._anchors[event.anchor] = node
        if len(self._anchors) > MAX_ANCHORS:
            self._stop(event.start_mark, f"more than {MAX_ANCHORS:,} anchors")

    def _refuse_key(self, event: ev.NodeEvent) -> bool:
        """Whether a key was due, which only text can be."""
        if not self._open or not self._open[-1].awaits_key:
            return False
        self._open[-1].awaits_key, self._open[-1].step = False, None
        self._fault(event.start_mark, _NOT_TEXT)
        return True

    def _attach(self, node: Node) -> None:
        if not self._open:
            self._root = node
            return
        opened = self._open[-1]
        if opened.step is not None:
            opened.node.add(opened.step, node)
        self._await_next(opened)

    def _await_next(self, opened: _Open) -> None:
        if opened.is_mapping:
            opened.awaits_key = True
        elif isinstance(opened.step, int):
            opened.step += 1

    def _count(self, mark: Mark, *, num_values: int, num_chars: int) -> None:
        self._num_values += num_values
        self._num_chars += num_chars
        if self._num_values > MAX_VALUES:
            self._stop(mark, f"more than {MAX_VALUES:,} values, aliases included")
        if self._num_chars > MAX_CHARS:
            self._stop(mark, f"more than {MAX_CHARS:,} characters, aliases included")

    def _path(self) -> KeyPath:
        return tuple(opened.step for opened in self._open if opened.step is not None)

    def _fault(
        self, mark: Mark, reason: str, *, path: KeyPath | None = None, nearest: str | None = None
    ) -> None:
        place = Place(file=self._file, line=mark.line + 1, column=mark.column + 1)
        key = dotted(self._path() if path is None else path)
        self.faults.append(Fault(place=place, key=key, reason=reason, nearest=nearest))
        if len(self.faults) >= MAX_FAULTS:
            raise _StopError

    def _stop(self, mark: Mark, reason: str) -> NoReturn:
        # Two steps of the path name the entry; thirty-two would bury the reason.
        self._fault(mark, reason, path=self._path()[:2])
        raise _StopError
