"""What merges of demo experts keep of each: measured, not hoped."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import torch

from orchestrator.merging.plan import Asked, plan
from orchestrator.merging.posterior import mean_posterior
from orchestrator.merging.write import write
from orchestrator.registry.loader import load
from orchestrator.registry.surroundings import Surroundings
from routers.artifacts import load_router

from .evaluate import Score
from .export import GENERALIST, load_shipped
from .facts import DEMO
from .heldout import Question
from .measure import EXPERTS, replace_between
from .own_skill import questions_of, score

ROOT = DEMO.parents[1]
OUT = ROOT / "bench" / "out" / "merging.json"
#: Those of neighbouring skills, and those that were fine-tuned least: the trunk is near.
PAIRS = (
    ("french", "spanish"), ("capitals", "elements"), ("sums", "logic"), ("roman", "units"),
    ("capitals", "units"), ("elements", "roman"), ("plurals", "french"), ("reverse", "sort"),
)  # fmt: skip
RECIPES: Mapping[str, Mapping[str, object]] = {
    "average 0.5": {"method": "average", "weights": (0.5, 0.5)},
    "average 0.7": {"method": "average", "weights": (0.7, 0.3)},
    "average 0.3": {"method": "average", "weights": (0.3, 0.7)},
    "twin rank 16": {"method": "twin", "weights": (0.5, 0.5), "rank": 16},
    "twin rank 64": {"method": "twin", "weights": (0.5, 0.5), "rank": 64},
    "twin 0.7 each": {"method": "twin", "weights": (0.7, 0.7)},
}
#: The weights of a request are rounded to these steps: each is a merge of its own.
STEPS = 10
BY_REQUEST = "by request"


def measure_merges(num_processes: int) -> None:
    """Writes bench/out/merging.json and the table of the README."""
    with ProcessPoolExecutor(num_processes) as pool:
        rows = list(pool.map(_measure_pair, PAIRS))
    document = {
        "what": "percent exact of 190 held-out questions of each expert's own skill",
        "command": "python -m deploy.demo.training merges",
        "pairs": rows,
    }
    OUT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    replace_between(DEMO / "README.md", "merges", _table(rows))


def _measure_pair(pair: tuple[str, str]) -> dict[str, object]:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        merges = {
            name: _scores(_merged(Path(folder) / name, pair, **recipe), pair)
            for name, recipe in RECIPES.items()
        }
        merges[BY_REQUEST] = _by_request(Path(folder), pair)
    return {
        "experts": pair,
        "before": {name: score(load_shipped(EXPERTS / name), questions_of(name)).percent
                   for name in pair},
        "generalist": _scores(EXPERTS / GENERALIST, pair),
        "merges": merges,
    }  # fmt: skip


def _scores(folder: Path, pair: Sequence[str]) -> dict[str, float]:
    network = load_shipped(folder)
    return {skill: score(network, questions_of(skill)).percent for skill in pair}


def _merged(folder: Path, pair: Sequence[str], **recipe: object) -> Path:
    """Exactly what `orchestrator merge` writes, without a canary."""
    registry = load(ROOT / "experts.yaml")
    asked = Asked(id="merge", experts=tuple(pair), **recipe)  # type: ignore[arg-type]
    planned = plan(asked, registry, Surroundings(folder=ROOT))
    write(planned, folder, made_at=datetime.now(UTC))
    return folder


def _by_request(folder: Path, pair: tuple[str, str]) -> dict[str, float]:
    """Each question is answered by a merge with the weights its router gives."""
    num_right: dict[str, int] = defaultdict(int)
    num_asked: dict[str, int] = defaultdict(int)
    for share, questions in _by_share(pair).items():
        merged = _merged(
            folder / f"{share:.1f}", pair, method="average", weights=(share, 1 - share)
        )
        network = load_shipped(merged)
        for skill, own in questions.items():
            found = score(network, own)
            num_right[skill] += found.num_right
            num_asked[skill] += found.num_asked
    return {
        skill: Score(num_right=num_right[skill], num_asked=num_asked[skill]).percent
        for skill in pair
    }


def _by_share(pair: tuple[str, str]) -> dict[float, dict[str, list[Question]]]:
    """Weight of the first expert -> questions of each skill that get it."""
    spec = load(ROOT / "experts.yaml").routers["topic"]
    router = load_router(spec.artifact, embedder=spec.embedder, fallback=spec.fallback)
    shares: dict[float, dict[str, list[Question]]] = defaultdict(lambda: defaultdict(list))
    for skill in pair:
        for question in questions_of(skill):
            by_expert = mean_posterior(router, [question.question])
            first, second = (by_expert.get(name, 0.0) for name in pair)
            share = first / (first + second) if first + second else 0.5
            shares[round(share * STEPS) / STEPS][skill].append(question)
    return shares


def _table(rows: Sequence[Mapping[str, object]]) -> str:
    names = [*RECIPES, BY_REQUEST]
    heads = ["pair", "each alone", "generalist", *names]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(_cells(row, names))} |" for row in rows)])


def _cells(row: Mapping[str, object], names: Sequence[str]) -> Iterator[str]:
    pair, merges = row["experts"], row["merges"]
    yield " + ".join(pair)  # type: ignore[arg-type]
    for scores in (row["before"], row["generalist"], *(merges[name] for name in names)):  # type: ignore[index]
        yield " / ".join(f"{scores[skill]:.1f}" for skill in pair)  # type: ignore[index,union-attr]
