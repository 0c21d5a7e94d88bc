"""One spelling for answers that mean the same: what votes are counted by and grades compared by.

Every function takes the bare answer, not the text around it, and returns None where it cannot be
read as its kind. All are bounded: an answer comes from a model, which may write anything.
"""

from __future__ import annotations

import json
import re
import textwrap
import unicodedata
from typing import Any, NoReturn

from .numerals import MAX_CHARS, number, plain

_MAX_ELEMENTS = 200
#: A letter and what stands around it.
_MAX_OPTION = 40

_WORDS_OF_TRUTH = {
    **dict.fromkeys(("true", "yes", "correct", "right"), "true"),
    **dict.fromkeys(("false", "no", "incorrect", "wrong"), "false"),
}
_NEGATED = re.compile(r"(?<=[a-z])n['\u2019]t ")
_BLANKS = re.compile(r"\s+")
#: Of sets; a comma with nothing behind it in a number parts nothing else.
_SEPARATOR = re.compile(r"[,;\n]|\b(?:and|or)\b")
_BULLET = re.compile(r"\A\s*(?:[-*\u2022]|[0-9]{1,2}[.)])\s+")
#: `x =` before its value.
_ASSIGNED = re.compile(r"\A[a-zA-Z](?:_\{?\w{1,3}\}?)?\s*=\s*(?=[^=]*\Z)")
_OPTION = re.compile(r"(?:(?:OPTION|CHOICE|ANSWER)[ \t:]+)?[*_(\[]{0,4}([A-Z])[)\].:*_]{0,4}")
_LATEX_NOISE = re.compile(
    r"\\(?:left|right|displaystyle|limits|big|Big)(?![a-zA-Z])|\\[,;!: ]|\$|(?<!\\)~|\s+"
)
_LATEX_WRAP = re.compile(r"\\(?:text|mathrm|mathbf|textbf|mbox|operatorname)\{([^{}]*)\}")
#: `\\frac12`, `\\frac ab`, `\\sqrt3`.
_LATEX_FRACTION = re.compile(r"\\frac\s{0,3}([0-9a-zA-Z])\s{0,3}([0-9a-zA-Z])")
_LATEX_ROOT = re.compile(r"\\sqrt\s{0,3}([0-9a-zA-Z])")
#: `x^{2}` for `x^2`.
_LATEX_SINGLE = re.compile(r"([\^_])\{([0-9a-zA-Z])\}")
_LATEX_DEGREES = re.compile(r"\^\{?\\circ\}?|\N{DEGREE SIGN}")
_LATEX_UNIT = re.compile(r"(?<=[0-9}])(?:\\[ ,;:!])?\\(?:text|mathrm)\{[^{}0-9]{1,40}\}\Z")


def option(raw: str) -> str | None:
    """The letter of a multiple choice: `(c)`, `C.`, `**C**`."""
    found = _OPTION.fullmatch(raw[:_MAX_OPTION].strip(" \t\n*_`$").upper())
    return found[1] if found else None


def boolean(raw: str) -> str | None:
    """`true` or `false`, from yes and no, right and wrong, and their negations."""
    words = _NEGATED.sub(" not ", raw[:MAX_CHARS]).casefold().strip(" \t\n*_`.!").split()
    is_negated = words[:1] == ["not"]
    truth = _WORDS_OF_TRUTH.get(" ".join(words[is_negated:]))
    if truth is None or not is_negated:
        return truth
    return "false" if truth == "true" else "true"


def text(raw: str) -> str | None:
    """Case, blanks, kinds of quotes and a final full stop do not count."""
    told = unicodedata.normalize("NFKC", raw[:MAX_CHARS]).replace("\u2019", "'")
    found = _BLANKS.sub(" ", told).strip(" *_`\"'\u201c\u201d").rstrip(".!").casefold().strip()
    return found or None


def elements(raw: str) -> str | None:
    """A set of numbers or words in any order: `{3, 1}`, `[1,3]`, `1 and 3`, a list of lines."""
    inner = plain(raw).replace("\\left", "").replace("\\right", "").strip().strip("$ .")
    inner = inner.replace("\\{", "{").replace("\\}", "}").strip()
    if inner[:1] in ("{", "[", "(") and inner[-1:] in ("}", "]", ")"):
        inner = inner[1:-1]
    parts = [_BULLET.sub("", part) for part in _SEPARATOR.split(inner) if part.strip()]
    if len(parts) > _MAX_ELEMENTS:
        return None
    found = {_element(part) for part in parts}
    return "{" + ", ".join(sorted(one for one in found if one)) + "}"


def _element(raw: str) -> str | None:
    value = _ASSIGNED.sub("", raw.strip())
    return number(value) or text(value)


def latex(raw: str) -> str | None:
    """An expression without its typesetting; a number or a simple fraction as `number` gives it.

    A variable that it is assigned to, degrees and a unit behind a number do not count. Algebra is
    not done: `x+1` and `1+x` differ.
    """
    told = raw[:MAX_CHARS].strip().strip("$").removeprefix("\\(").removesuffix("\\)")
    told = _LATEX_UNIT.sub("", told.rstrip(" ."))
    told = _LATEX_DEGREES.sub("", unwrapped(told).replace("\\$", "")).strip()
    told = _LATEX_FRACTION.sub(
        r"\\frac{\1}{\2}", re.sub(r"\\[dt]frac(?![a-zA-Z])", r"\\frac", told)
    )
    told = _LATEX_ROOT.sub(r"\\sqrt{\1}", told)
    told = _ASSIGNED.sub("", told)
    if (value := number(told)) is not None:
        return value
    return _LATEX_SINGLE.sub(r"\1\2", _LATEX_NOISE.sub("", told).rstrip(".")) or None


def unwrapped(raw: str) -> str:
    """LaTeX without the commands that only set words upright: a `text` of `J` is `J`."""
    return _LATEX_WRAP.sub(r"\1", raw)


def code(raw: str) -> str | None:
    """Lines without trailing blanks, empty lines and common indent; nothing is run or parsed."""
    lines = [line.rstrip() for line in raw[:MAX_CHARS].expandtabs(4).splitlines()]
    return textwrap.dedent("\n".join(line for line in lines if line)) or None


def json_value(raw: str) -> str | None:
    """JSON with sorted keys and without blanks; `1.0` and `1` are one number."""
    try:
        found = json.loads(raw[:MAX_CHARS], parse_float=_number_of_json, parse_constant=_refuse)
        return json.dumps(found, sort_keys=True, allow_nan=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return None


def _number_of_json(raw: str) -> Any:
    value = float(raw)
    return int(value) if value.is_integer() else value


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
