"""Scalars of YAML 1.2: which text is a number, a truth value or nothing at all."""

from __future__ import annotations

import math
import re

from orchestrator.registry.faults import shown

TAG = "tag:yaml.org,2002:"

#: What JSON writers and columnar files can hold; nothing in a registry counts further.
_MAX_INTEGER = 2**63 - 1
_MAX_DIGITS = 100
_INTEGER = re.compile(
    r"[-+]?(?:0b[01][01_]*|0o[0-7][0-7_]*|0x[0-9a-fA-F][0-9a-fA-F_]*|[0-9][0-9_]*)"
)
_FLOAT = re.compile(
    r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+"
    r"|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)"
)
_BASES = {"0b": 2, "0o": 8, "0x": 16}
_NULLS = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_TRUTHS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WORDS = {**_NULLS, **_TRUTHS}
_STARTS_NUMBER = frozenset("+-.0123456789")


class ScalarError(Exception):
    """The text is not what its tag says; the message says what it is instead."""


def plain(text: str) -> str | int | float | bool | None:
    """The value of a scalar without quotes and tag.

    Raises:
        ScalarError: a number that is too large or not finite.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _STARTS_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        return _integer(text)
    return _float(text) if _FLOAT.fullmatch(text) else text


def tagged(text: str, tag: str) -> str | int | float | bool | None:
    """The value of a scalar with a tag; none but those of plain data is allowed.

    Raises:
        ScalarError: the tag is not allowed, or the text does not fit it.
    """
    match tag.removeprefix(TAG):
        case "!" | "str" | "timestamp":
            return text
        case "null" if text in _NULLS:
            return None
        case "bool" if text in _TRUTHS:
            return _TRUTHS[text]
        case "int" if _INTEGER.fullmatch(text):
            return _integer(text)
        case "float" if _FLOAT.fullmatch(text) or _INTEGER.fullmatch(text):
            return _float(text)
        case "int" | "float":
            raise ScalarError(f"{shown(text)} is not a number")
        case "null" | "bool" as kind:
            raise ScalarError(f"{shown(text)} is not a value of !!{kind}")
        case _:
            raise ScalarError(f"the tag {shown(tag)} is not allowed here")


def _integer(text: str) -> int:
    digits = text.replace("_", "").lstrip("+-")
    base = _BASES.get(digits[:2], 10)
    # The length first: Python takes quadratic time to read digits, and refuses very many.
    value = int(digits, base) if len(digits) <= _MAX_DIGITS else _MAX_INTEGER + 1
    if value > _MAX_INTEGER:
        # Not shown: it may be a key that was pasted without quotes.
        raise ScalarError("this number has more than 64 bits; put text of digits in quotes")
    return -value if text.startswith("-") else value


def _float(text: str) -> float:
    word = text.replace("_", "").lower()
    value = math.inf if word.endswith((".inf", ".nan")) else float(word)
    if not math.isfinite(value):
        raise ScalarError(f"{shown(text)} is not a finite number")
    return value
