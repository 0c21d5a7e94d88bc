"""When a file that is being written is taken for written: pure, the clock is passed in.

Editors truncate and write, or write beside and rename; tools save many times a second. A content
counts once it stayed the same for a moment; an empty or missing file only after a longer one,
since most of them are a save half done.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a content must have stayed, seconds."""

    settle_s: float = 0.1
    #: For a content that is no registry.
    doubt_s: float = 0.3
    #: A file that never stays is taken as it is after this.
    longest_s: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A file that cannot be read."""

    reason: str


Content = bytes | Missing


class Settling:
    """One content on its way to staying.

    Args:
        content: as it was first seen.
        now_s: when, on any clock.
    """

    def __init__(self, content: Content, *, patience: Patience, now_s: float) -> None:
        self._patience = patience
        self._first_s = now_s
        self._since_s = now_s
        self.content = content

    def observe(self, content: Content, *, now_s: float) -> None:
        """Take note of what the file says now."""
        if content != self.content:
            self.content = content
            self._since_s = now_s

    def wait_s(self, *, now_s: float, is_faulty: bool = False) -> float:
        """Seconds until the content counts; 0 when it does.

        Args:
            now_s: on the same clock as before.
            is_faulty: it failed its check, so it may be half of one that does not.
        """
        is_doubtful = is_faulty or isinstance(self.content, Missing) or not self.content.strip()
        patience_s = self._patience.doubt_s if is_doubtful else self._patience.settle_s
        stayed_s = now_s - self._since_s
        if not is_doubtful and now_s - self._first_s >= self._patience.longest_s:
            return 0.0
        return max(0.0, patience_s - stayed_s)
