"""A mapping or list of a YAML file: its values, and where each of them stands.

Scalars have no node of their own unless an alias may stand for them.
"""

from __future__ import annotations

from typing import Any, NewType

from yaml.error import Mark

#: Line and column in one number. A large file has a hundred thousand of them, and objects in
#: their place make Python's garbage collection a third of the time of reading it.
Spot = NewType("Spot", int)

_COLUMNS = 2**32


def spot(mark: Mark) -> Spot:
    """Where `mark` is; lines and columns count from 1."""
    return Spot((mark.line + 1) * _COLUMNS + mark.column + 1)


def line_column(at: Spot) -> tuple[int, int]:
    """Line and column of a spot."""
    return divmod(at, _COLUMNS)


class Node:
    """A mapping, a list or an anchored scalar; an alias is the node it stands for, shared."""

    __slots__ = (
        "at", "children", "height", "is_open", "key_spots", "num_chars", "num_values", "spots",
        "value",
    )  # fmt: skip

    def __init__(self, value: Any, at: Spot, *, num_chars: int = 0) -> None:
        #: Plain data: scalars, and the values of the children.
        self.value = value
        self.at = at
        #: Where its values stand, by key or position, and where its keys do.
        self.spots: dict[str | int, Spot] = {}
        self.key_spots: dict[str | int, Spot] = {}
        #: The nodes among its values.
        self.children: dict[str | int, Node] = {}
        #: How much it is, itself included, each alias counted as all that it stands for.
        self.num_values = 1
        self.num_chars = num_chars
        #: Levels of collections: 0 for a scalar, 1 for a list of scalars.
        self.height = 1 if isinstance(value, dict | list) else 0
        #: It is a collection whose end is still to come.
        self.is_open = self.height > 0

    def add_scalar(self, step: str | int, value: Any, at: Spot, *, num_chars: int) -> None:
        """Put a scalar under a key, or at the next position."""
        self.spots[step] = at
        self.num_values += 1
        self.num_chars += num_chars
        self._put(step, value)

    def add(self, step: str | int, child: Node) -> None:
        """Put a node under a key, or at the next position."""
        self.spots[step] = child.at
        self.children[step] = child
        self.num_values += child.num_values
        self.num_chars += child.num_chars
        self.height = max(self.height, child.height + 1)
        self._put(step, child.value)

    def _put(self, step: str | int, value: Any) -> None:
        if isinstance(self.value, list):
            self.value.append(value)
        else:
            self.value[step] = value
