"""The synthesiser and the judge: how they are trained, and the figures that their cards tell."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from random import Random

import torch
from safetensors.torch import save_file

from ..export import GENERALIST, load_shipped
from ..facts import DEMO
from ..instances import SKILLS
from ..measure import replace_between
from ..networks import expert_network
from ..train import Recipe, start_from, train
from . import judge_scores, synthesiser_scores
from .base import EXPERTS, Role, role_recipe, train_recipe
from .candidates import heldout_rows, training_rows
from .judge import trees
from .judge_scores import judge_figures
from .judge_training import fit_trees
from .judging_cards import arms_table, choice_table, judge_card, synthesiser_card, verdicts_table
from .sampled import Bank, Sampled, read_bank, write_bank
from .synthesiser import synthesis
from .synthesiser_scores import synthesiser_figures
from .trees import tree_batches

SCHOLAR = "scholar"
FIGURES = EXPERTS / "judging.json"
NUM_STEPS = {SCHOLAR: 4000, "synthesiser": 4200, "judge": 3000}
MEASURED_EVERY = 3
"""Held-out questions that are measured: 760 of 2,280, with thousands of candidates."""
SEEDS = {"synthesiser": 51, "judge": 52}
LIMITS = {
    "synthesiser": """\
It knows which answer fits which kind of question, and little more of whether it is right: with
six samples of the right expert it is no better than a vote, and where most of them are wrong it
seldom finds the right one. It is of use where candidates come from experts of different skills;
there `judge` finds the right one somewhat more often.""",
    "judge": """\
It tells the skills apart, and an expert's own slips hardly: among samples of the right expert a
vote is better. Two candidates in five were right in training, so that its scores are too low
where most are.""",
}


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
    first = role_recipe(name, seed=SEEDS[name], num_steps=NUM_STEPS[name], starts_from=SCHOLAR)
    return replace(first, matrix_rate=0.01, other_rate=1e-3)


def train_synthesiser(work: Path) -> None:
    """Leaves the synthesiser's float32 weights in `work`, and what it needed on the way."""
    recipe = _recipe("synthesiser")
    compose = partial(synthesis, training_bank(work))
    train_scholar(work)
    train_recipe(Role(name=recipe.name, compose=compose, recipes=(recipe,)), recipe, work)


def train_judge(work: Path) -> None:
    """Leaves the judge's float32 weights in `work`, and what it needed on the way."""
    torch.set_num_threads(1)
    recipe, rng = _recipe("judge"), Random(f"judge-trees-{SEEDS['judge']}")
    rows = trees(training_bank(work), rng)
    train_scholar(work)
    network = expert_network(recipe.seed)
    start_from(network, work / f"{SCHOLAR}.safetensors")
    seed = f"{recipe.name}-{recipe.seed}"
    stream = tree_batches(rows, seed=seed, max_tokens=recipe.max_tokens, num_steps=recipe.num_steps)
    fit_trees(network, recipe, stream)
    save_file(network.state_dict(), work / f"{recipe.name}.safetensors")


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
    bank = Bank(heldout_bank(work).rows[::MEASURED_EVERY])
    synthesiser, judge = (load_shipped(EXPERTS / name) for name in ("synthesiser", "judge"))
    write_judging(
        synthesiser_figures(synthesiser, bank),
        judge_figures(judge, bank),
        parameters=judge.num_parameters(),
    )


def write_judging(
    written: synthesiser_scores.SynthesiserFigures,
    told: dict[str, judge_scores.SettingFigures],
    *,
    parameters: int,
) -> None:
    """Puts figures into their file, the cards and the README."""
    recipes = {name: _recipe(name) for name in NUM_STEPS}
    document = {
        "synthesiser": written,
        "judge": told,
        "recipes": {name: asdict(recipe) for name, recipe in recipes.items()},
    }
    FIGURES.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    _write_cards(written, told, recipes, parameters=parameters)


def _write_cards(
    written: synthesiser_scores.SynthesiserFigures,
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
    replace_between(page, "synthesiser", arms_table(written["settings"]))
    replace_between(page, "verdicts", verdicts_table(told))
    replace_between(page, "choices", choice_table(told))
