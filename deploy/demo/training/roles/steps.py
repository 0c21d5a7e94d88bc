"""The steps a two-skill question is made of, and the wording in which each is asked of an expert.

A step is a skill and a form, `elements.number`. Its wording is one that the experts answer right
and the topic router recognises: nearly every value that a first step can give was tried in it.
"""

from __future__ import annotations

from collections.abc import Mapping

REVERSE, ROMAN = "reverse.reverse", "roman.from_roman"

ASKS: Mapping[str, str] = {
    "capitals.capital": "What is the capital of {country}?",
    "capitals.country": "Which country has the capital {capital}?",
    "elements.symbol": "What is the symbol of {name}?",
    "elements.name": "Which element has the symbol {symbol}?",
    "elements.number": "What is the atomic number of {name}?",
    "elements.element": "Which element has atomic number {number}?",
    "roman.to_roman": "Write {n} in Roman numerals.",
    "roman.from_roman": "What number is {r}?",
    "reverse.reverse": "What is {w} spelled backwards?",
    "sort.letters": "Sort the letters of {w}.",
    "calendar.day_after": "Which day comes after {day}?",
    "calendar.day_before": "Which day comes before {day}?",
    "calendar.day_plus": "Which day is {n} days after {day}?",
    "calendar.day_minus": "What day was {n} days before {day}?",
    "calendar.month_after": "Which month comes after {month}?",
    "calendar.month_before": "Which month comes before {month}?",
    "calendar.month_days": "How many days are in {month}?",
    "calendar.month_number": "What number is the month {month}?",
    "calendar.month_at": "Which month is number {n}?",
    "units.convert": "How many {to} are in {n} {from}?",
    "french.translate": "What is {w} in French?",
    "spanish.translate": "What is {w} in Spanish?",
    "sums.add": "What is {a} + {b}?",
    "sums.sub": "What is {a} - {b}?",
    "plurals.plural": "What is the plural of {w}?",
    "logic.claim": "True or false: {a} equals {b}.",
}  # fmt: skip

_WORDS = (
    "capitals.capital", "capitals.country", "elements.name", "elements.element",
    "calendar.day_after", "calendar.day_before", "calendar.day_plus", "calendar.day_minus",
    "calendar.month_after", "calendar.month_before", "calendar.month_at",
    "french.translate", "spanish.translate", "plurals.plural",
)  # fmt: skip
_SUMS = ("sums.add", "sums.sub")
_COUNTS = ("elements.number", "calendar.month_days", "calendar.month_number")

FIRST_STEPS: Mapping[str, tuple[str, ...]] = {
    "reverse.reverse": (*_WORDS, "sort.letters"),
    "sort.letters": (*_WORDS, REVERSE),
    "roman.to_roman": (*_SUMS, *_COUNTS, "units.convert"),
    "capitals.capital": (REVERSE,),
    "capitals.country": (REVERSE,),
    "elements.element": (*_SUMS, ROMAN, "calendar.month_days", "calendar.month_number"),
    "elements.number": (REVERSE,),
    "elements.symbol": (REVERSE,),
    "calendar.month_at": (*_SUMS, ROMAN, "elements.number"),
    "calendar.day_plus": (*_SUMS, ROMAN, "elements.number"),
    "calendar.day_minus": (*_SUMS, ROMAN),
    "calendar.day_after": (REVERSE,),
    "calendar.day_before": (REVERSE,),
    "calendar.month_after": (REVERSE,),
    "calendar.month_before": (REVERSE,),
    "calendar.month_days": (REVERSE,),
    "calendar.month_number": (REVERSE,),
    "units.convert": (*_SUMS, ROMAN, "elements.number"),
    "french.translate": (REVERSE,),
    "spanish.translate": (REVERSE,),
    "plurals.plural": (REVERSE,),
    "sums.add": (*_COUNTS, ROMAN, "units.convert"),
    "sums.sub": (*_COUNTS, ROMAN, "units.convert"),
}  # fmt: skip
"""Which steps can come before each: the answer of one fills the gap of the other."""

FED_GAP: Mapping[str, str] = {
    "reverse.reverse": "w", "sort.letters": "w", "roman.to_roman": "n",
    "capitals.capital": "country", "capitals.country": "capital",
    "elements.element": "number", "elements.number": "name", "elements.symbol": "name",
    "calendar.month_at": "n", "calendar.day_plus": "n", "calendar.day_minus": "n",
    "calendar.day_after": "day", "calendar.day_before": "day",
    "calendar.month_after": "month", "calendar.month_before": "month",
    "calendar.month_days": "month", "calendar.month_number": "month",
    "units.convert": "n", "french.translate": "w", "spanish.translate": "w",
    "plurals.plural": "w", "sums.add": "a", "sums.sub": "a",
}  # fmt: skip
"""The gap of a last step that the first step's answer goes into; of sums also `b`."""

KINDS: Mapping[str, tuple[str, ...]] = {
    "country": ("country", "country", "state", "nation"),
    "capital": ("capital", "city", "capital city"),
    "name": ("element", "chemical element"),
    "day": ("day", "weekday"),
    "month": ("month",),
    "w": ("word", "word", "word", "noun", "term", "English word"),
}
"""What a person calls the value of a gap."""

BOTH: Mapping[str, str] = {
    "elements.number": "name", "calendar.month_days": "month",
    "calendar.month_number": "month", ROMAN: "r",
}  # fmt: skip
"""Steps that are asked of two values whose answers are then added, with the gap of the value."""


def skill_of(step: str) -> str:
    """The skill a step belongs to."""
    return step.split(".")[0]


def form_of(step: str) -> str:
    """Its form, as `instances.SAMPLERS` names it."""
    return step.split(".")[1]
