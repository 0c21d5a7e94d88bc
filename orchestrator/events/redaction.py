"""Takes what identifies people, and what opens doors, out of texts that are logged.

By form alone: names, addresses and whatever has no form of its own stay, and a number that looks
like a phone's goes. It lessens what a log gives away; it does not make one harmless.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_CARD_DIGITS = range(13, 20)
_PHONE_DIGITS = range(8, 16)
_NINE = 9


def redacted(text: str) -> str:
    """`text` with marks such as `[email]` in the place of what was found, in linear time."""
    for pattern, mark in _PATTERNS:
        text = pattern.sub(mark, text)
    return text


def beginning(text: str, *, max_chars: int) -> str:
    """The redacted beginning of `text`; nothing that the cut goes through stays by half.

    What is cut off in the middle may not be known for what it is, and what is redacted gets
    shorter: so the end of what was looked at is left out.
    """
    seen = redacted(text[: max_chars + _ROOM])
    return (seen if len(text) <= max_chars + _ROOM else seen[:-_HALF])[:max_chars]


#: Characters looked at beyond what is kept, and of those the last, which are not known well.
_ROOM = 512
_HALF = 128


def _card(found: re.Match[str]) -> str:
    digits = [int(one) for one in found[0] if one.isdigit()]
    return "[card]" if len(digits) in _CARD_DIGITS and _is_luhn(digits) else found[0]


def _is_luhn(digits: list[int]) -> bool:
    doubled = [2 * one - _NINE * (2 * one > _NINE) for one in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _phone(found: re.Match[str]) -> str:
    text = found[0]
    num_digits = sum(one.isdigit() for one in text)
    is_written_as_one = (text[0] in "+(0" and text.strip("0123456789") != "") or text[:2] == "00"
    return "[phone]" if num_digits in _PHONE_DIGITS and is_written_as_one else text


_Mark = str | Callable[[re.Match[str]], str]
_PATTERNS: tuple[tuple[re.Pattern[str], _Mark], ...] = (
    (re.compile(r"data:[\w.+-]{1,64}/[\w.+-]{1,64};base64,[A-Za-z0-9+/=_-]*"), "[data]"),
    (
        re.compile(
            r"-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,32}-----|\Z)", re.S
        ),
        "[key]",
    ),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"), "[key]"),
    (
        re.compile(
            r"\b(?:sk|pk|rk|ak|hf|gh[oprsu]|glpat|xox[abeoprs]|github_pat|npm|pypi)[-_]"
            r"[A-Za-z0-9_-]{12,}"
        ),
        "[key]",
    ),
    (re.compile(r"\b(?:AKIA|ASIA|AIza|ya29\.)[A-Za-z0-9_-]{12,}"), "[key]"),
    (re.compile(r"(?i)\bbearer\s{1,4}[A-Za-z0-9._~+/=-]{8,}"), "Bearer [key]"),
    (
        re.compile(
            r"(?i)\b(pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|authorization)"
            r"([\\\"']{0,4}\s{0,4}[:=]\s{0,4}[\\\"']{0,4})[^\s\\\"',;}]{4,}"
        ),
        r"\1\2[key]",
    ),
    (re.compile(r"(://[^\s/:@\"]{0,64}):[^\s/@\"]{1,128}@"), r"\1:[key]@"),
    (
        re.compile(
            r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}"
        ),
        "[email]",
    ),
    (re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"), "[iban]"),
    (re.compile(r"(?<![\w.])\d(?:[ -]?\d){12,18}(?![\w])"), _card),
    (re.compile(r"(?<![\w.+(])[+(0]{1,2}\d(?:[ ().\/-]{0,2}\d){6,14}(?!\w)"), _phone),
)
