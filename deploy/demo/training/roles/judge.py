"""Composes what the judge learns from: a question, several candidates, and which are right."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from ..phrases import SYSTEM_PROMPTS
from .asking import judge_prompt
from .mistakes import noise, order, slip
from .sampled import Bank, Sampled
from .trees import Branch, Tree

YES, NO = "yes", "no"
NUM_CANDIDATES = 6
SYSTEM_SHARE = 0.1
RIGHT_WEIGHT = 2.5
"""One candidate in six is right; weighed so, two verdicts in five are a yes."""
_ORDER_SHARE, _NOISE_SHARE = 0.4, 0.15


def trees(bank: Bank, rng: Random) -> Iterator[Tree]:
    """Training rows without end."""
    while True:
        yield judged_tree(bank, rng)


def judged_tree(bank: Bank, rng: Random) -> Tree:
    """One question with the right answer and wrong ones; only the bare right answer gets a yes."""
    one = rng.choices((bank.missed, bank.drawn, bank.fresh), (3, 4, 3))[0](rng)
    said = list(dict.fromkeys(_candidates(bank, one, rng)))
    rng.shuffle(said)
    system = rng.choice(SYSTEM_PROMPTS) if rng.random() < SYSTEM_SHARE else None
    branches = tuple(_branch(one, text) for text in said)
    return Tree(question=one.question, system=system, branches=branches)


def _candidates(bank: Bank, one: Sampled, rng: Random) -> list[str]:
    """The right answer, what experts said wrong, answers to other questions, slips, one oddity."""
    said = [one.answer]
    missed = [text for text in one.own if not one.is_right(text)]
    said += rng.sample(missed, min(2, len(missed)))
    if one.others:
        said += rng.sample(list(one.others.values()), 2)
    else:
        said.append(bank.sibling(bank.drawn(rng), rng))
    while len(set(said)) < NUM_CANDIDATES - 1:
        said.append(bank.sibling(one, rng) if rng.random() < 0.5 else slip(one.answer, rng))
    return [*said, _oddity(bank, one, rng)]


def _oddity(bank: Bank, one: Sampled, rng: Random) -> str:
    """An order around a right or wrong answer, noise, or one more wrong answer."""
    draw = rng.random()
    if draw < _ORDER_SHARE:
        wanted = one.answer if rng.random() < 0.4 else bank.sibling(one, rng)
        return order(wanted, rng, split="train")
    if draw < _ORDER_SHARE + _NOISE_SHARE:
        return noise(one.question, rng)
    return bank.sibling(one, rng)


def _branch(one: Sampled, said: str) -> Branch:
    is_right = one.is_right(said)
    return Branch(
        written=written(one.question, said),
        verdict=YES if is_right else NO,
        is_right=is_right,
        weight=RIGHT_WEIGHT if is_right else 1.0,
    )


def written(question: str, said: str) -> str:
    """What the judge's prompt writes behind the question."""
    return judge_prompt(question, said).rstrip().removeprefix(question.strip())
