"""The namer and the decomposer: how they are trained, and the figures that their cards tell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

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


def measure_namer(work: Path) -> None:
    """Writes the namer's part of experts/naming.json, its card and its table of the README."""
    network = _shipped("namer")
    role, figures = namer_role(work), namer_figures(network)
    _record(role, figures)
    card = namer_card(figures, role.recipes, parameters=network.num_parameters())
    (EXPERTS / role.name / "README.md").write_text(card, encoding="utf-8")
    replace_between(DEMO / "README.md", role.name, exact_table(figures))


def measure_decomposer(work: Path) -> None:
    """Writes the decomposer's part of experts/naming.json, its card and its table of the README."""
    network = _shipped("decomposer")
    role, figures = decomposer_role(work), decomposer_figures(network, Panel())
    _record(role, figures)
    card = decomposer_card(figures, role.recipes, parameters=network.num_parameters())
    (EXPERTS / role.name / "README.md").write_text(card, encoding="utf-8")
    replace_between(DEMO / "README.md", role.name, splits_table(figures))


def _shipped(name: str) -> PreTrainedModel:
    torch.set_num_threads(1)
    return load_shipped(EXPERTS / name)


def _record(role: Role, figures: Mapping[str, Any]) -> None:
    """Puts the figures of one role beside those of the other."""
    known = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}
    known[role.name] = {**figures, "recipes": [asdict(one) for one in role.recipes]}
    text = json.dumps(dict(sorted(known.items())), indent=1, ensure_ascii=False)
    FIGURES.write_text(text + "\n", encoding="utf-8")
