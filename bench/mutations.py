"""Damaged copies of real bytes, by chance: what fuzzing begins with."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from itertools import pairwise
from random import Random
from typing import Any

import orjson

#: What breaks parsers: ends of lines, brackets, marks, numbers beyond their types, half characters.
SHARDS = (
    b"\n", b"\r", b"\r\n", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xf0\x9f",
    b'"', b"\\", b"\\ud800", b"{", b"}", b"[", b"]", b",", b":", b"data:", b"data: [DONE]",
    b"event: error\n", b"null", b"true", b"-1", b"0", b"1e999", b"-1e-999", b"NaN", b"9" * 400,
    b"18446744073709551616", b"[" * 300, b'{"a":' * 300, b"a" * 5000, b"&a", b"*a", b"<<: *a",
    b"!!python/object", b"- ", b"? ", b"\\boxed{", b"<think>", b"```", b"%00",
    "\u2028".encode(), "\u202e".encode(), "\u0130".encode(),
)  # fmt: skip
#: What stands where another type was meant.
_ODD: tuple[Any, ...] = (
    None, True, 0, -1, 2**63 - 1, 2**64 - 1, 1.5, -1e308, "", "a", "1", "\x00", [], [1], ["a"],
    [None], {}, {"a": 1}, [[]], [{}], {"type": "x"}, "\u2028", "stop",
)  # fmt: skip
_MAX_EDITS = 4
_RETYPED, _STOP, _LOST = 0.6, 0.2, 0.1


def damaged(source: bytes, others: Sequence[bytes], dice: Random) -> bytes:
    """`source` after a few edits: cut, put in, doubled, swapped, or spliced with another."""
    if dice.random() < _RETYPED:
        source = retyped(source, dice)
    for _ in range(dice.randint(0, _MAX_EDITS)):
        source = _edited(source, others, dice)
    return source


def retyped(source: bytes, dice: Random) -> bytes:
    """`source` with values of another type, or keys lost, in a line of it that has JSON."""
    lines = source.split(b"\n")
    at = dice.randrange(len(lines))
    mark, found, text = lines[at].partition(b"{")
    try:
        value = orjson.loads(found + text)
    except orjson.JSONDecodeError:
        return source
    for _ in range(dice.randint(1, 2)):
        _retype(value, dice)
    return b"\n".join([*lines[:at], mark + orjson.dumps(value), *lines[at + 1 :]])


def _retype(value: Any, dice: Random) -> None:
    """Change one value somewhere within `value`, in place."""
    while isinstance(value, dict | list) and value:
        key = dice.choice(list(value) if isinstance(value, dict) else range(len(value)))
        if not isinstance(value[key], dict | list) or not value[key] or dice.random() < _STOP:
            if isinstance(value, dict) and dice.random() < _LOST:
                del value[key]
            else:
                value[key] = deepcopy(dice.choice(_ODD))
            return
        value = value[key]


def split(content: bytes, dice: Random) -> list[bytes]:
    """`content` in pieces, as a network might bring it."""
    num_cuts = min(len(content), dice.choice((0, 1, 3, 20)))
    at = sorted(dice.sample(range(len(content) + 1), num_cuts))
    edges = [0, *at, len(content)]
    return [content[begin:end] for begin, end in pairwise(edges)]


def _edited(source: bytes, others: Sequence[bytes], dice: Random) -> bytes:
    at = dice.randint(0, len(source))
    end = min(len(source), at + dice.choice((0, 1, 2, 8, 64)))
    match dice.randrange(6):
        case 0:
            return source[:at] + source[end:]
        case 1:
            return source[:at] + dice.choice(SHARDS) + source[end:]
        case 2:
            return source[:at] + bytes([dice.randrange(256)]) + source[at + 1 :]
        case 3:
            return source[:end] + source[at:end] * dice.choice((1, 2, 50)) + source[end:]
        case 4:
            return source[:at]
        case _:
            other = dice.choice(others)
            return source[:at] + other[dice.randint(0, len(other)) :]
