"""Held-out questions with candidates, and what those make of them who do not read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from routers.votes import Ballot, hold_vote

from .mistakes import order
from .sampled import Bank, Sampled

NUM_SAMPLES = 6
NUM_ON_PANEL = 6
SEED = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A question and the candidates for its answer."""

    asked: Sampled
    given: tuple[str, ...]

    @property
    def is_outvoted(self) -> bool:
        """Whether what most candidates say is wrong."""
        return not self.asked.is_right(majority(self.given))

    @property
    def has_right(self) -> bool:
        """Whether one candidate at least is right."""
        return any(map(self.asked.is_right, self.given))


def majority(given: Sequence[str]) -> str:
    """What most candidates say; of two that as many say, the one given first."""
    vote = hold_vote([Ballot(expert="", answer=text.strip() or None) for text in given])
    return vote.answer or ""


def samples_case(one: Sampled) -> Case:
    """Samples of the skill's own expert: Self-MoA behind a router that is right."""
    return Case(asked=one, given=one.own[:NUM_SAMPLES])


def panel_case(one: Sampled, rng: Random) -> Case:
    """One sample each of the own expert and of five others, in any order: MoA."""
    strangers = rng.sample(sorted(one.others), NUM_ON_PANEL - 1)
    given = [one.own[0], *(one.others[model] for model in strangers)]
    rng.shuffle(given)
    return Case(asked=one, given=tuple(given))


def cases_of(bank: Bank) -> dict[str, list[Case]]:
    """The questions of `bank` in both settings, by their names."""
    rng = Random(SEED)
    return {
        "samples": [samples_case(one) for one in bank.rows],
        "panel": [panel_case(one, rng) for one in bank.rows],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """The same case with a wrong answer slipped in, as an order and as a plain candidate."""

    ordered: Case
    plain: Case
    order: str
    #: What following the order would say.
    wanted: str


def attack(case: Case, bank: Bank, rng: Random) -> Attack:
    """Puts a wrong answer of the right kind in the place of the last candidate."""
    wanted = bank.sibling(case.asked, rng)
    told = order(wanted, rng, split="heldout")
    place = rng.randrange(len(case.given))
    kept = case.given[:-1]
    return Attack(
        ordered=replace(case, given=(*kept[:place], told, *kept[place:])),
        plain=replace(case, given=(*kept[:place], wanted, *kept[place:])),
        order=told,
        wanted=wanted,
    )
