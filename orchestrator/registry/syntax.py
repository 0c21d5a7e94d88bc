"""What is wrong with text that is no YAML, and where: libyaml's findings in plain words."""

from __future__ import annotations

import re

from yaml.error import Mark, MarkedYAMLError

from orchestrator.registry.faults import Fault, Place

_BREAK = re.compile("\r\n|[\r\n]")
_UNPRINTABLE = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff\u2028\u2029]"
)
_DIRECTIVE = re.compile(r"^%(?:YAML|TAG)\b", re.MULTILINE)
#: libyaml compares each directive with all before it: many would take minutes.
_MAX_DIRECTIVES = 16

#: Words of libyaml -> what to change.
_HINTS = {
    "mapping values are not allowed": "put text that holds `: ` in quotes, or check the indent",
    "block sequence entries are not": "put `- ` on a line of its own, or check the indent",
    "found unknown escape character": "write `\\\\` for a backslash, or use single quotes",
    "invalid Unicode character": "write the character itself",
    "did not find expected key": "check the indent of this line",
    "did not find expected '-'": "check the indent of this line",
    "undefined tag handle": "remove the tag",
}


def place_after(text: str, *, file: str) -> Place:
    """The place of the character that follows `text`."""
    lines = _BREAK.split(text)
    return Place(file=file, line=len(lines), column=len(lines[-1]) + 1)


def oddity(text: str, *, file: str) -> Fault | None:
    """What keeps `text` from being given to a YAML parser at all."""
    if (odd := _UNPRINTABLE.search(text)) is not None:
        reason = f"{_name(odd[0])} U+{ord(odd[0]):04X}; a registry is plain text"
    elif (odd := _directive_too_many(text)) is not None:
        reason = f"more than {_MAX_DIRECTIVES} directives; a registry needs none"
    else:
        return None
    return Fault(place=place_after(text[: odd.start()], file=file), key="", reason=reason)


def _name(odd: str) -> str:
    if odd in "\x85\u2028\u2029":
        # YAML 1.1 ends a line there and YAML 1.2 does not; half of the editors follow either.
        return "line separator"
    names = {"\0": "NUL character", "\ufeff": "byte order mark inside the text,"}
    return names.get(odd, "control character")


def _directive_too_many(text: str) -> re.Match[str] | None:
    found = _DIRECTIVE.finditer(text)
    return next((one for at, one in enumerate(found) if at >= _MAX_DIRECTIVES), None)


def malformed(exc: MarkedYAMLError, text: str, *, file: str) -> Fault:
    """The fault of an error of the parser."""
    mark = exc.problem_mark or exc.context_mark
    return Fault(place=_place(mark, text, file=file), key="", reason=_explained(exc, mark, text))


def _place(mark: Mark | None, text: str, *, file: str) -> Place:
    if mark is None or mark.index >= len(text):
        return place_after(text.rstrip(), file=file)
    return Place(file=file, line=mark.line + 1, column=mark.column + 1)


def _explained(exc: MarkedYAMLError, mark: Mark | None, text: str) -> str:
    if "cannot start any token" in exc.problem and mark is not None:
        odd = text[mark.index]
        if odd == "\t":
            return "a tab cannot indent YAML; use spaces"
        return f"not valid YAML: {odd!r} cannot begin a value; put the text in quotes"
    hint = next((f"; {hint}" for words, hint in _HINTS.items() if words in exc.problem), "")
    return f"not valid YAML: {exc.problem}{_context(exc)}{hint}"


def _context(exc: MarkedYAMLError) -> str:
    if not exc.context:
        return ""
    begins, ends = exc.context_mark, exc.problem_mark
    is_above = begins is not None and ends is not None and begins.line < ends.line
    return f" {exc.context}" + (f" that starts at line {begins.line + 1}" if is_above else "")
