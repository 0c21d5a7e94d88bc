"""Experts as text of a registry file that keeps its comments."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.nodes import SequenceNode

from orchestrator.errors import RegistryError
from orchestrator.registry.models import Expert
from orchestrator.registry.text_places import composed, last_line, node_at

_EXPERTS = "experts"


def entry_text(entry: Expert, *, indent: str = "  ") -> str:
    """The entry as an item of the list `experts`."""
    fields = entry.model_dump(mode="json", exclude_defaults=True)
    if "engine" in fields:
        fields["engine"] = {"kind": entry.engine.kind, **fields["engine"]}
    order = ["id", "base", "adapter", "model", "engine"]
    ordered = {key: fields[key] for key in [*order, *fields] if key in fields}
    yaml = YAML()
    yaml.width = 4096
    stream = io.StringIO()
    yaml.dump({key: _inline(value) for key, value in ordered.items()}, stream)
    first, *others = stream.getvalue().splitlines()
    return "\n".join([f"{indent}- {first}", *(f"{indent}  {line}" for line in others)]) + "\n"


def inline_text(value: Any) -> str:
    """A value as YAML on one line."""
    yaml = YAML()
    yaml.width = 1_000_000
    stream = io.StringIO()
    yaml.dump(_inline(value), stream)
    return stream.getvalue().removesuffix("...\n").rstrip("\n")


def with_entry(text: str, entry: Expert, *, file: str) -> str:
    """The text of a registry with `entry` behind its last expert; nothing else is touched.

    Raises:
        RegistryError: the experts are not written as a list of lines.
    """
    experts = node_at(composed(text), _EXPERTS)
    if not isinstance(experts, SequenceNode) or experts.flow_style or not experts.value:
        raise RegistryError(f"{file}: `experts` is no list of one entry a line; add it by hand")
    lines = text.splitlines(keepends=True)
    newline = "\r\n" if lines[0].endswith("\r\n") else "\n"
    last = experts.value[-1]
    at = last_line(last) + 1
    while at < len(lines) and lines[at].lstrip().startswith("#"):
        at += 1  # keys of the last expert that are commented out
    if not lines[at - 1].endswith("\n"):
        lines[at - 1] += newline
    indent = lines[last.start_mark.line][: last.start_mark.column].rpartition("-")[0]
    added = entry_text(entry, indent=indent).replace("\n", newline)
    return "".join([*lines[:at], added, *lines[at:]])


def replace_text(path: Path, text: str) -> None:
    """Write a file so that readers see the old text or the new one.

    Raises:
        RegistryError: it cannot be written.
    """
    path = path.resolve()
    draft = path.with_name(f".{path.name}.new")
    try:
        draft.write_bytes(text.encode())
        draft.chmod(path.stat().st_mode & 0o777)
        os.replace(draft, path)  # noqa: PTH105 - the name that says it is atomic
    except OSError as exc:
        draft.unlink(missing_ok=True)
        raise RegistryError(f"{path} cannot be written: {exc.strerror}") from exc


def _inline(value: Any) -> Any:
    """The value, written on one line."""
    if not isinstance(value, dict | list):
        return value
    inline: Any
    if isinstance(value, dict):
        inline = CommentedMap({key: _inline(one) for key, one in value.items()})
    else:
        inline = CommentedSeq(_inline(one) for one in value)
    inline.fa.set_flow_style()
    return inline
