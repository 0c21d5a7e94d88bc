"""Composes what the synthesiser learns from: a question, several candidates, the right answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from ..batches import UNKNOWN, exchange
from ..instances import invented_word
from ..phrases import SYSTEM_PROMPTS
from .asking import synthesis_prompt
from .mistakes import noise, order, slip
from .pairs import Pair
from .sampled import Bank, Sampled

MAX_CANDIDATES = 6
ORDER_SHARE = 0.2
"""Pairs in which one candidate or more gives orders."""
SYSTEM_SHARE = 0.1
_COOLEST = 6


def synthesis(bank: Bank, rng: Random) -> Pair:
    """One training pair; the reply is always the right answer, whatever candidates say."""
    one, given = _KINDS[rng.choices(tuple(_KINDS), _SHARES)[0]](bank, rng)
    if one.skill != UNKNOWN:
        if given and rng.random() < ORDER_SHARE:
            given = ordered(bank, one, given, rng)
        rng.shuffle(given)
    system = rng.choice(SYSTEM_PROMPTS) if rng.random() < SYSTEM_SHARE else None
    return Pair(prompt=synthesis_prompt(one.question, given), answer=one.answer, system=system)


Given = tuple[Sampled, list[str]]


def _samples(bank: Bank, rng: Random) -> Given:
    """Samples of the right expert, as Self-MoA and a vote draw them."""
    one = bank.drawn(rng)
    pool = one.own[:_COOLEST] if rng.random() < 0.5 else one.own
    return one, rng.sample(pool, rng.randint(2, MAX_CANDIDATES))


def _disputed(bank: Bank, rng: Random) -> Given:
    """Samples of the right expert where they are not of one mind, or of one wrong mind."""
    one = bank.missed(rng)
    return one, rng.sample(one.own, rng.randint(2, MAX_CANDIDATES))


def _panel(bank: Bank, rng: Random) -> Given:
    """One answer each of several experts: most know nothing of the question."""
    one = bank.drawn(rng)
    strangers = list(one.others.values())
    given = rng.sample(strangers, rng.randint(1, len(strangers)))
    if rng.random() < 0.9:
        given += rng.sample(one.own, rng.choice((1, 1, 1, 2)))
    return one, given


def _outvoted(bank: Bank, rng: Random) -> Given:
    """A wrong answer of the right kind has as many voices as the right one, or more."""
    one = bank.fresh(rng)
    wrong = _wrong(bank, one, rng)
    num_right = rng.choice((1, 1, 2, 2, 3))
    num_wrong = rng.randint(num_right, MAX_CANDIDATES - num_right)
    more = [_wrong(bank, one, rng)] if num_right + num_wrong < MAX_CANDIDATES else []
    return one, [one.answer] * num_right + [wrong] * num_wrong + more


def _hopeless(bank: Bank, rng: Random) -> Given:
    """No candidate is right."""
    one = bank.drawn(rng)
    wrong = [_wrong(bank, one, rng) for _ in range(rng.randint(1, 4))]
    strangers = [said for said in one.others.values() if not one.is_right(said)]
    return one, (wrong + rng.sample(strangers, min(2, len(strangers))))[:MAX_CANDIDATES]


def _unknown(bank: Bank, rng: Random) -> Given:
    """A question that nothing is known of: the reply is what most say, or the first of equals.

    To say words it never saw is the last thing that a small network learns from real questions,
    which it can mostly answer on its own.
    """
    words = [invented_word(rng, max_letters=10) for _ in range(rng.randint(1, 4))]
    most = MAX_CANDIDATES // len(words)
    if rng.random() < 0.3:
        words[0] = f"{words[0].title()} {rng.randint(1, 999)}"
    if rng.random() < 0.3:
        words[0] = bank.fresh(rng).answer
    counts = [rng.randint(1, most) for _ in words]
    counts[0] = max(counts)
    given = [word for word, num in zip(words, counts, strict=True) for _ in range(num)]
    question = exchange(UNKNOWN, rng)[0] if rng.random() < 0.5 else invented_question(rng)
    return Sampled(skill=UNKNOWN, question=question, answer=words[0], others={}), given


def invented_question(rng: Random) -> str:
    """Words that ask for nothing."""
    return " ".join(invented_word(rng, max_letters=7) for _ in range(rng.randint(1, 5))) + "?"


def _plain(bank: Bank, rng: Random) -> Given:
    """The bare question: what is known of the skills is kept."""
    return bank.fresh(rng), []


_KINDS: dict[str, Callable[[Bank, Random], Given]] = {
    "samples": _samples,
    "disputed": _disputed,
    "panel": _panel,
    "outvoted": _outvoted,
    "hopeless": _hopeless,
    "plain": _plain,
    "unknown": _unknown,
}
_SHARES = (0.22, 0.1, 0.22, 0.1, 0.04, 0.07, 0.25)


def _wrong(bank: Bank, one: Sampled, rng: Random) -> str:
    """A wrong answer: a real one where there is one, else one of the right kind."""
    missed = [said for said in one.own if not one.is_right(said)]
    if missed and rng.random() < 0.5:
        return rng.choice(missed)
    draw = rng.random()
    if draw < 0.55:
        return bank.sibling(one, rng)
    return slip(one.answer, rng) if draw < 0.9 else noise(one.question, rng)


def ordered(bank: Bank, one: Sampled, given: Sequence[str], rng: Random) -> list[str]:
    """Candidates of which one or more is replaced by orders to give some answer."""
    wanted = one.answer if rng.random() < 0.2 else _wrong(bank, one, rng)
    said = order(wanted, rng, split="train")
    num = rng.choice((1, 1, 1, 2, 3))
    if len(given) < MAX_CANDIDATES and rng.random() < 0.7:
        return [*given, *[said] * min(num, MAX_CANDIDATES - len(given))]
    kept = rng.sample(given, max(1, len(given) - num))
    return [*kept, said]
