"""Where things stand in the text of a registry, to change a few lines and leave all others."""

from __future__ import annotations

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from orchestrator.errors import RegistryError


def composed(text: str) -> Node | None:
    """The text as nodes that know their lines."""
    found: Node | None = YAML(typ="safe", pure=True).compose(text)
    return found


def node_at(root: Node | None, key: str) -> Node | None:
    """What stands under a key of a mapping, `None` where nothing does."""
    if not isinstance(root, MappingNode):
        return None
    return next((value for name, value in root.value if name.value == key), None)


def last_line(node: Node) -> int:
    """Where a node ends: by its marks, a block ends only where the next thing begins."""
    if isinstance(node, ScalarNode) or getattr(node, "flow_style", False):
        return int(node.end_mark.line - (node.end_mark.column == 0))
    parts = [part for pair in node.value for part in (pair if isinstance(pair, tuple) else (pair,))]
    return max((last_line(part) for part in parts), default=int(node.start_mark.line))


def put_item(text: str, *, section: str, name: str, item: str, file: str) -> str:
    """The text with `item` as an entry of a section; nothing else is touched.

    Args:
        text: the registry.
        section: a mapping at its top, such as `routers`; written at the end where it is missing.
        name: the entry's key. One that is there is replaced, its comments included.
        item: the entry without indent, its key included.
        file: what errors call the text.

    Raises:
        RegistryError: the section is not written as one entry below another.
    """
    lines = text.splitlines(keepends=True)
    newline = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    found = node_at(composed(text), section)
    if found is None:
        lines = [*_ended(lines, newline), newline, f"{section}:{newline}"]
        return "".join([*lines, _indented(item, "  ", newline)])
    if not isinstance(found, MappingNode) or found.flow_style or not found.value:
        raise RegistryError(
            f"{file}: `{section}` is not written as one entry below another; add by hand:\n{item}"
        )
    first, end = _place(found, name, lines)
    added = _indented(item, " " * found.value[0][0].start_mark.column, newline)
    return "".join([*_ended(lines[:first], newline), added, *lines[end:]])


def _place(section: MappingNode, name: str, lines: list[str]) -> tuple[int, int]:
    """First line of the entry and the one behind it; both behind the last where it is new."""
    for key, value in section.value:
        if key.value == name:
            return key.start_mark.line, last_line(value) + 1
    end = last_line(section) + 1
    while end < len(lines) and lines[end].lstrip().startswith("#"):
        end += 1  # keys of the last entry that are commented out
    return end, end


def _ended(lines: list[str], newline: str) -> list[str]:
    if lines and not lines[-1].endswith("\n"):
        return [*lines[:-1], lines[-1] + newline]
    return lines


def _indented(item: str, indent: str, newline: str) -> str:
    return "".join(f"{indent}{line}{newline}" for line in item.splitlines())
