"""The card of a merge: what it is made of, how, and what binds it."""

from __future__ import annotations

from datetime import datetime

from orchestrator.engines.weights import fingerprint
from orchestrator.merging.licences import Terms
from orchestrator.merging.recipe import Recipe, Written

_WHAT = {
    "average": "The weighted mean of the weights of its sources (Branch-Train-Merge, "
    "arXiv:2208.03306).",
    "twin": "What its sources share, and each one's own part by its weight (Twin-Merging, "
    "arXiv:2406.15479).",
    "blend": "A LoRA adapter whose change is the weighted sum of its sources' (X-LoRA, "
    "arXiv:2402.07148, with one set of weights).",
}


def describe(recipe: Recipe) -> str:
    """One sentence for the registry."""
    verb = {"average": "Mean", "twin": "Twin merge", "blend": "Blend"}[recipe.method]
    parts = zip(recipe.sources, recipe.weights.values, strict=True)
    return f"{verb} of {' and '.join(f'{one.id} ({weight:.3g})' for one, weight in parts)}."


def card(
    recipe: Recipe, written: Written, *, terms: Terms, notes: tuple[str, ...], made_at: datetime
) -> str:
    """README.md of the folder, in markdown with the front matter of model hubs."""
    lines = [
        "---",
        f"license: {_front_licence(terms)}",
        "tags: [merge, orchestrator]",
        "---",
        f"# {recipe.id}",
        "",
        _WHAT[recipe.method],
        "",
        "| source | weight | licence | weights' fingerprint | error of its compressed part |",
        "|---|---|---|---|---|",
        *_source_rows(recipe, written),
        "",
        "| | |",
        "|---|---|",
        f"| weights by | {recipe.weights.origin} |",
        *_method_rows(recipe, written),
        f"| parameters | {written.num_parameters:,} |",
        f"| licence | {terms.expression or 'not stated'} |",
        *(f"| SHA-256 of `{name}` | {digest} |" for name, digest in written.sha256_by_file.items()),
        f"| made | {made_at.isoformat(timespec='seconds')} by `orchestrator merge` |",
    ]
    for title, sentences in (("Licence", terms.conflicts), ("Notes", notes)):
        if sentences:
            lines += ["", f"## {title}", *(f"- {sentence}" for sentence in sentences)]
    lines += ["", _LIMITS, ""]
    return "\n".join(lines)


_LIMITS = """\
## Limits
What a merge keeps of its sources is not known from its recipe: measure it before it serves."""


def _front_licence(terms: Terms) -> str:
    expression = terms.expression or "unknown"
    return "other" if " AND " in expression else expression.lower()


def _source_rows(recipe: Recipe, written: Written) -> list[str]:
    rows = []
    for source, weight in zip(recipe.sources, recipe.weights.values, strict=True):
        error = written.errors.get(source.id)
        rows.append(
            f"| {source.id} | {weight:.6g} | {source.expert.license or 'not stated'} "
            f"| {fingerprint(source.folder)} | {'none' if error is None else f'{error:.1%}'} |"
        )
    return rows


def _method_rows(recipe: Recipe, written: Written) -> list[str]:
    rows = [f"| method | {recipe.method}, {_rank(recipe)} |"]
    if recipe.method == "twin":
        shared = recipe.shared.id if recipe.shared else "the plain mean of the sources"
        rows.append(f"| shared part | {shared} |")
    if recipe.id in written.errors:
        rows.append(f"| relative error of the rank | {written.errors[recipe.id]:.3%} |")
    return rows


def _rank(recipe: Recipe) -> str:
    return "full rank" if recipe.rank is None else f"rank {recipe.rank}"
