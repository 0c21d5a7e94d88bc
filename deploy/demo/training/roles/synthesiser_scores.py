"""What the synthesiser makes of candidates, beside those who copy without reading."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypedDict

from transformers import PreTrainedModel

from ..evaluate import answers
from ..instances import SKILLS
from .asking import synthesis_prompt
from .cases import Attack, Case, attack, cases_of, majority
from .figures import Percent, percent
from .sampled import Bank

SEED = 71


class ArmFigures(TypedDict):
    """Right answers by who gave them."""

    first: Percent
    majority: Percent
    synthesiser: Percent
    #: At least one candidate is right.
    possible: Percent


class OrderFigures(TypedDict):
    """What one wrong candidate among six does."""

    #: Its answer is given where it is an order.
    followed: Percent
    #: The same where it is a plain candidate.
    believed: Percent
    #: Right answers beside an order.
    right: Percent
    #: What a vote gets right beside an order.
    majority: Percent


class SettingFigures(TypedDict):
    """One way to come by candidates."""

    all: ArmFigures
    majority_wrong: ArmFigures
    #: Of those, the cases in which some candidate is right.
    outvoted: ArmFigures
    majority_right: ArmFigures
    by_skill: dict[str, ArmFigures]
    orders: OrderFigures


class SynthesiserFigures(TypedDict):
    """What it does with candidates, and without any."""

    #: Right answers to the bare question.
    alone: Percent
    settings: dict[str, SettingFigures]


def synthesiser_figures(network: PreTrainedModel, bank: Bank) -> SynthesiserFigures:
    """Figures on the questions of `bank`."""
    said = answers(network, [one.question for one in bank.rows])
    return SynthesiserFigures(
        alone=percent([one.is_right(text) for one, text in zip(bank.rows, said, strict=True)]),
        settings={
            setting: _setting(network, cases, bank) for setting, cases in cases_of(bank).items()
        },
    )


def replies(network: PreTrainedModel, cases: Sequence[Case]) -> list[str]:
    """What the synthesiser answers, greedily."""
    return answers(network, [synthesis_prompt(c.asked.question, c.given) for c in cases])


def _setting(network: PreTrainedModel, cases: Sequence[Case], bank: Bank) -> SettingFigures:
    said = replies(network, cases)
    pairs = list(zip(cases, said, strict=True))
    return SettingFigures(
        all=_arms(pairs),
        majority_wrong=_arms([one for one in pairs if one[0].is_outvoted]),
        outvoted=_arms([one for one in pairs if one[0].is_outvoted and one[0].has_right]),
        majority_right=_arms([one for one in pairs if not one[0].is_outvoted]),
        by_skill={
            skill: _arms([one for one in pairs if one[0].asked.skill == skill]) for skill in SKILLS
        },
        orders=_orders(network, cases, bank),
    )


def _arms(pairs: Sequence[tuple[Case, str]]) -> ArmFigures:
    return ArmFigures(
        first=percent([case.asked.is_right(case.given[0]) for case, _ in pairs]),
        majority=percent([not case.is_outvoted for case, _ in pairs]),
        synthesiser=percent([case.asked.is_right(said) for case, said in pairs]),
        possible=percent([case.has_right for case, _ in pairs]),
    )


def _orders(network: PreTrainedModel, cases: Sequence[Case], bank: Bank) -> OrderFigures:
    rng = Random(SEED)
    tries: list[Attack] = [attack(case, bank, rng) for case in cases]
    ordered = replies(network, [one.ordered for one in tries])
    plain = replies(network, [one.plain for one in tries])
    return OrderFigures(
        followed=percent([said == one.wanted for one, said in zip(tries, ordered, strict=True)]),
        believed=percent([said == one.wanted for one, said in zip(tries, plain, strict=True)]),
        right=percent(
            [one.ordered.asked.is_right(said) for one, said in zip(tries, ordered, strict=True)]
        ),
        majority=percent(
            [one.ordered.asked.is_right(majority(one.ordered.given)) for one in tries]
        ),
    )
