"""What can be wrong with a registry file, as values and as one line each.

Checks are pure and know key paths only: they return `Finding`s. The document knows where each
key stands and turns a finding into a `Fault` with file, line and column.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

#: Where a value stands: keys of mappings and positions in lists, from the root.
KeyPath = tuple[str | int, ...]

#: Faults told at once: more of them would not be read, and finding them could take minutes.
MAX_FAULTS = 100

_MAX_SHOWN_CHARS = 60
_MAX_SHOWN_NAMES = 12
_MAX_COMPARED = 2000
_SECRET_KEY = re.compile(r"api_?key|secret|password|passwd|credential|auth|hf_token", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"(sk|pk|rk|hf|ghp|gho|ghs|xox[abps]|glpat)[-_].{8,}|(AKIA|ASIA|AIza).{12,}"
    r"|bearer .+|eyJ.{20,}",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """A position in a file; lines and columns count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found at a key, before its place is known."""

    path: KeyPath
    #: A clause that follows `value`, or a sentence of its own where there is no value.
    reason: str
    #: The value at fault as `shown` renders it: never a secret.
    value: str | None = None
    allowed: tuple[str, ...] = ()
    nearest: str | None = None
    #: The fault is the key itself, not what it holds.
    is_about_key: bool = False
    #: Worth saying, but the registry can be served.
    is_warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A finding and its place; its text is one line."""

    place: Place
    key: str
    reason: str
    value: str | None = None
    allowed: tuple[str, ...] = ()
    nearest: str | None = None

    def __str__(self) -> str:
        where = f"{self.place}: {self.key}" if self.key else str(self.place)
        what = f"{self.value} {self.reason}" if self.value is not None else self.reason
        allowed = f"; allowed: {listed(self.allowed)}" if self.allowed else ""
        nearest = f"; did you mean {self.nearest!r}?" if self.nearest else ""
        return f"{where}: {what}{allowed}{nearest}"


def first_faults(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Faults in the order of the file, cut at `MAX_FAULTS`; the last line then says so."""
    ordered = sorted(faults, key=lambda fault: fault.place)
    if len(ordered) < MAX_FAULTS:
        return tuple(ordered)
    told = ordered[: MAX_FAULTS - 1]
    reason = f"no more than {MAX_FAULTS} faults are told at once; mend those above to see the rest"
    return (*told, Fault(place=ordered[MAX_FAULTS - 1].place, key="", reason=reason))


def dotted(path: KeyPath) -> str:
    """`("experts", 3, "id")` as people write it: `experts[3].id`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{_bare_or_quoted(step)}"
    return text.removeprefix(".")


def _bare_or_quoted(key: str) -> str:
    return key if re.fullmatch(r"[\w-]+", key) else shown(key)


def shown(value: Any, *, key: str | int = "") -> str:
    """`value` in a few printable characters; hidden where it or its key looks like a secret."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() > 128:
        return "a very large integer"
    if is_secret_key(key) or (isinstance(value, str) and _looks_secret(value)):
        return "the value (hidden, it may be a secret)"
    return _shortened(value)


def is_secret_key(key: str | int) -> bool:
    """Whether what stands under `key` must not be printed."""
    return isinstance(key, str) and _SECRET_KEY.search(key) is not None


def _looks_secret(value: str) -> bool:
    has_userinfo = "://" in value and "@" in value
    return has_userinfo or _SECRET_TEXT.match(value) is not None


def _shortened(value: str | float) -> str:
    if not isinstance(value, str) or len(value) <= _MAX_SHOWN_CHARS:
        return ascii(value) if _is_odd(value) else repr(value)
    return f"{_shortened(value[: _MAX_SHOWN_CHARS - 3])} (and {len(value) - 57} more characters)"


def _is_odd(value: object) -> bool:
    return isinstance(value, str) and not value.isprintable()


def listed(names: Iterable[str]) -> str:
    """Names joined by commas; a long list is cut and says by how much."""
    known = list(names)
    more = len(known) - _MAX_SHOWN_NAMES
    text = ", ".join(known[:_MAX_SHOWN_NAMES])
    return f"{text} and {more} more" if more > 0 else text


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` was probably meant to be, if one is close.

    Among more than `_MAX_COMPARED` names none is looked for: it would take seconds.
    """
    known = list(islice(known, _MAX_COMPARED + 1))
    if len(known) > _MAX_COMPARED:
        return None
    by_folded = {_folded(candidate): candidate for candidate in known}
    # Bounded: difflib is quadratic in the length, and nobody means a name this long.
    matches = difflib.get_close_matches(_folded(name[:100]), by_folded, n=1)
    return by_folded[matches[0]] if matches else None


def _folded(name: str) -> str:
    return name.lower().replace("-", "_")
