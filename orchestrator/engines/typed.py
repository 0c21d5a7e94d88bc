"""Values of an upstream's JSON, each of the type that the protocol promises.

What is of another type would be found out later, where it is joined or spelled, and nobody would
know by then whose it was. `null` stands for what is left out.
"""

from __future__ import annotations

#: More tokens, choices or calls than any answer has.
_MOST = 2**53


def text(value: object) -> str:
    """A text that UTF-8 can spell; empty where there is none.

    Raises:
        TypeError: it is no text.
        ValueError: it has half a character.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where a text was meant")
    if not value.isascii():
        value.encode()
    return value


def whole(value: object, otherwise: int = 0) -> int:
    """A count or a place, from 0.

    Raises:
        TypeError: it is no whole number.
        ValueError: it is below 0, or beyond all counts.
    """
    if value is None:
        return otherwise
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{type(value).__name__} where a whole number was meant")
    if not 0 <= value <= _MOST:
        raise ValueError("a count that cannot be")
    return value


def octets(value: object) -> tuple[int, ...]:
    """The bytes of a token; none where they are left out.

    Raises:
        TypeError: it is no list of numbers.
        ValueError: one of them is no byte.
    """
    if value is None:
        return ()
    if not isinstance(value, list):
        raise TypeError(f"{type(value).__name__} where bytes were meant")
    return tuple(bytes(value))


def score(value: object) -> float:
    """A log-probability.

    Raises:
        TypeError: it is no number.
    """
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"{type(value).__name__} where a number was meant")
    return value
