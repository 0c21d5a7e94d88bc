"""Skills that a model has named for a question, kept so that they are not asked for again."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
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
        self._named_by_text: OrderedDict[bytes, _Named] = OrderedDict()
        self._lock = Lock()

    def remember(self, text: str, skills: Sequence[str], *, by: Collection[str] = ()) -> None:
        """Keep what models named as the skills of a text; none is an answer too.

        Args:
            text: as it is routed.
            skills: of the text.
            by: experts that took part in naming them.
        """
        key, named = _key(text), _Named(skills=tuple(skills), by=frozenset(by))
        with self._lock:
            self._named_by_text[key] = named
            self._named_by_text.move_to_end(key)
            if len(self._named_by_text) > self._max_texts:
                self._named_by_text.popitem(last=False)

    def skills_of(
        self, text: str, *, shut_out: frozenset[str] = frozenset()
    ) -> tuple[str, ...] | None:
        """The skills of a text; `None` where nobody has named them, or not lately.

        Args:
            text: as it is routed.
            shut_out: experts of which nothing may be used; what one of them named is not known.
        """
        key = _key(text)
        with self._lock:
            found = self._named_by_text.get(key)
            if found is None or found.by & shut_out:
                return None
            self._named_by_text.move_to_end(key)
            return found.skills

    @property
    def num_texts(self) -> int:
        """Texts whose skills are kept."""
        return len(self._named_by_text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """What was named for one text, and who took part in it."""

    skills: tuple[str, ...]
    by: frozenset[str]


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
