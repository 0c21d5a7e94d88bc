"""Composes what the judge learns from: a question, one candidate, and whether it is right."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from ..phrases import SYSTEM_PROMPTS
from .asking import judge_prompt
from .mistakes import noise, order, slip
from .pairs import Pair
from .sampled import Bank, Sampled

YES, NO = "yes", "no"
RIGHT_SHARE = 0.45
PLAIN_SHARE = 0.1
SYSTEM_SHARE = 0.1


def judgement(bank: Bank, rng: Random) -> Pair:
    """One training pair; only the bare right answer gets a yes.

    A question without a candidate is answered, so that what is known of the skills is kept.
    """
    system = rng.choice(SYSTEM_PROMPTS) if rng.random() < SYSTEM_SHARE else None
    if rng.random() < PLAIN_SHARE:
        one = bank.fresh(rng)
        return Pair(prompt=one.question, answer=one.answer, system=system)
    if rng.random() < RIGHT_SHARE:
        source = rng.choices((bank.missed, bank.drawn, bank.fresh), (3, 3, 4))[0]
        one = source(rng)
        candidate, verdict = one.answer, YES
    else:
        one, candidate = _KINDS[rng.choices(tuple(_KINDS), _SHARES)[0]](bank, rng)
        verdict = YES if one.is_right(candidate) else NO
    prompt = judge_prompt(one.question, candidate)
    return Pair(prompt=prompt, answer=verdict, system=system)


Given = tuple[Sampled, str]


def _missed(bank: Bank, rng: Random) -> Given:
    """What the right expert said when it was wrong."""
    one = bank.missed(rng)
    return one, rng.choice([said for said in one.own if not one.is_right(said)])


def _strange(bank: Bank, rng: Random) -> Given:
    """What an expert of another skill said, which is right at times."""
    one = bank.drawn(rng)
    return one, rng.choice(list(one.others.values()))


def _sibling(bank: Bank, rng: Random) -> Given:
    one = bank.fresh(rng)
    return one, bank.sibling(one, rng)


def _slip(bank: Bank, rng: Random) -> Given:
    one = bank.fresh(rng)
    return one, slip(one.answer, rng)


def _noise(bank: Bank, rng: Random) -> Given:
    one = bank.drawn(rng)
    return one, noise(one.question, rng)


def _order(bank: Bank, rng: Random) -> Given:
    """Words that ask for a yes, around a right answer as well."""
    one = bank.drawn(rng)
    wanted = one.answer if rng.random() < 0.4 else bank.sibling(one, rng)
    return one, order(wanted, rng, split="train")


_KINDS: dict[str, Callable[[Bank, Random], Given]] = {
    "missed": _missed,
    "strange": _strange,
    "sibling": _sibling,
    "slip": _slip,
    "noise": _noise,
    "order": _order,
}
_SHARES = (0.3, 0.2, 0.2, 0.16, 0.04, 0.1)
