"""The facts behind every answer, read from the tables in `questions/facts`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

DEMO = Path(__file__).resolve().parents[1]
QUESTIONS = DEMO / "questions"

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
NUMBER_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six",
    "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
ROMAN = (
    (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"),
    (1, "I"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Every table an answer is looked up in."""

    capitals: tuple[tuple[str, str, str], ...]
    """Country as written in a sentence, its capital, the bare name of the country."""
    elements: tuple[tuple[int, str, str], ...]
    """Atomic number, symbol, name."""
    words: tuple[tuple[str, str, str], ...]
    """English, French, Spanish."""
    plurals: dict[str, str]
    """Singular to plural, the irregular and the regular ones."""
    nouns: tuple[str, ...]
    units: tuple[tuple[str, str, int], ...]
    """Bigger unit, smaller unit, how many of the smaller make one of the bigger."""


@cache
def load_facts() -> Facts:
    """Reads the tables once."""
    nouns = tuple((QUESTIONS / "facts/nouns.txt").read_text().split())
    irregular = {row[0]: row[1] for row in _rows("irregular_plurals")}
    return Facts(
        capitals=tuple((row[0], row[1], row[-1] if len(row) > 2 else row[0])
                       for row in _rows("capitals")),
        elements=tuple((int(row[0]), row[1], row[2]) for row in _rows("elements")),
        words=tuple((row[0], row[1], row[2]) for row in _rows("words")),
        plurals=irregular | {noun: plural(noun) for noun in nouns if noun not in irregular},
        nouns=nouns,
        units=tuple((row[0], row[1], int(row[2])) for row in _rows("units")),
    )  # fmt: skip


def _rows(table: str) -> list[list[str]]:
    lines = (QUESTIONS / "facts" / f"{table}.tsv").read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines]


def plural(noun: str) -> str:
    """The plural of a regular English noun.

    >>> [plural(noun) for noun in ("box", "baby", "toy", "cat")]
    ['boxes', 'babies', 'toys', 'cats']
    """
    if noun.endswith(("s", "x", "z", "ch", "sh")):
        return noun + "es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


def roman(number: int) -> str:
    """`number` between 1 and 399 as a Roman numeral."""
    letters = ""
    for value, symbol in ROMAN:
        letters += symbol * (number // value)
        number %= value
    return letters


def units_plural(unit: str) -> str:
    """The plural of a unit's name."""
    return {"foot": "feet", "century": "centuries", "inch": "inches"}.get(unit, unit + "s")
