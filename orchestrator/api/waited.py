"""How a request waited for its turn: what its caller is told in headers and in its stream."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.engines.notices import Notice


@dataclass(slots=True, kw_only=True)
class Waited:
    """The wait of one request; several slots may have been tried one after the other."""

    #: What it was told when it came: 1 is next, and seconds until its turn (`None`: unknown).
    position: int
    expected_s: float | None
    is_over: bool = False
    _earlier_s: float = 0.0
    _latest_s: float = 0.0

    @property
    def waited_s(self) -> float:
        """So far, seconds, over all slots."""
        return self._earlier_s + self._latest_s

    def hear(self, notice: Notice) -> None:
        """Take note of what a slot said; one that begins to count anew is another slot."""
        if notice.waited_s < self._latest_s:
            self._earlier_s += self._latest_s
        self._latest_s, self.is_over = notice.waited_s, notice.is_over


def heard(notice: Notice, before: Waited | None) -> Waited:
    """The wait of a request that hears `notice`."""
    waited = before or Waited(position=notice.position, expected_s=notice.expected_s)
    waited.hear(notice)
    return waited


def comment_of(notice: Notice) -> bytes:
    """A notice in an event stream: a comment, which clients of events leave aside."""
    expected = "" if notice.expected_s is None else f" expected_s={notice.expected_s:.3f}"
    said = f": waiting position={notice.position}{expected} waited_s={notice.waited_s:.3f}\n\n"
    return said.encode()
