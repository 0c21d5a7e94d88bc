"""Scores every shipped model on every skill and writes what others read of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

import torch

from .cards import expert_card, score_table
from .evaluate import answers, load_heldout, scores
from .export import GENERALIST, load_shipped
from .facts import DEMO, QUESTIONS
from .instances import SKILLS
from .keyword_router import routing_percent
from .train import recipes_of

EXPERTS = DEMO / "experts"
MODELS = (*SKILLS, GENERALIST)
KINDS = {
    "plain_decoy": ("plain", "decoy"), "plain": ("plain",), "decoy": ("decoy",),
    "two_skill": ("two_skill",),
}  # fmt: skip

Row = dict[str, dict[str, float]]
"""Percent by kind and skill."""


def measure_all(num_processes: int) -> None:
    """Writes experts/scores.json, the cards and the tables of the README."""
    with ProcessPoolExecutor(num_processes) as pool:
        rows = dict(zip(MODELS, pool.map(_measure, MODELS), strict=True))
    questions = load_heldout()
    routing = {kind: routing_percent(questions, kind) for kind in ("plain", "decoy", "two_skill")}
    document = {
        "num_questions_a_skill": {"plain": 160, "decoy": 30, "two_skill": 10},
        "percent": rows,
        "routing_percent": {"keyword_router": routing},
        "recipes": {
            recipe.name: asdict(recipe)
            for name in ("trunk", *MODELS)
            for recipe in recipes_of(name)
        },
        "sha256": _data_hashes(),
    }
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    (EXPERTS / "scores.json").write_text(text, encoding="utf-8")
    for name in MODELS:
        _write_card(name, rows[name])
    _write_tables(rows, routing)


def _measure(name: str) -> Row:
    torch.set_num_threads(1)
    questions = load_heldout()
    said = answers(load_shipped(EXPERTS / name), [question.question for question in questions])
    return {
        label: {
            skill: score.percent for skill, score in scores(questions, said, kinds=kinds).items()
        }
        for label, kinds in KINDS.items()
    }


def _data_hashes() -> dict[str, str]:
    """Hashes of everything the questions are made of."""
    paths = sorted(path for path in QUESTIONS.rglob("*") if path.is_file())
    return {
        str(path.relative_to(DEMO)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
        if path.suffix in (".jsonl", ".tsv", ".txt")
    }


def _write_card(name: str, row: Row) -> None:
    network = load_shipped(EXPERTS / name)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    card = expert_card(name, recipes_of(name)[-1], row, parameters=parameters)
    (EXPERTS / name / "README.md").write_text(card, encoding="utf-8")


def _write_tables(rows: Mapping[str, Row], routing: Mapping[str, float]) -> None:
    """Replaces what stands between the markers of the README."""
    readme = DEMO / "README.md"
    parts = {
        "plain_decoy": score_table(rows, "plain_decoy"),
        "two_skill": score_table(rows, "two_skill"),
        "routing": "\n".join(
            (
                "| router | plain | decoy | two_skill |",
                "|---|---|---|---|",
                "| keyword rules | " + " | ".join(f"{v:.1f}" for v in routing.values()) + " |",
                "| the project's router | see `deploy/demo/routers` | | |",
            )
        ),
    }
    for name, table in parts.items():
        replace_between(readme, name, table)


def replace_between(page: Path, name: str, inner: str) -> None:
    """Put `inner` between the markers of this name."""
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    head, rest = page.read_text(encoding="utf-8").split(start, 1)
    page.write_text(f"{head}{start}\n{inner}\n{end}{rest.split(end, 1)[1]}", encoding="utf-8")


def weights_folder(root: Path | None) -> Path:
    """Where float32 weights of a training lie until they are exported."""
    return root or DEMO.parents[1] / "data" / "demo-training"
