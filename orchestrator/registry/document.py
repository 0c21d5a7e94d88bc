"""YAML text as plain values that know where they stand.

Only what a registry needs is read: text keys, scalars of YAML 1.2, lists and mappings. Everything
else (tags, merge keys, several documents, alias bombs) is a fault with its place, not a surprise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import Node

from orchestrator.registry.composing import compose_plain
from orchestrator.registry.faults import Fault, Finding, KeyPath, Place, dotted
from orchestrator.registry.nodes import MAX_DEPTH, NodeReader

MAX_BYTES = 5_000_000

_UNPRINTABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed file."""

    file: str
    #: Mappings, lists and scalars; `None` when nothing could be read.
    value: Any = None
    value_places: Mapping[KeyPath, Place] = field(default_factory=dict)
    key_places: Mapping[KeyPath, Place] = field(default_factory=dict)
    #: Faults of the text itself.
    faults: tuple[Fault, ...] = ()

    def fault(self, finding: Finding) -> Fault:
        """`finding` with the place of its key, or of the nearest enclosing one."""
        return Fault(
            place=self._place(finding.path, is_about_key=finding.is_about_key),
            key=dotted(finding.path),
            reason=finding.reason,
            value=finding.value,
            allowed=finding.allowed,
            nearest=finding.nearest,
        )

    def _place(self, path: KeyPath, *, is_about_key: bool) -> Place:
        if is_about_key and path in self.key_places:
            return self.key_places[path]
        while path and path not in self.value_places:
            path = path[:-1]
        return self.value_places.get(path, Place(file=self.file))


def read(path: Path) -> Document:
    """Read and parse a file; whatever is wrong with it becomes the document's faults."""
    file = str(path)
    if not path.exists():
        return _unreadable(file, "there is no such file")
    if not path.is_file():
        return _unreadable(file, "this is not a regular file; name the registry file itself")
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as exc:
        return _unreadable(file, f"the file cannot be read: {exc.strerror}")
    return decode(content, file=file)


def decode(content: bytes, *, file: str) -> Document:
    """Parse the bytes of a file: at most 5 MB of UTF-8."""
    if len(content) > MAX_BYTES:
        return _unreadable(file, f"the file has more than {MAX_BYTES:,} bytes, the most allowed")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        before = content[: exc.start].decode("utf-8-sig", errors="replace")
        reason = f"byte 0x{content[exc.start]:02x} is not UTF-8; save the file as UTF-8"
        return _unreadable(file, reason, after=before)
    return parse(text, file=file)


def parse(text: str, *, file: str) -> Document:
    """Parse YAML text; never raises."""
    if (odd := _UNPRINTABLE.search(text)) is not None:
        name = "NUL" if odd[0] == "\0" else "control"
        reason = f"{name} character U+{ord(odd[0]):04X}; a registry is plain text"
        return _unreadable(file, reason, after=text[: odd.start()])
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = MAX_DEPTH
    yaml.composer.warn_double_anchors = False
    try:
        root = compose_plain(text, yaml) or yaml.compose(text)
    except MarkedYAMLError as exc:
        return _malformed(file, exc)
    except (YAMLError, ValueError, IndexError, AttributeError, AssertionError, TypeError) as exc:
        # ruamel lets a few of its own slips through on malformed tags, escapes and directives.
        return _unreadable(file, f"this is not YAML ({type(exc).__name__} in the parser)")
    return _document(file, root, yaml)


def _document(file: str, root: Node | None, yaml: YAML) -> Document:
    if root is None:
        return _unreadable(file, "the file is empty; a registry has at least `experts`")
    reader = NodeReader(file=file, construct=yaml.constructor.construct_object)
    value = reader.read(root)
    return Document(
        file=file,
        value=value,
        value_places=reader.value_places,
        key_places=reader.key_places,
        faults=reader.faults,
    )


def _malformed(file: str, exc: MarkedYAMLError) -> Document:
    mark = exc.problem_mark or exc.context_mark
    place = Place(file=file, line=mark.line + 1, column=mark.column + 1) if mark else None
    problem = " ".join(str(exc.problem or exc.context or "malformed").split())
    fault = Fault(place=place or Place(file=file), key="", reason=_explained(problem))
    return Document(file=file, faults=(fault,))


def _explained(problem: str) -> str:
    if "'\\t'" in problem:
        return "a tab cannot indent YAML; use spaces"
    if "maximum depth" in problem:
        return f"nested deeper than {MAX_DEPTH} levels, the most allowed"
    if "another document" in problem:
        return "a second document starts here; a registry is one document"
    return f"not valid YAML: {problem}"


def _unreadable(file: str, reason: str, *, after: str = "") -> Document:
    lines = after.split("\n")
    place = Place(file=file, line=len(lines), column=len(lines[-1]) + 1)
    return Document(file=file, faults=(Fault(place=place, key="", reason=reason),))
