"""`orchestrator merge`: several experts in, one expert out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.file_edits import write_sound
from orchestrator.cli.telling import AsJson, patiently, tell
from orchestrator.errors import MergeError
from orchestrator.merging.entry import entry_of
from orchestrator.merging.plan import Asked, ByRouter, plan
from orchestrator.merging.posterior import read_prompts
from orchestrator.merging.recipe import METHODS, Method, Recipe
from orchestrator.merging.recording import record_canary
from orchestrator.merging.write import Merged, Record, write
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.expert_text import entry_text, with_entry
from orchestrator.registry.loader import load
from orchestrator.registry.models import Expert
from orchestrator.registry.surroundings import Surroundings


def merge(
    experts: Annotated[list[str], typer.Argument(help="Experts to merge, two or more.")],
    out: Annotated[Path, typer.Option(help="Folder to write the merge to.")],
    name: Annotated[str, typer.Option("--id", help="What the merge is called in the registry.")],
    registry: Annotated[Path, typer.Option(help="The registry file.")] = Path("experts.yaml"),
    method: Annotated[
        str | None,
        typer.Option(help="average, twin or blend; blend for adapters, else average by default."),
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="One an expert, such as 0.7,0.3; equal shares by default.")
    ] = None,
    router: Annotated[
        str | None, typer.Option(help="Router of the registry that weighs, by --prompts.")
    ] = None,
    prompts: Annotated[
        Path | None, typer.Option(help="Prompts to weigh by: one a line, or JSON lines.")
    ] = None,
    prompt: Annotated[str | None, typer.Option(help="One request to weigh by.")] = None,
    shared: Annotated[
        str | None, typer.Option(help="Sibling that all descend from (twin); else their mean.")
    ] = None,
    rank: Annotated[
        int | None, typer.Option(help="Rank of what is each one's own (twin) or of the blend.")
    ] = None,
    add: Annotated[bool, typer.Option("--add", help="Add the entry to the registry file.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the folder if there.")] = False,
    canary: Annotated[bool, typer.Option(help="Record a canary; starts vLLM.")] = True,
    as_json: AsJson = False,
) -> None:
    """Merge experts into a new one, with a card and a canary of its own."""
    asked = Asked(
        id=name,
        experts=tuple(experts),
        method=_method(method),
        weights=_weights(weights, router, prompts, prompt),
        shared=shared,
        rank=rank,
    )
    loaded = load(registry)
    if add and loaded.expert(name) is not None:
        raise MergeError(f"expert {name!r} is in {registry} already; name another --id")
    recipe = plan(asked, loaded, _surroundings(registry))
    record = _recorder(recipe) if canary else None
    with patiently(f"merging {len(recipe.sources)} experts into {out}"):
        merged = write(recipe, out, made_at=datetime.now(UTC), replaces=force, record=record)
    entry = entry_of(recipe, merged, registry_folder=registry.absolute().parent)
    if add:
        _add(entry, registry)
    lines = [*_summary(recipe, merged), *_next(entry, registry, is_added=add)]
    facts = {"weights": _weights_by_expert(recipe), "errors": dict(merged.written.errors)}
    told = {"id": recipe.id, "method": recipe.method, "folder": merged.folder, "is_added": add}
    tell("\n".join(lines), as_json=as_json, **told, **facts, entry=entry_text(entry))


def _method(name: str | None) -> Method | None:
    if name is None:
        return None
    for known in METHODS:
        if known == name:
            return known
    raise MergeError(f"method {name!r} is not known; known: {', '.join(METHODS)}")


def _weights(
    given: str | None, router: str | None, prompts: Path | None, prompt: str | None
) -> tuple[float, ...] | ByRouter | None:
    if router is None:
        if prompts is not None or prompt is not None:
            raise MergeError("prompts are weighed by a router: name one with --router")
        return None if given is None else _numbers(given)
    if given is not None:
        raise MergeError("--weights gives what --router would find; leave one out")
    if (prompts is None) == (prompt is None):
        raise MergeError("--router weighs by --prompts FILE or by one --prompt TEXT")
    if prompt is not None:
        return ByRouter(name=router, prompts=(prompt,), origin="one request")
    assert prompts is not None
    found = read_prompts(prompts)
    return ByRouter(name=router, prompts=found, origin=f"{len(found)} prompts of {prompts.name}")


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as exc:
        raise MergeError(f"weights {text!r} are not numbers with commas, as 0.7,0.3 is") from exc


def _surroundings(registry: Path) -> Surroundings:
    return Surroundings(folder=registry.absolute().parent, environ=os.environ)


def _recorder(recipe: Recipe) -> Record:
    first = recipe.sources[0].expert
    if recipe.method == "blend" and recipe.base_folder is None:
        raise MergeError(
            f"a canary of a blend needs the weights of its base {first.base!r}; fetch them, or "
            "leave it out by --no-canary"
        )
    engine = first.engine
    assert isinstance(engine, VllmEngine), "the plan refuses others"
    return partial(record_canary, dtype=engine.dtype, base=recipe.base_folder)


def _summary(recipe: Recipe, merged: Merged) -> Iterator[str]:
    yield f"{recipe.method} of {len(recipe.sources)} experts, {recipe.weights.origin}:"
    for expert, weight in _weights_by_expert(recipe).items():
        error = merged.written.errors.get(expert)
        lost = "" if error is None else f", its own part within {error:.1%}"
        yield f"  {expert}: {weight:.4g}{lost}"
    if recipe.id in merged.written.errors:
        yield f"  error of rank {recipe.rank}: {merged.written.errors[recipe.id]:.3%}"
    for sentence in (*merged.terms.conflicts, *merged.notes):
        yield f"note: {sentence}"
    yield f"wrote {merged.folder}"


def _weights_by_expert(recipe: Recipe) -> dict[str, float]:
    pairs = zip(recipe.sources, recipe.weights.values, strict=True)
    return {source.id: float(weight) for source, weight in pairs}


def _next(entry: Expert, registry: Path, *, is_added: bool) -> tuple[str, ...]:
    if is_added:
        return (f"added {entry.id!r} to {registry}",)
    return (f"add it to {registry}, or run again with --add:", entry_text(entry).rstrip("\n"))


def _add(entry: Expert, registry: Path) -> None:
    """Add the entry if the file stays sound with it; the folder is there in any case."""
    text = with_entry(registry.read_bytes().decode("utf-8"), entry, file=str(registry))
    write_sound(registry, text)
