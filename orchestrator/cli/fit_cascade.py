"""`orchestrator fit cascade`: when a cheap expert's answer is taken, else a strong one is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from orchestrator.cli import fit_options as given
from orchestrator.cli.fit_options import AsJson, tell_fitted
from orchestrator.cli.registry_routers import routers_of
from orchestrator.cli.router_work import router_work
from orchestrator.errors import SetupError
from routers.acceptance import (
    Choose,
    Costs,
    Judged,
    for_budget,
    for_quality,
    judged_by_agreement,
    judged_by_confidence,
)
from routers.acceptance_files import CascadeManifest, Sides, write_acceptance
from routers.base import RouterError
from routers.dataset_files import of_split, read_examples, read_outcomes
from routers.datasets import Example, Outcome, answered, data_sha256
from routers.fit_blend import told_by

_SHOWN = 11


def fit_cascade(
    questions: given.Questions,
    outcomes: given.Outcomes,
    cheap: Annotated[
        list[str], typer.Option(help="Expert asked first; several agree with one another.")
    ],
    strong: Annotated[str, typer.Option(help="Expert asked where the first are not sure.")],
    out: given.Out,
    quality: Annotated[
        float | None, typer.Option(help="Least mean score, 0 to 1; as cheaply as can be.")
    ] = None,
    budget: Annotated[
        float | None, typer.Option(help="Greatest mean cost of a question; as well as can be.")
    ] = None,
    cheap_cost: Annotated[
        float | None, typer.Option(min=0, help="Of all first calls; default: their number.")
    ] = None,
    strong_cost: Annotated[float, typer.Option(min=0, help="Of the call after them.")] = 1.0,
    by: Annotated[
        str | None,
        typer.Option(help="Router of --registry whose score is the confidence, not agreement."),
    ] = None,
    confidence: Annotated[
        bool,
        typer.Option(
            "--confidence",
            help="By how likely the expert found its words (profile --log-probs), not agreement.",
        ),
    ] = False,
    registry: Annotated[Path, typer.Option(help="Where the router of --by is.")] = Path(
        "experts.yaml"
    ),
    split: given.Split = "",
    as_json: AsJson = False,
) -> None:
    """Fit the acceptance threshold of a cascade and write it with its curve."""
    choose = _choice(quality, budget)
    with router_work("fitting when the cheap answer is taken"):
        examples = read_examples(questions)
        asked = of_split(examples, split)
        ids = {one.id for one in asked}
        found = [one for one in read_outcomes(outcomes, examples=examples) if one.id in ids]
        if confidence:
            sides = _alone(tuple(cheap), strong, by=by)
        else:
            sides = _sides(found, tuple(cheap), strong, by=by, registry=registry)
        own_cost = float(sides.num_samples) if cheap_cost is None else cheap_cost
        costs = Costs(cheap=own_cost, strong=strong_cost)
        manifest = write_acceptance(
            _judged(asked, found, sides, registry, costs=costs),
            out,
            sides=sides,
            choose=choose,
            data_sha256=data_sha256(answered(asked, found)),
        )
    tell_fitted(_summary(manifest, out), manifest, out, as_json=as_json)


def _choice(quality: float | None, budget: float | None) -> Choose:
    if quality is not None and budget is None:
        return for_quality(quality)
    if budget is not None and quality is None:
        return for_budget(budget)
    raise SetupError("give either --quality, the least mean score, or --budget, the greatest cost")


def _sides(
    found: list[Outcome], cheap: tuple[str, ...], strong: str, *, by: str | None, registry: Path
) -> Sides:
    if strong in cheap:
        raise SetupError(f"expert {strong!r} is asked first and after; name another --strong")
    if by is None:
        per_question: dict[str, int] = {}
        for one in found:
            if one.expert in cheap:
                per_question[one.id] = per_question.get(one.id, 0) + 1
        return Sides(cheap=cheap, strong=strong, num_samples=max(per_question.values(), default=1))
    if len(cheap) > 1:
        raise SetupError(f"--by goes with one --cheap expert, not {list(cheap)}")
    version = routers_of(registry, [by])[by].version
    return Sides(cheap=cheap, strong=strong, signal="score", router=by, router_version=version)


def _alone(cheap: tuple[str, ...], strong: str, *, by: str | None) -> Sides:
    if len(cheap) > 1 or by is not None:
        also = f"--by {by}" if by is not None else f"--cheap {list(cheap)}"
        raise SetupError(f"--confidence is in one answer of one expert: it does not go with {also}")
    if strong in cheap:
        raise SetupError(f"expert {strong!r} is asked first and after; name another --strong")
    return Sides(cheap=cheap, strong=strong, signal="confidence")


def _judged(
    asked: tuple[Example, ...], found: list[Outcome], sides: Sides, registry: Path, *, costs: Costs
) -> Judged:
    if sides.signal == "confidence":
        [cheap] = sides.cheap
        return judged_by_confidence(found, cheap=cheap, strong=sides.strong, costs=costs)
    if sides.router is None:
        return judged_by_agreement(found, cheap=sides.cheap, strong=sides.strong, costs=costs)
    return _judged_by_score(asked, found, sides, registry, costs=costs)


def _judged_by_score(
    asked: tuple[Example, ...], found: list[Outcome], sides: Sides, registry: Path, *, costs: Costs
) -> Judged:
    """The score that a router gives the cheap expert is how sure it is."""
    table = answered(asked, found)
    assert sides.router is not None, "the caller names it"
    for name in (*sides.cheap, sides.strong):
        if name not in table.experts:
            raise RouterError(f"expert {name!r} has no outcome; there are {list(table.experts)}")
    one, other = (table.experts.index(name) for name in (sides.cheap[0], sides.strong))
    router = routers_of(registry, [sides.router])[sides.router]
    told = told_by(router, table)[:, one]
    confidence = np.where(np.isnan(told), 0.0, told)
    both = np.asarray(~np.isnan(table.scores[:, [one, other]]).any(axis=1))
    return Judged(
        confidence=confidence,
        cheap=table.scores[:, one],
        strong=table.scores[:, other],
        cheap_cost=np.full(len(told), costs.cheap),
        strong_cost=np.full(len(told), costs.strong),
    ).rows(both)


def _summary(manifest: CascadeManifest, out: Path) -> list[str]:
    first = ", ".join(manifest.cheap)
    lines = [f"{first}, then {manifest.strong} where {manifest.signal} is under {manifest.tau:.4g}"]
    lines += [f"  {'tau':>8} {'taken':>7} {'quality':>8} {'cost':>10}"]
    step = max(1, len(manifest.curve) // _SHOWN)
    for point in (*manifest.curve[::step], manifest.expected):
        mark = "  <- chosen" if point is manifest.expected else ""
        lines.append(
            f"  {point.tau:>8.4g} {point.accepted:>7.1%} {point.quality:>8.4f} "
            f"{point.cost:>10.4g}{mark}"
        )
    figures = ", ".join(f"{name} {value:.4g}" for name, value in manifest.metrics.items())
    return [*lines, f"on questions left out: {figures}", f"wrote {out}"]
