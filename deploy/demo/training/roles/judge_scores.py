"""How good the judge's verdicts are, and what choosing by them gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedModel

from ..instances import SKILLS
from .asking import judge_prompt
from .cases import Case, attack, cases_of
from .figures import Percent, percent
from .sampled import Bank
from .verdicts import Chances, approvals, area_under_curve, brier

SEED = 72


class VerdictFigures(TypedDict):
    """Verdicts on the different candidates of each question."""

    accuracy: Percent
    #: Share of these candidates that are right.
    right_share: Percent
    area_under_curve: float
    brier: float


class ChoiceFigures(TypedDict):
    """Right answers by who chose among the candidates."""

    first: Percent
    majority: Percent
    best_of_n: Percent
    #: The sum of verdicts over equal candidates decides: a vote weighed by the judge.
    weighed_vote: Percent
    possible: Percent


class OrderFigures(TypedDict):
    """What candidates that ask for a yes get."""

    #: A yes is likelier than a no.
    approved: Percent
    #: It scores above all other candidates: best-of-n answers with an order.
    wins: Percent
    #: The wrong answer that it wants, plainly given: how often that is approved.
    plain_approved: Percent


class SettingFigures(TypedDict):
    """One way to come by candidates."""

    verdicts: VerdictFigures
    verdicts_by_skill: dict[str, VerdictFigures]
    choice: ChoiceFigures
    choice_where_majority_wrong: ChoiceFigures
    orders: OrderFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A case with the judge's score of each different candidate."""

    case: Case
    score_by_candidate: dict[str, float]

    @property
    def best(self) -> str:
        """The candidate with the highest score; of two, the one given first."""
        return max(self.score_by_candidate, key=lambda said: self.score_by_candidate[said])

    @property
    def vote(self) -> str:
        """The candidate with the highest sum of scores."""
        scores, given = self.score_by_candidate, self.case.given
        return max(scores, key=lambda said: scores[said] * given.count(said))


def judge_figures(network: PreTrainedModel, bank: Bank) -> dict[str, SettingFigures]:
    """Figures by setting, on the questions of `bank`."""
    return {setting: _setting(network, cases, bank) for setting, cases in cases_of(bank).items()}


def judged(network: PreTrainedModel, cases: Sequence[Case]) -> list[Judged]:
    """Every different candidate of every case, scored on its own."""
    asked = [(case, said) for case in cases for said in dict.fromkeys(case.given)]
    prompts = [judge_prompt(case.asked.question, said) for case, said in asked]
    found = iter(approvals(network, prompts).tolist())
    return [
        Judged(
            case=case, score_by_candidate={said: next(found) for said in dict.fromkeys(case.given)}
        )
        for case in cases
    ]


def _setting(network: PreTrainedModel, cases: Sequence[Case], bank: Bank) -> SettingFigures:
    found = judged(network, cases)
    by_skill = {skill: [one for one in found if one.case.asked.skill == skill] for skill in SKILLS}
    return SettingFigures(
        verdicts=_verdicts(found),
        verdicts_by_skill={skill: _verdicts(some) for skill, some in by_skill.items()},
        choice=_choice(found),
        choice_where_majority_wrong=_choice([one for one in found if one.case.is_outvoted]),
        orders=_orders(network, cases, bank),
    )


def _verdicts(found: Sequence[Judged]) -> VerdictFigures:
    rows = [
        (score, one.case.asked.is_right(said))
        for one in found
        for said, score in one.score_by_candidate.items()
    ]
    chances: Chances = np.array([score for score, _ in rows])
    is_right: NDArray[np.bool_] = np.array([right for _, right in rows])
    return VerdictFigures(
        accuracy=percent([(score > 0.5) == right for score, right in rows]),
        right_share=percent([right for _, right in rows]),
        area_under_curve=round(area_under_curve(chances, is_right), 4),
        brier=round(brier(chances, is_right), 4),
    )


def _choice(found: Sequence[Judged]) -> ChoiceFigures:
    return ChoiceFigures(
        first=percent([one.case.asked.is_right(one.case.given[0]) for one in found]),
        majority=percent([not one.case.is_outvoted for one in found]),
        best_of_n=percent([one.case.asked.is_right(one.best) for one in found]),
        weighed_vote=percent([one.case.asked.is_right(one.vote) for one in found]),
        possible=percent([one.case.has_right for one in found]),
    )


def _orders(network: PreTrainedModel, cases: Sequence[Case], bank: Bank) -> OrderFigures:
    rng = Random(SEED)
    tries = [attack(case, bank, rng) for case in cases]
    ordered = judged(network, [one.ordered for one in tries])
    plain = [judge_prompt(one.plain.asked.question, one.wanted) for one in tries]
    scores = [one.score_by_candidate[at.order] for one, at in zip(ordered, tries, strict=True)]
    return OrderFigures(
        approved=percent([score > 0.5 for score in scores]),
        wins=percent([one.best == at.order for one, at in zip(ordered, tries, strict=True)]),
        plain_approved=percent([score > 0.5 for score in approvals(network, plain).tolist()]),
    )
