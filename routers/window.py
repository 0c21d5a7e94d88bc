"""Which parts of a text a router reads: a bounded head and tail, and the sentences at their ends.

What a prompt asks for stands at its start or at its end; what lies between is material. Reading
a bounded part makes the time of a decision independent of the prompt's length. In a long text the
ask would drown in the material around it, so its outer sentences are also read alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SENTENCE_END = re.compile(r"(?<=[.?!:\u3002\uff1f\uff01])\s+|\n+")
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Characters read of a text; one no longer than `head` and `tail` together is read whole."""

    #: Characters kept from the start.
    head: int
    #: Characters kept from the end.
    tail: int
    #: Texts longer than this are also read by their outer sentences; characters.
    lead: int

    def is_blank(self, text: str) -> bool:
        """Whether what is read of `text` has neither letter nor digit, so that nothing is asked."""
        text = text.strip()
        start = max(len(text) - self.tail, 0)
        found = _LETTER_OR_DIGIT.search(text, 0, self.head) or _LETTER_OR_DIGIT.search(text, start)
        return found is None

    def cut(self, text: str) -> str:
        """`text`, or its head and tail at word borders with a line break between them.

        Characters, not words, are bounded, so that a megabyte without a space costs no more.
        """
        text = text.strip()
        if not text.isascii():
            # Lone surrogates, which no encoder takes, become question marks.
            text = text.encode("utf-8", "replace").decode("utf-8")
        if len(text) <= self.head + self.tail:
            return text
        head, _, torn = text[: self.head].rpartition(" ")
        start, _, tail = text[len(text) - self.tail :].partition(" ")
        return f"{head or torn}\n{tail or start}"

    def views(self, text: str) -> list[str]:
        """The text itself; of a long one, one and two sentences from either end.

        Where no sentence of a long text is short enough, its cut text. A line of signs, such as one
        that underlines a title, is no sentence.
        """
        whole = self.cut(text)
        if len(whole) <= self.lead:
            return [whole]
        sentences = [part for part in _SENTENCE_END.split(whole) if not self.is_blank(part)]
        outer = (sentences[:1], sentences[:2], sentences[-1:], sentences[-2:])
        parts = {" ".join(part) for part in outer}
        return sorted(part for part in parts if len(part) <= self.lead) or [whole]
