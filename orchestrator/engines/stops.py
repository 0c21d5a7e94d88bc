"""Stop strings on a stream of text: what may be shown, and when to end."""

from __future__ import annotations

from collections.abc import Sequence


class StopWatch:
    """Holds back text that may be the beginning of a stop string.

    The text let through never contains a stop string nor a part of one that was matched. One
    watch serves one choice.
    """

    __slots__ = ("_held", "_stops", "is_matched")

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        #: True once a stop string was seen; all later text is swallowed.
        self.is_matched = False

    @property
    def is_holding(self) -> bool:
        """Whether anything is held back."""
        return bool(self._held)

    def push(self, text: str) -> str:
        """Take new text and return what may be shown now."""
        if not self._stops:
            return text
        if self.is_matched:
            return ""
        seen = self._held + text
        cut = _first_match(seen, self._stops)
        if cut is not None:
            self.is_matched = True
            self._held = ""
            return seen[:cut]
        num_held = _longest_beginning(seen, self._stops)
        self._held = seen[len(seen) - num_held :]
        return seen[: len(seen) - num_held]

    def finish(self) -> str:
        """Return what was held back: the stream ended without the rest of the stop string."""
        held, self._held = self._held, ""
        return held


def _first_match(seen: str, stops: Sequence[str]) -> int | None:
    """Where the stop string begins that is complete first, the longest of several.

    By its end, not its beginning: text comes in pieces, and what is complete ends the answer
    before a longer one that began earlier could be.
    """
    found = ((seen.find(stop), stop) for stop in stops)
    ends = [(begin + len(stop), begin) for begin, stop in found if begin >= 0]
    return min(ends)[1] if ends else None


def _longest_beginning(seen: str, stops: Sequence[str]) -> int:
    """Length of the longest tail of `seen` that begins some stop string."""
    for num_chars in range(min(len(seen), max(map(len, stops)) - 1), 0, -1):
        tail = seen[-num_chars:]
        if any(stop.startswith(tail) for stop in stops):
            return num_chars
    return 0
