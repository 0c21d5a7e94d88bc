"""Skills that a model has named for a question, kept so that they are not asked for again."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

MAX_TEXTS = 20_000


class SkillCache:
    """The latest texts and their skills; safe to use from threads.

    A text is kept as its digest: entries are small whatever is asked, and nobody's words stay.

    Args:
        max_texts: texts whose skills are kept; the one that was used longest ago goes first.
    """

    def __init__(self, *, max_texts: int = MAX_TEXTS) -> None:
        self._max_texts = max_texts
        self._skills_by_text: OrderedDict[bytes, tuple[str, ...]] = OrderedDict()
        self._lock = Lock()

    def remember(self, text: str, skills: Sequence[str]) -> None:
        """Keep what a model named as the skills of a text; none is an answer too."""
        key = _key(text)
        with self._lock:
            self._skills_by_text[key] = tuple(skills)
            self._skills_by_text.move_to_end(key)
            if len(self._skills_by_text) > self._max_texts:
                self._skills_by_text.popitem(last=False)

    def skills_of(self, text: str) -> tuple[str, ...] | None:
        """The skills of a text; `None` where nobody has named them, or not lately."""
        key = _key(text)
        with self._lock:
            found = self._skills_by_text.get(key)
            if found is not None:
                self._skills_by_text.move_to_end(key)
            return found

    @property
    def num_texts(self) -> int:
        """Texts whose skills are kept."""
        return len(self._skills_by_text)


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
