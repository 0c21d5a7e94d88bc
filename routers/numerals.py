"""Numbers as people and models write them, read exactly."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

#: Longer answers are no answers: nothing here takes time that grows faster than this.
MAX_CHARS = 20_000
_MAX_DIGITS = 60

_DIGITS = rf"[0-9]{{1,{_MAX_DIGITS}}}"
_THOUSANDS = r"[0-9]{1,3}(?:,[0-9]{3}){1,20}(?![0-9])"
#: `3,5` and `1.000,50`: a comma before one or two digits parts no thousands.
_COMMA = r"[0-9]{1,3}(?:\.[0-9]{3}){0,20},[0-9]{1,2}(?![0-9,])"
_DECIMAL = rf"(?:(?:{_THOUSANDS}|{_DIGITS})(?:\.{_DIGITS})?|\.{_DIGITS})"
_EXPONENT = r"(?:[eE][-+]?[0-9]{1,3}(?![0-9]))?"
#: A number as people write it: sign, currency, thousands, exponent, fraction, per cent.
NUMBER = (
    rf"[-+]?[$€£]?(?:{_DIGITS} {_DIGITS}/{_DIGITS}|{_COMMA}|{_DECIMAL}{_EXPONENT}(?:/{_DIGITS})?)%?"
)
_NUMBER = re.compile(NUMBER)
_EUROPEAN = re.compile(rf"{_COMMA}")
#: Thousands parted by blanks, where nothing else stands.
_SPACED = re.compile(r"[-+]?[0-9]{1,3}(?: [0-9]{3}){1,20}(?:\.[0-9]{1,60})?%?")
_TIMES = r"(?:\\times|\\cdot|[x*\u00b7\u00d7])"
_POWER = r"\s{0,3}\{?([-+]?[0-9]{1,3})\}?"
#: Typesetting, the word for it; in this order.
_PLAINER: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(found), told)
    for found, told in (
        (r"[\u2212\ufe63]", "-"),
        (r"\{,\}", ","),
        (r"\\([%$])", r"\1"),
        (r"\^\{?\\circ\}?|\u00b0", ""),
        (r"(?<=[0-9])(?:\\[,;: !]|[\u00a0\u202f])(?=[0-9]{3}(?![0-9]))", ""),
        (r"\\[,;:! ]", " "),
        (r"\\[dt]?frac\s{0,3}([0-9])\s{0,3}([0-9])", r" \1/\2"),
        (rf"\\[dt]?frac\{{ ?(-?{_DIGITS}) ?\}}\{{ ?({_DIGITS}) ?\}}", r" \1/\2"),
        (r"([-+])\s{1,3}(?=[0-9]{1,60}/)", r"\1"),
        (rf"(?<=[0-9])\s{{0,3}}{_TIMES}\s{{0,3}}10\s{{0,3}}(?:\^|\*\*){_POWER}", r"e\1"),
        (rf"(?<![0-9.])10\s{{0,3}}\^{_POWER}", r"1e\1"),
        (r"(?<=[0-9])\s{0,3}(?:%|per ?cent\b)", "%"),
        (r"(?<=[0-9])(?:k|\s{1,3}thousand)\b", "e3"),
        (r"(?<=[0-9])\s{1,3}million\b", "e6"),
        (r"(?<=[0-9])\s{1,3}billion\b", "e9"),
        (r"(?<=[0-9])\s{1,3}trillion\b", "e12"),
        (r"(?<=[0-9])\s{1,3}(?=[0-9]{1,60}/[0-9])", " "),
    )
)
_ONES = tuple(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "  # noqa: SIM905
    "fifteen sixteen seventeen eighteen nineteen".split()
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORDS = {
    **{word: value for value, word in enumerate(_ONES)},
    **{word: 20 + 10 * place for place, word in enumerate(_TENS)},
    **{
        f"{tens}{dash}{one}": 20 + 10 * place + value
        for place, tens in enumerate(_TENS)
        for value, one in enumerate(_ONES[1:10], start=1)
        for dash in ("-", " ")
    },
}


def plain(raw: str) -> str:
    """A text whose numbers stand without typesetting: two and a half is `2 1/2`, 60 % is `60%`."""
    text = raw[:MAX_CHARS]
    for found, told in _PLAINER:
        text = found.sub(told, text)
    return text


def number(raw: str) -> str | None:
    """A number as an exact fraction or integer in text: `1,000.50`, `50%`, `$3`, `6/8`, `1e3`.

    Per cent keep their sign, since 50 % answers another question than 50 does.
    """
    text = plain(raw).strip().rstrip(".")
    if (value := _WORDS.get(text.casefold())) is not None:
        return str(value)
    text = re.sub(r"(?<=[-+$€£])\s{1,3}", "", text)
    if _SPACED.fullmatch(text):
        text = text.replace(" ", "")
    return _value(text) if _NUMBER.fullmatch(text) else None


def _value(text: str) -> str | None:
    unit = "%" if text.endswith("%") else ""
    text = re.sub(r"[+$€£%]", "", text)
    sign = "-" if text.startswith("-") else ""
    whole, _, part = text.removeprefix("-").rpartition(" ")
    if _EUROPEAN.fullmatch(part):
        part = part.replace(".", "").replace(",", ".")
    top, _, bottom = part.replace(",", "").partition("/")
    if bottom and not int(bottom):
        return None
    value = Fraction(int(whole or 0)) + Fraction(Decimal(top)) / int(bottom or 1)
    return f"{-value if sign else value}{unit}"
