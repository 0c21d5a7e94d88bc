"""YAML text as plain values that know where they stand.

Only what a registry needs is read: text keys, scalars of YAML 1.2, lists and mappings. Everything
else (tags, merge keys, several documents, alias bombs) is a fault with its place, not a surprise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yaml.error import YAMLError

from orchestrator.registry.composer import Composer
from orchestrator.registry.contents import MAX_BYTES, TOO_LARGE, ContentsError, opened
from orchestrator.registry.faults import Fault, Finding, KeyPath, Place, dotted
from orchestrator.registry.nodes import Node, Spot, line_column
from orchestrator.registry.syntax import oddity, place_after

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed file."""

    file: str
    #: Mappings, lists and scalars; `None` when nothing could be read.
    value: Any = None
    #: The same with places; `None` where the values were not read from text.
    root: Node | None = None
    #: Faults of the text itself.
    faults: tuple[Fault, ...] = ()

    def fault(self, finding: Finding) -> Fault:
        """`finding` with the place of its key, or of the nearest enclosing one."""
        key_place = self._key_place(finding.path) if finding.is_about_key else None
        return Fault(
            place=key_place or self.place(finding.path),
            key=dotted(finding.path),
            reason=finding.reason,
            value=finding.value,
            allowed=finding.allowed,
            nearest=finding.nearest,
        )

    def place(self, path: KeyPath) -> Place:
        """Where the value at `path` stands, or else the nearest that encloses it."""
        node = self.root
        if node is None:
            return Place(file=self.file)
        at = node.at
        for step in path:
            at = node.spots.get(step, at)
            if (child := node.children.get(step)) is None:
                break
            node = child
        return self._place(at)

    def key_places(self) -> Iterator[tuple[KeyPath, Place]]:
        """Every key of the file with its place; under an alias, those of its anchor."""
        pending: list[tuple[KeyPath, Node]] = [((), self.root)] if self.root else []
        while pending:
            path, node = pending.pop()
            pending += [((*path, step), child) for step, child in node.children.items()]
            yield from (((*path, key), self._place(at)) for key, at in node.key_spots.items())

    def _key_place(self, path: KeyPath) -> Place | None:
        node = self.root
        for step in path[:-1]:
            node = node.children.get(step) if node else None
        at = node.key_spots.get(path[-1]) if node and path else None
        return self._place(at) if at is not None else None

    def _place(self, at: Spot) -> Place:
        line, column = line_column(at)
        return Place(file=self.file, line=line, column=column)


def read(path: Path) -> Document:
    """Read and parse a file; whatever is wrong with it becomes the document's faults."""
    try:
        with opened(path) as found:
            content = found.read()
    except ContentsError as exc:
        return _unreadable(str(path), str(exc))
    return decode(content, file=str(path))


def decode(content: bytes, *, file: str) -> Document:
    """Parse the bytes of a file: at most `MAX_BYTES` of UTF-8."""
    if len(content) > MAX_BYTES:
        return _unreadable(file, f"the text has {len(content):,} bytes; {TOO_LARGE}")
    if content.startswith(_UTF16_MARKS):
        return _unreadable(file, "the text is UTF-16; save the file as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        before = content[: exc.start].decode("utf-8-sig", errors="replace")
        reason = f"byte 0x{content[exc.start]:02x} is not UTF-8; save the file as UTF-8"
        return _unreadable(file, reason, after=before)
    return parse(text, file=file)


def parse(text: str, *, file: str) -> Document:
    """Parse YAML text; never raises."""
    if (odd := oddity(text, file=file)) is not None:
        return Document(file=file, faults=(odd,))
    composer = Composer(file=file)
    try:
        root = composer.compose(text)
    except YAMLError as exc:
        return _unreadable(file, f"this is not YAML: {' '.join(str(exc).split())}")
    if root is None and not composer.faults:
        return _unreadable(file, "the file is empty; a registry has at least `experts`")
    value = root.value if root else None
    return Document(file=file, value=value, root=root, faults=tuple(composer.faults))


def _unreadable(file: str, reason: str, *, after: str = "") -> Document:
    fault = Fault(place=place_after(after, file=file), key="", reason=reason)
    return Document(file=file, faults=(fault,))
