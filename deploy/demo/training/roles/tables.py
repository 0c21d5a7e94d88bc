"""Right answers to sub-questions, from the tables: what a split is worth apart from experts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache

from ..facts import DAYS, MONTH_DAYS, MONTHS, NUMBER_WORDS, ROMAN, load_facts, roman, units_plural
from .steps import ASKS

Gaps = Mapping[str, str]
_WORD, _WORDS = r"\S+", r".+?"
_ONE_WORD = ("month", "day", "r", "n", "number")
_GAP = re.compile(r"\\\{(\w+)\\\}")


def table_answer(question: str) -> str | None:
    """The right answer to a question in a wording of `ASKS`; None where there is none."""
    found = step_of(question)
    if found is None:
        return None
    step, gaps = found
    try:
        return _SOLVERS[step](gaps)
    except (KeyError, ValueError):
        return None


def step_of(question: str) -> tuple[str, dict[str, str]] | None:
    """Which step a question asks, and the values of its gaps."""
    for step, pattern in _patterns().items():
        if found := pattern.fullmatch(question.strip()):
            return step, found.groupdict()
    return None


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    """Those with most words first: `the month May` is no numeral."""
    longest_first = sorted(ASKS.items(), key=lambda item: -len(re.sub(r"\{\w+\}", "", item[1])))
    return {step: re.compile(_GAP.sub(_group, re.escape(ask))) for step, ask in longest_first}


def _group(found: re.Match[str]) -> str:
    """A month is one word, so that `3 weeks` is none."""
    return f"(?P<{found[1]}>{_WORD if found[1] in _ONE_WORD else _WORDS})"


def _number(text: str) -> int:
    return NUMBER_WORDS.index(text) if text in NUMBER_WORDS else int(text)


@cache
def _table(name: str) -> dict[str, str]:
    facts = load_facts()
    tables: dict[str, list[tuple[str, str]]] = {
        "capital": [(key, row[1]) for row in facts.capitals for key in (row[0], row[2])],
        "country": [(row[1], row[2]) for row in facts.capitals],
        "symbol": [(row[2], row[1]) for row in facts.elements],
        "name": [(row[1], row[2]) for row in facts.elements],
        "number": [(row[2], str(row[0])) for row in facts.elements],
        "element": [(str(row[0]), row[2]) for row in facts.elements],
        "french": [(row[0], row[1]) for row in facts.words],
        "spanish": [(row[0], row[2]) for row in facts.words],
        "plural": list(facts.plurals.items()),
        "units": [(f"{units_plural(big)} {units_plural(small)}", str(factor))
                  for big, small, factor in facts.units],
        "month_days": [(month, str(days)) for month, days in zip(MONTHS, MONTH_DAYS, strict=True)],
    }  # fmt: skip
    return {key.lower(): value for key, value in tables[name]}


def _looked_up(table: str, gap: str) -> Callable[[Gaps], str]:
    return lambda gaps: _table(table)[gaps[gap].lower()]


def _moved(names: tuple[str, ...], gap: str, sign: int) -> Callable[[Gaps], str]:
    def move(gaps: Gaps) -> str:
        count = _number(gaps["n"]) if "n" in gaps else 1
        return names[(names.index(gaps[gap].title()) + sign * count) % len(names)]

    return move


def _from_roman(gaps: Gaps) -> str:
    text = gaps["r"].upper()
    total, rest = 0, text
    for value, symbol in ROMAN:
        while rest.startswith(symbol):
            total, rest = total + value, rest.removeprefix(symbol)
    if rest or roman(total) != text:
        raise ValueError(f"{text!r} is no Roman numeral up to 399")
    return str(total)


def _month_at(gaps: Gaps) -> str:
    number = _number(gaps["n"])
    if not 1 <= number <= len(MONTHS):
        raise ValueError(f"there is no month number {number}")
    return MONTHS[number - 1]


def _to_roman(gaps: Gaps) -> str:
    return roman(_number(gaps["n"]))


def _converted(gaps: Gaps) -> str:
    return str(_number(gaps["n"]) * int(_table("units")[f"{gaps['from']} {gaps['to']}".lower()]))


def _sum(gaps: Gaps) -> str:
    return str(_number(gaps["a"]) + _number(gaps["b"]))


def _difference(gaps: Gaps) -> str:
    return str(_number(gaps["a"]) - _number(gaps["b"]))


_SOLVERS: Mapping[str, Callable[[Gaps], str]] = {
    "capitals.capital": _looked_up("capital", "country"),
    "capitals.country": _looked_up("country", "capital"),
    "elements.symbol": _looked_up("symbol", "name"),
    "elements.name": _looked_up("name", "symbol"),
    "elements.number": _looked_up("number", "name"),
    "elements.element": _looked_up("element", "number"),
    "roman.to_roman": _to_roman,
    "roman.from_roman": _from_roman,
    "reverse.reverse": lambda gaps: gaps["w"].lower()[::-1],
    "sort.letters": lambda gaps: "".join(sorted(gaps["w"].lower())),
    "calendar.day_after": _moved(DAYS, "day", 1),
    "calendar.day_before": _moved(DAYS, "day", -1),
    "calendar.day_plus": _moved(DAYS, "day", 1),
    "calendar.day_minus": _moved(DAYS, "day", -1),
    "calendar.month_after": _moved(MONTHS, "month", 1),
    "calendar.month_before": _moved(MONTHS, "month", -1),
    "calendar.month_days": _looked_up("month_days", "month"),
    "calendar.month_number": lambda gaps: str(MONTHS.index(gaps["month"].title()) + 1),
    "calendar.month_at": _month_at,
    "units.convert": _converted,
    "french.translate": _looked_up("french", "w"),
    "spanish.translate": _looked_up("spanish", "w"),
    "sums.add": _sum,
    "sums.sub": _difference,
    "plurals.plural": _looked_up("plural", "w"),
    "logic.claim": lambda gaps: str(gaps["a"].lower() == gaps["b"].lower()).lower(),
}
