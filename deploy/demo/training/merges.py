"""What merges of demo experts keep of each: measured, not hoped."""

from __future__ import annotations

import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch

from orchestrator.merging.entry import entry_of
from orchestrator.merging.plan import Asked, plan
from orchestrator.merging.posterior import mean_posterior
from orchestrator.merging.write import write
from orchestrator.registry.loader import load
from orchestrator.registry.models import Registry
from orchestrator.registry.routers import CategoryRouter
from orchestrator.registry.surroundings import Surroundings
from routers.artifacts import load_router

from .evaluate import Score
from .export import GENERALIST, load_shipped
from .facts import DEMO
from .heldout import Question
from .instances import SKILLS
from .measure import EXPERTS, replace_between
from .own_skill import questions_of, score

ROOT = DEMO.parents[1]
OUT = ROOT / "bench" / "out" / "merging.json"
#: Those of neighbouring skills, and those that were fine-tuned least: the trunk is near.
PAIRS = (
    ("french", "spanish"), ("capitals", "elements"), ("sums", "logic"), ("roman", "units"),
    ("capitals", "units"), ("elements", "roman"), ("plurals", "french"), ("reverse", "sort"),
)  # fmt: skip
#: Name of the column -> what is asked for. Around their own mean, what is each one's own in a pair
#: cancels out in equal shares, so a twin merge by fixed weights needs another shared part.
RECIPES: Mapping[str, Mapping[str, object]] = {
    "average 0.5": {"method": "average", "weights": (0.5, 0.5)},
    "average 0.7": {"method": "average", "weights": (0.7, 0.3)},
    "average 0.3": {"method": "average", "weights": (0.3, 0.7)},
    "twin 0.5, of all": {"method": "twin", "weights": (0.5, 0.5), "rank": 64, "shared": "all"},
}
#: The weights of a request are rounded to these steps: each is a merge of its own.
STEPS = 10
BY_REQUEST: Mapping[str, Mapping[str, object]] = {
    "average by request": {"method": "average"},
    "twin 64 by request": {"method": "twin", "rank": 64},
    "twin 32 by request": {"method": "twin", "rank": 32},
}


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
        registry = _with_mean_of_all(load(ROOT / "experts.yaml"), Path(folder))
        kitchen = _Kitchen(registry=registry, folder=Path(folder), pair=pair)
        merges = {name: kitchen.fixed(name, **recipe) for name, recipe in RECIPES.items()}
        merges |= {name: kitchen.by_request(name, **recipe) for name, recipe in BY_REQUEST.items()}
    return {
        "experts": pair,
        "before": {name: score(load_shipped(EXPERTS / name), questions_of(name)).percent
                   for name in pair},
        "generalist": _scores(EXPERTS / GENERALIST, pair),
        "merges": merges,
    }  # fmt: skip


def _with_mean_of_all(registry: Registry, folder: Path) -> Registry:
    """The registry with the mean of the twelve as an expert: near the trunk they come from."""
    asked = Asked(id="all", experts=SKILLS)
    recipe = plan(asked, registry, Surroundings(folder=ROOT))
    merged = write(recipe, folder / "all", made_at=datetime.now(UTC))
    mean = entry_of(recipe, merged, registry_folder=ROOT)
    return registry.model_copy(update={"experts": (*registry.experts, mean)})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kitchen:
    """Makes and scores merges of one pair, exactly as `orchestrator merge` writes them."""

    registry: Registry
    folder: Path
    pair: tuple[str, str]

    def fixed(self, name: str, **recipe: object) -> dict[str, float]:
        """One merge for all questions."""
        return _scores(self._merged(name, **recipe), self.pair)

    def by_request(self, name: str, **recipe: object) -> dict[str, float]:
        """Each question is answered by a merge with the weights its router gives."""
        num_right: Counter[str] = Counter()
        for share, questions in self._questions_by_share().items():
            weights = (share, 1 - share)
            network = load_shipped(self._merged(f"{name} {share}", weights=weights, **recipe))
            for skill, own in questions.items():
                num_right[skill] += score(network, own).num_right
        return {
            skill: Score(num_right=num_right[skill], num_asked=len(questions_of(skill))).percent
            for skill in self.pair
        }

    def _merged(self, name: str, **recipe: object) -> Path:
        asked = Asked(id="merge", experts=self.pair, **recipe)  # type: ignore[arg-type]
        planned = plan(asked, self.registry, Surroundings(folder=ROOT))
        return write(planned, self.folder / name, made_at=datetime.now(UTC)).folder

    def _questions_by_share(self) -> dict[float, dict[str, list[Question]]]:
        """Weight of the first expert -> questions of each skill that get it."""
        spec = self.registry.routers["topic"]
        assert isinstance(spec, CategoryRouter), "the demo's router"
        router = load_router(spec.artifact, embedder=spec.embedder, fallback=spec.fallback)
        shares: dict[float, dict[str, list[Question]]] = defaultdict(lambda: defaultdict(list))
        for skill in self.pair:
            for question in questions_of(skill):
                by_expert = mean_posterior(router, [question.question])
                first, second = (by_expert.get(name, 0.0) for name in self.pair)
                share = first / (first + second) if first + second else 0.5
                shares[round(share * STEPS) / STEPS][skill].append(question)
        return shares


def _scores(folder: Path, pair: Sequence[str]) -> dict[str, float]:
    network = load_shipped(folder)
    return {skill: score(network, questions_of(skill)).percent for skill in pair}


def _table(rows: Sequence[Mapping[str, object]]) -> str:
    names = [*RECIPES, *BY_REQUEST]
    heads = ["pair", "each alone", "generalist", *names]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(_cells(row, names))} |" for row in rows)])


def _cells(row: Mapping[str, object], names: Sequence[str]) -> Iterator[str]:
    pair, merges = row["experts"], row["merges"]
    yield " + ".join(pair)  # type: ignore[arg-type]
    for scores in (row["before"], row["generalist"], *(merges[name] for name in names)):  # type: ignore[index]
        yield " / ".join(f"{scores[skill]:.1f}" for skill in pair)  # type: ignore[index,union-attr]
