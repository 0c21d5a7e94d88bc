"""One instance of a skill: what fills the gaps of a frame, and the exact answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Literal

from .facts import DAYS, MONTH_DAYS, MONTHS, NUMBER_WORDS, load_facts, plural, roman, units_plural

Split = Literal["train", "heldout"]

TRAPS: dict[str, dict[Split, str]] = {
    "words": {
        "heldout": "capital plural french spanish roman reverse sort sum symbol element month "
        "monday letter number minute days true false gold mercury plus minus unit logic",
        "train": "country noun english numeral sorted letters add atom friday year week hour lie "
        "silver iron times metre city order digit metals week tuesday singular language",
    },
    "facts": {
        "heldout": "capital sort reverse plural element symbol sum true unit calendar month "
        "letter gold iron logic word week tomorrow",
        "train": "capital sort reverse plural element symbol sum true false unit calendar month "
        "letter number gold iron copper logic alphabet word minute week hour tomorrow country",
    },
    "nouns": {
        "heldout": "capital symbol element sum unit calendar numeral letter number word month "
        "minute hour country city day",
        "train": "capital symbol element sum unit calendar numeral letter number word month "
        "minute hour country city day week year question answer",
    },
}
"""Operands that are words of another skill. Word puzzles keep them apart by split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """Values for the gaps of a frame, with the answer they make right."""

    gaps: dict[str, str]
    answer: str
    accept: tuple[str, ...] = ()


Sampler = Callable[[Random, Split], Instance]


def number_text(rng: Random, number: int) -> str:
    """Digits, or at times the number in words."""
    return NUMBER_WORDS[number] if number <= 20 and rng.random() < 0.12 else str(number)


def _capital(rng: Random, split: Split) -> Instance:
    country, capital, bare = rng.choice(load_facts().capitals)
    accept = {"Washington": ("Washington, D.C.", "Washington DC"), "Kyiv": ("Kiev",)}
    del bare, split
    return Instance(gaps={"country": country}, answer=capital, accept=accept.get(capital, ()))


def _country(rng: Random, split: Split) -> Instance:
    country, capital, bare = rng.choice(load_facts().capitals)
    return Instance(
        gaps={"capital": capital}, answer=bare, accept=(country,) if country != bare else ()
    )


_ELEMENT_SPELLINGS = {"aluminium": "aluminum", "sulfur": "sulphur", "caesium": "cesium"}


def _element(asked: str) -> Sampler:
    def sample(rng: Random, split: Split) -> Instance:
        number, symbol, name = rng.choice(load_facts().elements)
        values = {"number": str(number), "symbol": symbol, "name": name}
        answer = values[asked]
        accept = (_ELEMENT_SPELLINGS[answer],) if answer in _ELEMENT_SPELLINGS else ()
        return Instance(gaps=values, answer=answer, accept=accept)

    return sample


def _to_roman(rng: Random, split: Split) -> Instance:
    number = rng.randint(1, 60) if rng.random() < 0.5 else rng.randint(61, 399)
    return Instance(gaps={"n": str(number)}, answer=roman(number))


def _from_roman(rng: Random, split: Split) -> Instance:
    number = rng.randint(1, 60) if rng.random() < 0.5 else rng.randint(61, 399)
    return Instance(gaps={"r": roman(number)}, answer=str(number))


def puzzle_word(rng: Random, split: Split, *, max_letters: int) -> str:
    """A word to reverse or sort; the words of the two splits are disjoint."""
    if split == "train" and rng.random() < 0.6:
        word = invented_word(rng, max_letters=max_letters)
        while word in _heldout_words():
            word = invented_word(rng, max_letters=max_letters)
        return word
    pool = load_facts().nouns[::3] if split == "heldout" else _train_words()
    return rng.choice([word for word in pool if 3 <= len(word) <= max_letters])


@cache
def _heldout_words() -> frozenset[str]:
    return frozenset((*load_facts().nouns[::3], *TRAPS["words"]["heldout"].split()))


@cache
def _train_words() -> tuple[str, ...]:
    """Real words of four languages, none of them held out."""
    facts = load_facts()
    words = {word.lower() for row in facts.words for word in row} | set(facts.nouns)
    words |= {name for _, _, name in facts.elements}
    words |= {word.lower() for row in facts.capitals for word in row}
    kept = (word for word in words if word.isascii() and word.isalpha())
    return tuple(sorted(word for word in kept if word not in _heldout_words()))


_ONSETS = "b c d f g h j k l m n p r s t v w y z br ch cl cr dr fl gr pl pr qu sh sl st th tr wh"
_NUCLEI = "a e i o u a e i o u ai ea ee ie oa oo ou y"
_CODAS = ". . . b ck d g l ll m n nd ng nt p r rd rk s ss st t x ve"


def invented_word(rng: Random, *, max_letters: int) -> str:
    """A pronounceable word of 3 to `max_letters` letters, seldom a real one."""
    length = rng.randint(3, max_letters)
    if rng.random() < 0.3:
        return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(length))
    word = ""
    while len(word) < length:
        parts = (_ONSETS, _NUCLEI, _CODAS)
        word += "".join(rng.choice(part.split()).strip(".") for part in parts)
    return word[:length]


def _reverse(rng: Random, split: Split) -> Instance:
    word = puzzle_word(rng, split, max_letters=10)
    return Instance(gaps={"w": word}, answer=word[::-1])


def _sort_letters(rng: Random, split: Split) -> Instance:
    word = puzzle_word(rng, split, max_letters=7)
    return Instance(gaps={"w": word}, answer="".join(sorted(word)))


def _sort_numbers(*, descending: bool) -> Sampler:
    def sample(rng: Random, split: Split) -> Instance:
        numbers = rng.sample(range(1, 60), rng.choice((3, 3, 4)))
        ordered = sorted(numbers, reverse=descending)
        return Instance(
            gaps={"l": ", ".join(map(str, numbers))}, answer=", ".join(map(str, ordered))
        )

    return sample


def _day(*, sign: int, is_counted: bool) -> Sampler:
    def sample(rng: Random, split: Split) -> Instance:
        start = rng.randrange(7)
        count = rng.randint(2, 10) if is_counted else 1
        gaps = {"day": DAYS[start], "n": number_text(rng, count)}
        return Instance(gaps=gaps, answer=DAYS[(start + sign * count) % 7])

    return sample


def _month(*, step: int) -> Sampler:
    def sample(rng: Random, split: Split) -> Instance:
        start = rng.randrange(12)
        return Instance(gaps={"month": MONTHS[start]}, answer=MONTHS[(start + step) % 12])

    return sample


def _month_days(rng: Random, split: Split) -> Instance:
    month = rng.randrange(12)
    return Instance(gaps={"month": MONTHS[month]}, answer=str(MONTH_DAYS[month]))


def _month_number(rng: Random, split: Split) -> Instance:
    month = rng.randrange(12)
    return Instance(gaps={"month": MONTHS[month]}, answer=str(month + 1))


def _month_at(rng: Random, split: Split) -> Instance:
    month = rng.randrange(12)
    ordinals = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
    gaps = {"n": number_text(rng, month + 1), "nth": ordinals.split()[month]}
    return Instance(gaps=gaps, answer=MONTHS[month])


def _convert(rng: Random, split: Split) -> Instance:
    big, small, factor = rng.choice(load_facts().units)
    count = 1 if rng.random() < 0.06 else rng.randint(2, 12)
    gaps = {
        "n": number_text(rng, count),
        "from": big if count == 1 else units_plural(big),
        "to": units_plural(small),
    }
    return Instance(gaps=gaps, answer=str(count * factor))


def _convert_one(rng: Random, split: Split) -> Instance:
    big, small, factor = rng.choice(load_facts().units)
    return Instance(gaps={"from1": big, "to": units_plural(small)}, answer=str(factor))


def _translate(column: Literal[1, 2]) -> Sampler:
    def sample(rng: Random, split: Split) -> Instance:
        row = rng.choice(load_facts().words)
        return Instance(gaps={"w": row[0]}, answer=row[column])

    return sample


def _sum(*, sign: Literal[-1, 1]) -> Sampler:
    def sample(rng: Random, split: Split) -> Instance:
        a, b = rng.randint(1, 50), rng.randint(1, 50)
        if sign < 0:
            a, b = max(a, b), min(a, b)
        gaps = {"a": number_text(rng, a), "b": number_text(rng, b)}
        return Instance(gaps=gaps, answer=str(a + sign * b))

    return sample


def _plural(rng: Random, split: Split) -> Instance:
    if split == "train" and rng.random() < 0.25:
        word = invented_word(rng, max_letters=7)
        return Instance(gaps={"w": word}, answer=plural(word))
    singular, answer = rng.choice(sorted(load_facts().plurals.items()))
    return Instance(gaps={"w": singular}, answer=answer)


def _evaluate(rng: Random, split: Split) -> Instance:
    text = _expression(rng)
    python = text.replace("true", "True").replace("false", "False").replace("xor", "!=")
    return Instance(gaps={"e": text}, answer=str(bool(eval(python))).lower())


def _literal(rng: Random) -> str:
    return rng.choice(("true", "false", "true", "false", "(not true)", "(not false)"))


def _expression(rng: Random) -> str:
    """Two or three operands; brackets leave no question of precedence."""
    first, second, third = (_literal(rng) for _ in range(3))
    operator = rng.choice(("and", "or", "xor"))
    pair = f"{first} {operator} {second}"
    shape = rng.random()
    if shape < 0.55:
        return pair.replace("(", "").replace(")", "") if operator != "xor" else pair
    if shape < 0.65:
        return f"not ({pair})"
    outer = rng.choice(("and", "or", "xor"))
    return f"({pair}) {outer} {third}" if shape < 0.85 else f"{third} {outer} ({pair})"


SAMPLERS: dict[str, dict[str, Sampler]] = {
    "capitals": {"capital": _capital, "country": _country},
    "elements": {
        "symbol": _element("symbol"),
        "name": _element("name"),
        "number": _element("number"),
        "element": _element("name"),
    },
    "roman": {"to_roman": _to_roman, "from_roman": _from_roman},
    "reverse": {"reverse": _reverse},
    "sort": {
        "letters": _sort_letters,
        "numbers": _sort_numbers(descending=False),
        "numbers_down": _sort_numbers(descending=True),
    },
    "calendar": {
        "day_after": _day(sign=1, is_counted=False),
        "day_before": _day(sign=-1, is_counted=False),
        "day_plus": _day(sign=1, is_counted=True),
        "day_minus": _day(sign=-1, is_counted=True),
        "month_after": _month(step=1),
        "month_before": _month(step=-1),
        "month_days": _month_days,
        "month_number": _month_number,
        "month_at": _month_at,
    },
    "units": {"convert": _convert, "one": _convert_one},
    "french": {"translate": _translate(1)},
    "spanish": {"translate": _translate(2)},
    "sums": {"add": _sum(sign=1), "sub": _sum(sign=-1)},
    "plurals": {"plural": _plural},
    "logic": {"evaluate": _evaluate},
}  # fmt: skip
SKILLS = tuple(SAMPLERS)
