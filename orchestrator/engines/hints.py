"""Word of experts that are wanted soon, sent ahead of the calls: advice that nobody waits for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

#: After which a hint is forgotten, seconds: what it announced has come by then or never will.
FORGET_S = 60.0
#: Hints that are kept, the newest.
MAX_HINTS = 32


@runtime_checkable
class Hinted(Protocol):
    """Can be told what is wanted soon."""

    def hint(self, key: str) -> None:
        """Calls for the expert of this `Expert.key` are to be expected.

        Never fails and never waits: a hint that is lost costs what there would be without it.
        """
        ...


class Hints:
    """The experts that were announced to one slot, and when."""

    def __init__(self) -> None:
        self._told_s: dict[str, float] = {}

    def note(self, key: str, *, now_s: float) -> None:
        """Keep in mind that `key` is wanted soon."""
        self._told_s.pop(key, None)
        self._told_s[key] = now_s
        if len(self._told_s) > MAX_HINTS:
            del self._told_s[next(iter(self._told_s))]

    def held(self, *, now_s: float) -> Mapping[str, float]:
        """Key of each expert that is still expected -> when it was announced, the oldest first."""
        return {key: told_s for key, told_s in self._told_s.items() if now_s - told_s < FORGET_S}
