"""Questions that need two skills one after the other, answered by code from the tables."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from .facts import DAYS, MONTH_DAYS, MONTHS, load_facts, roman, units_plural
from .instances import Instance

_SMALL = 12


def two_skill_instance(first: str, last: str, frame: str, rng: Random) -> Instance:
    """Fills `frame`, whose answer needs skill `first` and then skill `last`."""
    return _BUILDERS[last](first, frame, rng)


def _intermediate_word(first: str, rng: Random) -> tuple[dict[str, str], str]:
    """The gaps of the first step and the word it yields."""
    facts = load_facts()
    if first == "capitals":
        country, capital, _ = rng.choice([row for row in facts.capitals if " " not in row[1]])
        return {"country": country}, capital.lower()
    if first == "plurals":
        singular = rng.choice([noun for noun in facts.nouns if len(noun) <= 5])
        return {"w": singular}, facts.plurals[singular]
    column = 1 if first == "french" else 2
    row = rng.choice([row for row in facts.words if row[column].isascii() and len(row[column]) < 8])
    return {"w": row[0]}, row[column].lower()


def _then_reverse(first: str, frame: str, rng: Random) -> Instance:
    gaps, word = _intermediate_word(first, rng)
    return Instance(gaps=gaps, answer=word[::-1], accept=(word.capitalize()[::-1],))


def _then_sort(first: str, frame: str, rng: Random) -> Instance:
    gaps, word = _intermediate_word(first, rng)
    return Instance(gaps=gaps, answer="".join(sorted(word)))


def _small_sum(rng: Random, max_total: int) -> tuple[dict[str, str], int]:
    a = rng.randint(1, max_total // 2)
    b = rng.randint(1, max_total // 2)
    return {"a": str(a), "b": str(b)}, a + b


def _then_roman(first: str, frame: str, rng: Random) -> Instance:
    if first == "sums":
        gaps, number = _small_sum(rng, 80)
    elif first == "elements":
        number, _, name = rng.choice(load_facts().elements)
        gaps = {"name": name}
    else:
        month = rng.randrange(12)
        gaps, number = {"month": MONTHS[month]}, MONTH_DAYS[month]
    return Instance(gaps=gaps, answer=roman(number))


def _then_capitals(first: str, frame: str, rng: Random) -> Instance:
    rows = [row for row in load_facts().capitals if row[0].isalpha() and len(row[0]) < 9]
    country, capital, _ = rng.choice(rows)
    return Instance(gaps={"reversed": country.lower()[::-1]}, answer=capital)


def _then_elements(first: str, frame: str, rng: Random) -> Instance:
    number, _, name = rng.choice([row for row in load_facts().elements if row[0] > 1])
    a = rng.randint(1, number - 1)
    gaps = {"a": str(a), "b": str(number - a), "roman": roman(number)}
    return Instance(gaps=gaps, answer=name)


def _then_calendar(first: str, frame: str, rng: Random) -> Instance:
    if first == "roman":
        month = rng.randrange(12)
        return Instance(gaps={"roman": roman(month + 1)}, answer=MONTHS[month])
    gaps, number = _small_sum(rng, 10)
    day = rng.randrange(7)
    return Instance(gaps=gaps | {"day": DAYS[day]}, answer=DAYS[(day + number) % 7])


def _then_units(first: str, frame: str, rng: Random) -> Instance:
    big, small, factor = rng.choice(load_facts().units)
    gaps, number = _small_sum(rng, _SMALL)
    gaps |= {"roman": roman(number), "from": units_plural(big), "to": units_plural(small)}
    return Instance(gaps=gaps, answer=str(number * factor))


def _then_translate(column: int) -> Callable[[str, str, Random], Instance]:
    def build(first: str, frame: str, rng: Random) -> Instance:
        rows = [row for row in load_facts().words if row[0].isalpha() and len(row[0]) < 7]
        row = rng.choice(rows)
        return Instance(gaps={"reversed": row[0].lower()[::-1]}, answer=row[column])

    return build


def _then_plurals(first: str, frame: str, rng: Random) -> Instance:
    singular = rng.choice([noun for noun in load_facts().plurals if len(noun) < 7])
    return Instance(gaps={"reversed": singular[::-1]}, answer=load_facts().plurals[singular])


def _then_sums(first: str, frame: str, rng: Random) -> Instance:
    if first == "roman":
        a, b = rng.randint(1, 40), rng.randint(1, 40)
        return Instance(gaps={"roman_a": roman(a), "roman_b": roman(b)}, answer=str(a + b))
    if first == "elements":
        one, two = rng.sample([row for row in load_facts().elements if row[0] <= 50], 2)
        return Instance(gaps={"name_a": one[2], "name_b": two[2]}, answer=str(one[0] + two[0]))
    x, y = rng.sample(range(12), 2)
    answer = str(MONTH_DAYS[x] + MONTH_DAYS[y])
    return Instance(gaps={"month_a": MONTHS[x], "month_b": MONTHS[y]}, answer=answer)


def _then_logic(first: str, frame: str, rng: Random) -> Instance:
    is_true = rng.random() < 0.5
    answer = str(is_true).lower()
    if first == "sums":
        gaps, total = _small_sum(rng, 60)
        wrong = total + rng.choice((-2, -1, 1, 2, 10))
        return Instance(gaps=gaps | {"c": str(total if is_true else wrong)}, answer=answer)
    row, other = rng.sample(load_facts().capitals, 2)
    capital = row[1] if is_true else other[1]
    return Instance(gaps={"country": row[0], "capital": capital}, answer=answer)


_BUILDERS: dict[str, Callable[[str, str, Random], Instance]] = {
    "reverse": _then_reverse,
    "sort": _then_sort,
    "roman": _then_roman,
    "capitals": _then_capitals,
    "elements": _then_elements,
    "calendar": _then_calendar,
    "units": _then_units,
    "french": _then_translate(1),
    "spanish": _then_translate(2),
    "plurals": _then_plurals,
    "sums": _then_sums,
    "logic": _then_logic,
}
