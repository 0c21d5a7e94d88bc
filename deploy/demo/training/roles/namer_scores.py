"""What the namer does: how often it names exactly the skills of a question."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, TypedDict

from transformers import PreTrainedModel

from routers.skill_names import agreed_names, names_in

from ..evaluate import Choose, drawn, likeliest, load_heldout
from ..facts import QUESTIONS
from .base import replies
from .figures import Percent, percent
from .pairs import Pair
from .two_step import two_step

NUM_SAMPLES, TEMPERATURE = 5, 0.7
"""As Symbolic-MoE asks: five samples, kept when repeated."""

_NUM_COMPOSED = 600
_MAX_TOKENS = 32

Named = Sequence[tuple[str, frozenset[str]]]
"""Questions with their skills; none where no expert has it."""


class NamerFigures(TypedDict):
    """Exactly the skills of a question, no more and no fewer, by way of asking."""

    greedy: Percent
    five_samples: Percent


def namer_figures(network: PreTrainedModel) -> dict[str, NamerFigures]:
    """By kind of question, none of them trained on."""
    return {kind: _both(network, asked) for kind, asked in _questions().items()}


def _questions() -> Mapping[str, Named]:
    heldout = load_heldout()
    by_kind: dict[str, Named] = {
        kind: [(one.question, frozenset(one.skills)) for one in heldout if one.kind == kind]
        for kind in ("plain", "decoy", "two_skill")
    }
    rng = Random("namer-dev")
    composed = [two_step(rng, "dev") for _ in range(_NUM_COMPOSED)]
    unknown = [row for row in _rows("unknown") if row["split"] == "heldout"]
    return by_kind | {
        "wordings": [(row["question"], frozenset(row["skills"])) for row in _rows("wordings")],
        "unknown": [(row["question"], frozenset[str]()) for row in unknown],
        "composed_two_skill": [(asked.text, frozenset(asked.skills)) for asked in composed],
    }


def _rows(name: str) -> list[dict[str, Any]]:
    lines = (QUESTIONS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _both(network: PreTrainedModel, asked: Named) -> NamerFigures:
    greedy = [names_in(said) for said in _said(network, asked, likeliest)]
    samples = [
        _said(network, asked, drawn(TEMPERATURE, seed=number)) for number in range(NUM_SAMPLES)
    ]
    agreed = [agreed_names(said) for said in zip(*samples, strict=True)]
    return NamerFigures(greedy=_exact(asked, greedy), five_samples=_exact(asked, agreed))


def _said(network: PreTrainedModel, asked: Named, choose: Choose) -> list[str]:
    pairs = [Pair(prompt=question, answer="") for question, _ in asked]
    return replies(network, pairs, max_tokens=_MAX_TOKENS, choose=choose)


def _exact(asked: Named, named: Sequence[Sequence[str]]) -> Percent:
    return percent([set(names) == wanted for (_, wanted), names in zip(asked, named, strict=True)])
