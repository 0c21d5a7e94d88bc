"""Which part of a long text a router reads: a bounded head and tail.

What a prompt asks for stands at its start or at its end; what lies between is material. Reading
a bounded part makes the time of a decision independent of the prompt's length.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Characters kept of a text; a text no longer than both together is kept whole."""

    #: Characters kept from the start.
    head: int
    #: Characters kept from the end.
    tail: int

    def cut(self, text: str) -> str:
        """`text`, or its head and tail at word borders with a line break between them.

        Characters, not words, are bounded, so that a megabyte without a space costs no more.
        """
        text = text.strip()
        if len(text) <= self.head + self.tail:
            return text
        head, _, torn = text[: self.head].rpartition(" ")
        start, _, tail = text[len(text) - self.tail :].partition(" ")
        return f"{head or torn}\n{tail or start}"


#: Reads everything; for measuring what a bounded window costs.
WHOLE = Window(head=2**62, tail=0)
