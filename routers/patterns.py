"""Words and regular expressions that operators give and strangers' texts are searched with.

RE2 compiles them: a search takes time in proportion to the text, whatever pattern and text are.
Python's own engine can take years for both of them chosen badly.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .base import RouterError

#: Longest text that is searched, characters: head and tail of a longer one, half of it each.
MAX_CHARS = 4000
#: Largest compiled pattern, instructions: the slowest search takes time in proportion to them.
_MAX_PROGRAM = 5000

#: Scripts that write words without spaces between them: there a word has no edges to look for.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_WORD = r"\pL\pM\pN_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A compiled pattern."""

    text: str
    _compiled: Any

    def is_in(self, searchable: bytes) -> bool:
        """Whether it is found anywhere in a text that `searchable` made."""
        return self._compiled.search(searchable) is not None


def searchable(text: str) -> bytes:
    """A text as patterns are searched in it: bounded, and each letter in one spelling."""
    if len(text) > MAX_CHARS:
        half = MAX_CHARS // 2
        text = f"{text[: half - 1]}\n{text[-half:]}"
    return unicodedata.normalize("NFC", text).encode("utf-8", "replace")


def compiled(pattern: str) -> Pattern:
    """A regular expression of RE2's syntax.

    Raises:
        RouterError: it is malformed, too large, or uses what no engine can do in linear time.
    """
    found = _compiled(unicodedata.normalize("NFC", pattern))
    if max(found.programsize, found.reverseprogramsize) > _MAX_PROGRAM:
        raise RouterError(
            f"the pattern compiles to {found.programsize} steps, at most {_MAX_PROGRAM} are "
            "searched with; shorten its repetitions"
        )
    return Pattern(text=pattern, _compiled=found)


def any_word(words: Sequence[str]) -> Pattern:
    """Finds any of these words or phrases, whole and in upper or lower case."""
    return Pattern(
        text=", ".join(words),
        _compiled=_compiled(f"(?i)(?:{'|'.join(_whole(word) for word in words)})"),
    )


def _whole(word: str) -> str:
    parts = unicodedata.normalize("NFC", word).split()
    inner = r"\s+".join(_literal(part) for part in parts)
    before = "" if _UNSPACED.match(parts[0][0]) else f"(?:^|[^{_WORD}])"
    after = "" if _UNSPACED.match(parts[-1][-1]) else f"(?:[^{_WORD}]|$)"
    return f"{before}{inner}{after}"


def _literal(text: str) -> str:
    # `re.escape` escapes letters of no language: RE2 reads the result as it is meant.
    return re.escape(text)


def _compiled(pattern: str) -> Any:
    try:
        import re2
    except ImportError as exc:
        raise RouterError("patterns need google-re2: pip install 'orchestrator[routers]'") from exc
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern.encode("utf-8", "replace"), options)
    except re2.error as exc:
        raise RouterError(_told(exc)) from exc


def _told(exc: Exception) -> str:
    (reason,) = exc.args
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    if "perl operator" in text or "escape sequence" in text:
        return f"{text}; RE2 has no look-around and no back-references, and \\pL for letters"
    return text
