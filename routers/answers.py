"""Reads the answer out of what a model wrote, and grades it.

What is stated as the answer counts first: a box, `answer is ...`, `Answer: ...`, `#### ...`; the
last statement wins, since models correct themselves. What is not stated is only taken where it
cannot be something else. Symbolic-MoE's released parser takes the last capital A-D anywhere, so
that "A car" answers a question; ours gives no answer there, and an abstention is worth more to a
vote than a guess.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Literal

from . import canonical
from .base import RouterError
from .numerals import NUMBER, number, plain

AnswerKind = Literal["number", "option", "boolean", "set", "latex", "code", "json", "text"]

#: Answers stand at the end; what lies before is not read.
_MAX_CHARS = 20_000
_MAX_STATED, _MAX_BOXED = 400, 2000
#: A reply that states more answers than this is read from its end.
_MAX_PLACES = 20
_MAX_JSON_STARTS = 100

#: Templates often open the thinking in the prompt, so that a reply has only its end.
_THINKING = re.compile(
    r"\A.*</(?:think|thinking|reasoning)>|<(?:think|thinking|reasoning)>.*\Z",
    re.DOTALL | re.IGNORECASE,
)
_STATED = re.compile(
    r"(?:\b(?:answer|(?:correct|right|best) (?:option|choice))(?:[ \t]*\([^()\n]{0,40}\))?"
    r"[*_]{0,2}[ \t]*(?:is|are|=|:)(?:[ \t]+(?:therefore|thus|clearly|probably))?"
    r"|\bfinal answer[*_]{0,2}[ \t]*\n|####)[*_: \t\n]{0,20}",
    re.IGNORECASE,
)
_BOX = re.compile(r"\\(?:boxed|fbox)[ \t]*\{")
_FENCE = re.compile(r"(```|~~~)[\w+.-]{0,20}[ \t]*\n(.*?)(?:\1|\Z)", re.DOTALL)
_NUMBER = re.compile(rf"(?<![\w.]){NUMBER}(?!\w)")
#: Where an answer is stated, a unit may follow at once.
_NUMBER_AND_UNIT = re.compile(rf"(?<![\w.]){NUMBER}(?![0-9])")
#: What explains a stated number begins here.
_ASIDE = re.compile(r"[ \t]\(|,[ \t]|\b(?:because|since|as|which)\b")
#: A letter on its own. A and I are words too: few words may follow them.
_LETTER = re.compile(
    r"(?:option|choice)?[ \t]*[*_(\[$]{0,4}(?:([A-Z])(?=[ \t]*[)\].:,;*_$(\n]|[ \t]*\Z)"
    r"|([A-Z])(?=[ \t]+(?:because|since|as|is|[-\u2013\u2014(])))",
)
#: A choice in other words, at the end; not what is asked, or denied.
_CHOICE = re.compile(
    r"\b(?:choose|select|pick|go with)[ \t]+(?:option|choice)?[ \t]*"
    r"[*_(\[]{0,4}([A-Z])\b(?![ \t]+\w)"
    r"|(?<!if )(?<!nor )(?<!why )(?<!whether )\b"
    r"([A-Z])[*_)\]]{0,4}[ \t]+is[ \t]+(?:the[ \t]+)?(?:correct|right|best)\b",
)
_TRUTH = re.compile(
    r"(?:\bnot |n['\u2019]t |\b)(?:true|false|yes|no|correct|incorrect|right|wrong)\b", re.I
)
_OPENING = re.compile(
    r"[*_]{0,2}(yes|no|true|false)\b(?![*_]{0,2}[ \t]+(?:and|or)\b)", re.IGNORECASE
)
_LINES = re.compile(
    r"(?:^[ \t]*(?:[-*\u2022]|[0-9]{1,2}[.)])[ \t]+[^\n]{1,200}(?:\n|\Z)){1,200}", re.MULTILINE
)
_DISPLAY = re.compile(
    r"\$\$([^$]{1,400})\$\$|\$([^$]{1,400})\$|\\\((.{1,400}?)\\\)|\\\[(.{1,400}?)\\\]", re.DOTALL
)
_LIST = re.compile(r"\\?[{\[]([^{}\[\]]{0,4000}?)\\?[}\]]")


def extract(text: str, kind: AnswerKind) -> str | None:
    """The answer of `text` in its canonical spelling; None where none can be read.

    Args:
        text: what a model wrote; thinking in tags is left out.
        kind: what the question asks for.

    Raises:
        RouterError: there is no such kind.
    """
    find = _READERS.get(kind)
    if find is None:
        raise RouterError(f"{kind!r} is no kind of answer; known: {sorted(_READERS)}")
    return find(without_thinking(text[-_MAX_CHARS:].replace("\r\n", "\n")))


def without_thinking(text: str) -> str:
    """What a model wrote but for its thinking in tags."""
    return _THINKING.sub("", text).strip()


def is_right(answer: str | None, gold: str, kind: AnswerKind, *, rel_tol: float = 1e-6) -> bool:
    """Whether `answer`, as `extract` gave it, is the bare `gold`.

    Args:
        answer: canonical, or None, which is never right.
        gold: as the data set has it; may also be a sentence that states it.
        kind: of both.
        rel_tol: by how much numbers may differ, as a share of the gold one.

    Raises:
        RouterError: `gold` is no answer of this kind.
    """
    wanted = _bare(gold, kind) or extract(gold, kind)
    if wanted is None:
        raise RouterError(f"the gold answer {gold[:80]!r} cannot be read as {kind!r}")
    if answer is None or answer == wanted:
        return answer is not None
    return kind in ("number", "latex") and _is_close(answer, wanted, rel_tol=rel_tol)


def _bare(raw: str, kind: AnswerKind) -> str | None:
    return _CANONICAL[kind](raw)


def _is_close(answer: str, wanted: str, *, rel_tol: float) -> bool:
    if answer.endswith("%") != wanted.endswith("%"):
        return False
    try:
        have, want = Fraction(answer.rstrip("%")), Fraction(wanted.rstrip("%"))
    except (ValueError, ZeroDivisionError):
        return False
    return abs(have - want) <= abs(want) * Fraction(rel_tol)


def _stated(text: str) -> Iterator[str]:
    """What is said to be the answer, the last statement first; boxes before words."""
    yield from map(canonical.unwrapped, _boxed(text))
    yield from _said(text)


def _boxed(text: str) -> Iterator[str]:
    for end in reversed([found.end() for found in _BOX.finditer(text)][-_MAX_PLACES:]):
        yield _braced(text, end)


def _said(text: str) -> Iterator[str]:
    for end in reversed([found.end() for found in _STATED.finditer(text)][-_MAX_PLACES:]):
        yield text[end : end + _MAX_STATED].split("\n", 1)[0].strip()


def _braced(text: str, start: int) -> str:
    depth = 1
    for end in range(start, min(len(text), start + _MAX_BOXED)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if not depth:
            return text[start:end]
    return ""


def _last_line(text: str) -> str:
    return text.rsplit("\n", 1)[-1].strip()


def _number(text: str) -> str | None:
    for place in _stated(text):
        if (whole := canonical.latex(place)) is not None and number(whole) is not None:
            return number(whole)
        head = _ASIDE.split(plain(place), maxsplit=1)[0]
        for part in (head.rsplit("=", 1)[-1], plain(place)):
            if first := _NUMBER_AND_UNIT.search(part):
                return number(first[0])
    every = _NUMBER.findall(plain(text))
    return number(every[-1]) if every else None


def _option(text: str) -> str | None:
    for place in (*_stated(text), text if len(text) < 400 else "", _last_line(text)):
        if (whole := canonical.option(place)) is not None:
            return whole
        if found := _LETTER.match(place):
            return found[1] or found[2]
    choices = _CHOICE.findall(text[-_MAX_STATED:])
    return (choices[-1][0] or choices[-1][1]) if choices else None


def _boolean(text: str) -> str | None:
    for place in _stated(text):
        if found := _TRUTH.match(place.lstrip("*_ ")):
            return canonical.boolean(found[0])
    if (whole := canonical.boolean(_last_line(text))) is not None:
        return whole
    if found := _OPENING.match(text):
        return canonical.boolean(found[1])
    said = {
        canonical.boolean(f" {found}".replace(" n't", " not").replace(" n\u2019t", " not"))
        for found in _TRUTH.findall(text)
    }
    return said.pop() if len(said) == 1 else None


def _set(text: str) -> str | None:
    for place in _stated(text):
        if not place or _LINES.match(place):
            break
        lists = _LIST.findall(plain(place))
        return canonical.elements(lists[-1] if lists else place)
    if lines := _LINES.findall(text):
        return canonical.elements(lines[-1])
    every = _LIST.findall(plain(text))
    return canonical.elements(every[-1]) if every else None


def _latex(text: str) -> str | None:
    for place in (*_boxed(text), *_said(text)):
        math = _DISPLAY.findall(place)
        return canonical.latex("".join(math[-1]) if math else place)
    every = _DISPLAY.findall(text)
    return canonical.latex("".join(every[-1])) if every else None


def _code(text: str) -> str | None:
    blocks = _FENCE.findall(text)
    return canonical.code(blocks[-1][1] if blocks else text)


def _json(text: str) -> str | None:
    blocks = [block for _, block in reversed(_FENCE.findall(text))]
    for block in (*blocks, text):
        if (found := canonical.json_value(block.strip())) is not None:
            return found
    return _last_json(text)


def _last_json(text: str) -> str | None:
    """The last object or list that stands within words."""
    found, at, decoder = None, 0, json.JSONDecoder()
    for _ in range(_MAX_JSON_STARTS):
        start = min((i for i in (text.find("{", at), text.find("[", at)) if i >= 0), default=-1)
        if start < 0:
            break
        try:
            _, at = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            at = start + 1
        else:
            found = canonical.json_value(text[start:at]) or found
    return found


def _text(text: str) -> str | None:
    return next((canonical.text(place) for place in _stated(text)), canonical.text(text))


_READERS: dict[str, Callable[[str], str | None]] = {
    "number": _number,
    "option": _option,
    "boolean": _boolean,
    "set": _set,
    "latex": _latex,
    "code": _code,
    "json": _json,
    "text": _text,
}
_CANONICAL: dict[str, Callable[[str], str | None]] = {
    "number": number,
    "option": canonical.option,
    "boolean": canonical.boolean,
    "set": canonical.elements,
    "latex": canonical.latex,
    "code": canonical.code,
    "json": canonical.json_value,
    "text": canonical.text,
}
