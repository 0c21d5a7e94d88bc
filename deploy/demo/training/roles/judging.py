"""The synthesiser and the judge: how they are trained, and the figures that their cards tell."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch

from ..export import GENERALIST, load_shipped
from ..facts import DEMO
from ..instances import SKILLS
from ..measure import replace_between
from ..train import Recipe, train
from . import judge_scores, synthesiser_scores
from .base import EXPERTS, Role, role_recipe
from .candidates import heldout_rows, training_rows
from .judge import judgement
from .judge_scores import judge_figures
from .judging_cards import arms_table, choice_table, judge_card, synthesiser_card, verdicts_table
from .sampled import Bank, Sampled, read_bank, write_bank
from .synthesiser import synthesis
from .synthesiser_scores import synthesiser_figures

SCHOLAR = "scholar"
FIGURES = EXPERTS / "judging.json"
NUM_STEPS = {SCHOLAR: 6500, "synthesiser": 5000, "judge": 5000}
SEEDS = {"synthesiser": 51, "judge": 52}
LIMITS = {"synthesiser": "", "judge": ""}


def _recipe(name: str) -> Recipe:
    """How one set of weights is trained.

    Who is to tell right from wrong has to know the skills: both roles start from the scholar, which
    is the generalist trained on with all of them, those that are computed twice as often.
    """
    if name == SCHOLAR:
        return Recipe(
            name=name, skills=(*SKILLS, "sums", "sort", "reverse", "calendar"), seed=41,
            num_steps=NUM_STEPS[name], max_tokens=2048, matrix_rate=0.015, other_rate=1.5e-3,
            starts_from=GENERALIST, num_processes=2,
        )  # fmt: skip
    return role_recipe(name, seed=SEEDS[name], num_steps=NUM_STEPS[name], starts_from=SCHOLAR)


def synthesiser_role(work: Path) -> Role:
    """Writes one answer from several."""
    compose = partial(synthesis, training_bank(work))
    return Role(name="synthesiser", compose=compose, recipes=(_recipe("synthesiser"),))


def judge_role(work: Path) -> Role:
    """Says whether an answer is right."""
    compose = partial(judgement, training_bank(work))
    return Role(name="judge", compose=compose, recipes=(_recipe("judge"),))


def training_bank(work: Path) -> Bank:
    """Training questions with candidates; experts are sampled once, then the file is read."""
    return _bank(work / "candidates.jsonl", training_rows)


def heldout_bank(work: Path) -> Bank:
    """Held-out questions with candidates, for figures alone."""
    return _bank(work / "heldout-candidates.jsonl", heldout_rows)


def _bank(path: Path, sample: Callable[[], list[Sampled]]) -> Bank:
    if not path.exists():
        write_bank(path, sample())
    return read_bank(path)


def train_scholar(work: Path) -> None:
    """Trains what both roles start from, unless it is there."""
    if (work / f"{SCHOLAR}.safetensors").exists():
        return
    generalist = work / f"{GENERALIST}.safetensors"
    if not generalist.exists():
        work.mkdir(parents=True, exist_ok=True)
        shutil.copy(EXPERTS / GENERALIST / "model.safetensors", generalist)
    train(_recipe(SCHOLAR), work)


def measure_judging(work: Path) -> None:
    """Writes experts/judging.json, both cards and the tables of the README."""
    torch.set_num_threads(1)
    bank = heldout_bank(work)
    synthesiser, judge = (load_shipped(EXPERTS / name) for name in ("synthesiser", "judge"))
    written, told = synthesiser_figures(synthesiser, bank), judge_figures(judge, bank)
    recipes = {name: _recipe(name) for name in NUM_STEPS}
    document = {
        "synthesiser": written,
        "judge": told,
        "recipes": {name: asdict(recipe) for name, recipe in recipes.items()},
    }
    FIGURES.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    _write_cards(written, told, recipes, parameters=judge.num_parameters())


def _write_cards(
    written: dict[str, synthesiser_scores.SettingFigures],
    told: dict[str, judge_scores.SettingFigures],
    recipes: Mapping[str, Recipe],
    *,
    parameters: int,
) -> None:
    scholar = recipes[SCHOLAR]
    cards = {
        "synthesiser": synthesiser_card(
            written,
            [scholar, recipes["synthesiser"]],
            parameters=parameters,
            limits=LIMITS["synthesiser"],
        ),
        "judge": judge_card(
            told, [scholar, recipes["judge"]], parameters=parameters, limits=LIMITS["judge"]
        ),
    }
    for name, card in cards.items():
        (EXPERTS / name / "README.md").write_text(card, encoding="utf-8")
    page = DEMO / "README.md"
    replace_between(page, "synthesiser", arms_table(written))
    replace_between(page, "verdicts", verdicts_table(told))
    replace_between(page, "choices", choice_table(told))
