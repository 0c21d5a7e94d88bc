"""Breaks delimiters in what is data, so that no text can close the place it stands in.

A delimiter is found however it is spelt: in other characters of the same look (Unicode's
compatibility forms), in other case, with blanks, accents or invisible characters between. Its
first character becomes an HTML entity; all else stays as it was written.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import accumulate

#: Visible characters a delimiter has at least: an entity's name has two.
MIN_CHARS = 3
#: What entities are written with: a delimiter of them would come back with its own entity.
RESERVED = "&#;"

#: Marks on letters, and characters that nobody sees.
_UNSEEN = frozenset({"Mn", "Me", "Cf", "Cc"})
#: Blanks and control characters; a newline is one too.
_GAP = r"[\s\x00-\x1f\x7f]*"
_NAMED = {"<": "&lt;", ">": "&gt;"}


def broken(text: str, delimiters: tuple[str, ...]) -> str:
    """`text` in which none of `delimiters` is left.

    Args:
        text: any.
        delimiters: each with `MIN_CHARS` visible characters, none of `RESERVED`, not digits alone.
    """
    if not delimiters:
        return text
    pattern = _pattern(delimiters)
    if text.isascii():
        return pattern.sub(lambda found: _entity(found[0]), text)
    folds = {ord(one): _folded(one) for one in set(text)}
    starts = [found.start() for found in pattern.finditer(text.translate(folds))]
    return _with_entities(text, _places(text, folds, starts)) if starts else text


def visible(delimiter: str) -> str:
    """What is compared of a delimiter: all but its blanks, as plain characters."""
    return "".join(map(_folded, delimiter)).replace(" ", "")


@lru_cache(maxsize=64)
def _pattern(delimiters: tuple[str, ...]) -> re.Pattern[str]:
    """Matches the first character of each delimiter, of those that overlap as well."""
    spelt = "|".join(_GAP.join(map(re.escape, visible(one))) for one in delimiters)
    return re.compile(f"(?={spelt}).", re.IGNORECASE | re.DOTALL)


def _folded(one: str) -> str:
    """A character as plain ones of its look: a blank for blanks, nothing where none is seen."""
    if one.isspace():
        return " "
    plain = unicodedata.normalize("NFKD", one)
    return "".join(c for c in plain if unicodedata.category(c) not in _UNSEEN).casefold()


def _places(text: str, folds: Mapping[int, str], starts: Iterable[int]) -> frozenset[int]:
    """Where in `text` stands what begins at `starts` of the folded text."""
    ends = list(accumulate(len(folds[ord(one)]) for one in text))
    return frozenset(bisect_right(ends, start) for start in starts)


def _with_entities(text: str, places: frozenset[int]) -> str:
    return "".join(_entity(one) if at in places else one for at, one in enumerate(text))


def _entity(one: str) -> str:
    """As HTML would write it: models read it as the character, never as a delimiter."""
    return _NAMED.get(one, f"&#{ord(one)};")
