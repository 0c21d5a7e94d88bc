"""The namer and the decomposer: how they are trained, and the figures that their cards tell."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch

from ..export import load_shipped
from ..facts import DEMO
from ..measure import replace_between
from .base import EXPERTS, Role, role_recipe
from .decomposer import decomposer_pair
from .decomposer_scores import decomposer_figures
from .namer import namer_pair
from .namer_scores import namer_figures
from .naming_cards import decomposer_card, exact_table, namer_card, splits_table
from .panel import Panel

FIGURES = EXPERTS / "naming.json"
COPYIST = "plurals"
"""Both start from the expert that says words it never saw: to learn to copy takes others long."""


def namer_role(work: Path) -> Role:
    """Names the skills of a question."""
    del work
    first = role_recipe("namer-first", seed=301, num_steps=2500, starts_from=COPYIST)
    again = role_recipe("namer", seed=401, num_steps=2400, starts_from=first.name)
    return Role(name="namer", compose=namer_pair, recipes=(first, again))


def decomposer_role(work: Path) -> Role:
    """Splits a question of two skills."""
    del work
    first = role_recipe("decomposer-first", seed=302, num_steps=2500, starts_from=COPYIST)
    again = role_recipe("decomposer", seed=402, num_steps=3400, starts_from=first.name)
    return Role(name="decomposer", compose=decomposer_pair, recipes=(first, again))


def measure_naming(work: Path) -> None:
    """Writes experts/naming.json, both cards and the tables of the README."""
    torch.set_num_threads(1)
    namer, decomposer = (load_shipped(EXPERTS / name) for name in ("namer", "decomposer"))
    named, split = namer_figures(namer), decomposer_figures(decomposer, Panel())
    recipes = {role.name: role.recipes for role in (namer_role(work), decomposer_role(work))}
    document = {
        "namer": named,
        "decomposer": split,
        "recipes": {one.name: asdict(one) for some in recipes.values() for one in some},
    }
    FIGURES.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    parameters = namer.num_parameters()
    cards = {
        "namer": namer_card(named, recipes["namer"], parameters=parameters),
        "decomposer": decomposer_card(split, recipes["decomposer"], parameters=parameters),
    }
    for name, card in cards.items():
        (EXPERTS / name / "README.md").write_text(card, encoding="utf-8")
    page = DEMO / "README.md"
    replace_between(page, "namer", exact_table(named))
    replace_between(page, "decomposer", splits_table(split))
