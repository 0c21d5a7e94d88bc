"""One spelling for answers that mean the same: what votes are counted by and grades compared by.

Every function takes the bare answer, not the text around it, and returns None where it cannot be
read as its kind. All are bounded: an answer comes from a model, which may write anything.
"""

from __future__ import annotations

import json
import re
import textwrap
from decimal import Decimal
from fractions import Fraction
from typing import Any, NoReturn

#: Longer answers are no answers: nothing here takes time that grows faster than this.
MAX_CHARS = 20_000
_MAX_DIGITS = 60
_MAX_ELEMENTS = 200

_PLAIN = rf"(?:[0-9]{{1,3}}(?:,[0-9]{{3}}){{1,20}}|[0-9]{{1,{_MAX_DIGITS}}})"
_DECIMAL = rf"(?:{_PLAIN}(?:\.[0-9]{{1,{_MAX_DIGITS}}})?|\.[0-9]{{1,{_MAX_DIGITS}}})"
#: A number as people write it: sign, currency, thousands, exponent, fraction, per cent.
NUMBER = (
    rf"[-+]?[$€£]?{_DECIMAL}(?:[eE][-+]?[0-9]{{1,3}}(?![0-9]))?(?:/[0-9]{{1,{_MAX_DIGITS}}})?%?"
)
_NUMBER = re.compile(NUMBER)
_WORDS_OF_TRUTH = {
    **dict.fromkeys(("true", "yes", "correct", "right"), "true"),
    **dict.fromkeys(("false", "no", "incorrect", "wrong"), "false"),
}
_BLANKS = re.compile(r"\s+")
_OPTION = re.compile(r"[(\[]?([A-Z])[)\].:]*")
_LATEX_NOISE = re.compile(
    r"\\(?:left|right|displaystyle|limits|big|Big)(?![a-zA-Z])|\\[,;!: ]|\$|(?<!\\)~|\s+"
)
_LATEX_WRAP = re.compile(r"\\(?:text|mathrm|mathbf|textbf|mbox|operatorname)\{([^{}]*)\}")
_LATEX_SHORT_FRACTION = re.compile(r"\\[dt]?frac([0-9])([0-9])")
_LATEX_FRACTION = re.compile(r"(-?)\\frac\{(-?[0-9]{1,60})\}\{(-?[0-9]{1,60})\}")


def number(raw: str) -> str | None:
    """A number as an exact fraction or integer in text: `1,000.50`, `50%`, `$3`, `6/8`, `1e3`.

    Per cent keep their sign, since 50 % answers another question than 50 does.
    """
    text = _BLANKS.sub("", raw[:MAX_CHARS]).replace("\N{MINUS SIGN}", "-").rstrip(".")
    text = text.replace("{,}", ",").replace("\\%", "%").replace("\\$", "$")
    if not _NUMBER.fullmatch(text):
        return None
    unit = "%" if text.endswith("%") else ""
    top, _, bottom = re.sub(r"[,$€£%]", "", text).partition("/")
    if bottom and not int(bottom):
        return None
    return f"{Fraction(Decimal(top)) / int(bottom or 1)}{unit}"


def option(raw: str) -> str | None:
    """The letter of a multiple choice: `(c)`, `C.`, `**C**`."""
    found = _OPTION.fullmatch(raw.strip(" \t\n*_`$").upper()[:8])
    return found[1] if found else None


def boolean(raw: str) -> str | None:
    """`true` or `false`, from yes and no, right and wrong, and their negations."""
    words = raw[:MAX_CHARS].casefold().strip(" \t\n*_`.!").split()
    is_negated = words[:1] == ["not"]
    truth = _WORDS_OF_TRUTH.get(" ".join(words[is_negated:]))
    if truth is None or not is_negated:
        return truth
    return "false" if truth == "true" else "true"


def text(raw: str) -> str | None:
    """Case, blanks and a final full stop do not count."""
    found = _BLANKS.sub(" ", raw[:MAX_CHARS]).strip(" *_`\"'").rstrip(".").casefold().strip()
    return found or None


def elements(raw: str) -> str | None:
    """A set of numbers or words in any order: `{3, 1}`, `[1,3]`, `1 and 3`."""
    inner = raw[:MAX_CHARS].strip().strip("$ .").replace("\\{", "{").replace("\\}", "}")
    if inner[:1] in ("{", "[", "(") and inner[-1:] in ("}", "]", ")"):
        inner = inner[1:-1]
    parts = [part for part in re.split(r"[,;\n]|\band\b", inner) if part.strip()]
    if len(parts) > _MAX_ELEMENTS:
        return None
    found = {number(part) or text(part) for part in parts}
    return "{" + ", ".join(sorted(one for one in found if one)) + "}"


def latex(raw: str) -> str | None:
    """An expression without its typesetting; a number or a simple fraction as `number` gives it.

    Algebra is not done: `x+1` and `1+x` differ.
    """
    plain = raw[:MAX_CHARS].strip().strip("$").removeprefix("\\(").removesuffix("\\)")
    plain = _LATEX_SHORT_FRACTION.sub(r"\\frac{\1}{\2}", unwrapped(plain))
    plain = re.sub(r"\\[dt]frac(?![a-zA-Z])", r"\\frac", plain)
    plain = _LATEX_NOISE.sub("", plain).rstrip(".")
    if found := _LATEX_FRACTION.fullmatch(plain):
        sign, top, bottom = found.groups()
        return str((-1 if sign else 1) * Fraction(int(top), int(bottom))) if int(bottom) else None
    return number(plain) or plain or None


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
