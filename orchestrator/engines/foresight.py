"""What can be known of an answer before it is asked for: who can be reached, and how soon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable


@runtime_checkable
class Foresight(Protocol):
    """Sees what calls would meet; experts are named by `Expert.key`."""

    def unreachable(self, keys: frozenset[str]) -> Mapping[str, str]:
        """Those of `keys` that would hardly be answered now, and why."""
        ...

    def answer_s(self, key: str) -> float:
        """Seconds in which one more call would have been answered, its wait included."""
        ...
