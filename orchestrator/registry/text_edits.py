"""Changes of an expert's entry in the text of a registry: a few characters, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from orchestrator.errors import RegistryError
from orchestrator.registry.document import parse
from orchestrator.registry.expert_text import inline_text
from orchestrator.registry.text_places import composed, last_line, node_at

_EXPERTS = "experts"


def with_value(text: str, expert_id: str, key: Sequence[str], value: Any, *, file: str) -> str:
    """The text with one value of an expert set; its comments stay.

    Args:
        text: the registry.
        expert_id: whose.
        key: keys from the entry inward, such as `("engine", "max_model_len")`.
        value: what YAML can say.
        file: what errors call the text.

    Raises:
        RegistryError: there is no such expert, or its entry is written so that it cannot be done.
    """
    changed = _put(text, _entry(text, expert_id, file), list(key), value)
    return _as_meant(text, changed, expert_id, list(key), (value,), file=file)


def without_value(text: str, expert_id: str, key: Sequence[str], *, file: str) -> str:
    """The text without one key of an expert; raises as `with_value`, and where it has none."""
    node: Node | None = _entry(text, expert_id, file)
    for step in key[:-1]:
        node = node_at(node, step)
    if not isinstance(node, MappingNode) or node_at(node, key[-1]) is None:
        raise RegistryError(f"{file}: expert {expert_id!r} has no key {'.'.join(key)!r}")
    changed = _cut(text, node, key[-1])
    return _as_meant(text, changed, expert_id, list(key), (), file=file)


def without_expert(text: str, expert_id: str, *, file: str) -> str:
    """The text without an expert; comments above it stay. Raises as `with_value`."""
    entry = _entry(text, expert_id, file)
    experts = node_at(composed(text), _EXPERTS)
    assert isinstance(experts, SequenceNode)
    if experts.flow_style:
        raise _by_hand(file, expert_id)
    lines = text.splitlines(keepends=True)
    first, end = int(entry.start_mark.line), last_line(entry) + 1
    while end < len(lines) and re.match(r"#\s{3,}\S", lines[end]):
        end += 1  # its keys that are commented out
    changed = "".join([*lines[:first], *lines[end:]])
    meant = _copy(parse(text, file=file).value)
    meant[_EXPERTS] = [one for one in meant[_EXPERTS] if one.get("id") != expert_id] or None
    if parse(changed, file=file).value != meant:
        raise _by_hand(file, expert_id)
    return changed


def _entry(text: str, expert_id: str, file: str) -> MappingNode:
    document = parse(text, file=file)
    if document.faults:
        raise RegistryError("\n".join(str(fault) for fault in document.faults))
    experts = node_at(composed(text), _EXPERTS)
    for one in experts.value if isinstance(experts, SequenceNode) else ():
        named = node_at(one, "id")
        if isinstance(one, MappingNode) and named is not None and named.value == expert_id:
            return one
    raise RegistryError(f"{file}: there is no expert {expert_id!r}")


def _put(text: str, mapping: MappingNode, key: list[str], value: Any) -> str:
    found = node_at(mapping, key[0])
    if found is not None and len(key) > 1 and isinstance(found, MappingNode):
        return _put(text, found, key[1:], value)
    for step in reversed(key[1:]):
        value = {step: value}
    if found is None:
        return _add(text, mapping, key[0], value)
    if _is_block(found):
        return _replace_block(text, mapping, key[0], value)
    return text[: found.start_mark.index] + inline_text(value) + text[found.end_mark.index :]


def _add(text: str, mapping: MappingNode, key: str, value: Any) -> str:
    item = f"{inline_text(key)}: {inline_text(value)}"
    if mapping.flow_style:
        end = int(mapping.end_mark.index) - 1
        comma = ", " if mapping.value else ""
        at = int(mapping.value[-1][1].end_mark.index) if mapping.value else end
        return f"{text[:at]}{comma}{item}{text[at:]}"
    lines = text.splitlines(keepends=True)
    newline = "\r\n" if lines[0].endswith("\r\n") else "\n"
    at = last_line(mapping) + 1
    if not lines[at - 1].endswith("\n"):
        lines[at - 1] += newline
    indent = " " * int(mapping.value[0][0].start_mark.column)
    return "".join([*lines[:at], f"{indent}{item}{newline}", *lines[at:]])


def _replace_block(text: str, mapping: MappingNode, key: str, value: Any) -> str:
    """Write the value behind its key and drop the lines it had."""
    name, old = next(pair for pair in mapping.value if pair[0].value == key)
    lines = text.splitlines(keepends=True)
    first = int(name.start_mark.line)
    column = lines[first].index(":", int(name.end_mark.column)) + 1
    lines[first] = f"{lines[first][:column]} {inline_text(value)}{lines[first][column:]}"
    return "".join([*lines[: first + 1], *lines[last_line(old) + 1 :]])


def _cut(text: str, mapping: MappingNode, key: str) -> str:
    at = next(at for at, (name, _) in enumerate(mapping.value) if name.value == key)
    name, old = mapping.value[at]
    if mapping.flow_style:
        start, end = int(name.start_mark.index), int(old.end_mark.index)
        if at + 1 < len(mapping.value):
            end = int(mapping.value[at + 1][0].start_mark.index)
        elif at > 0:
            start = int(mapping.value[at - 1][1].end_mark.index)
        return text[:start] + text[end:]
    lines = text.splitlines(keepends=True)
    return "".join([*lines[: int(name.start_mark.line)], *lines[last_line(old) + 1 :]])


def _copy(value: Any) -> Any:
    """By way of JSON, since what an alias stands for is shared by all who use it."""
    return json.loads(json.dumps(value))


def _is_block(node: Node) -> bool:
    return isinstance(node, MappingNode | SequenceNode) and not node.flow_style


def _as_meant(
    before: str, after: str, expert_id: str, key: list[str], value: tuple[Any, ...], *, file: str
) -> str:
    """`after`, if it says what `before` says but for this key.

    Aliases, odd indents and whatever else people may write are so refused, never damaged.
    """
    meant = _copy(parse(before, file=file).value)
    entry = next(one for one in meant[_EXPERTS] if one.get("id") == expert_id)
    for step in key[:-1]:
        if not isinstance(entry.get(step), dict):
            entry[step] = {}
        entry = entry[step]
    if value:
        entry[key[-1]] = value[0]
    else:
        entry.pop(key[-1])
    found = parse(after, file=file)
    if found.faults or found.value != meant:
        raise _by_hand(file, expert_id)
    return after


def _by_hand(file: str, expert_id: str) -> RegistryError:
    return RegistryError(
        f"{file}: the entry of expert {expert_id!r} is written so that it cannot be changed "
        "without touching more: edit it by hand"
    )
