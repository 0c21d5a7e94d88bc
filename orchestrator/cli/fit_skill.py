"""`orchestrator fit skill`: what experts answered in, a skill router's artifact out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli import fit_options as given
from orchestrator.cli.fit_options import AsJson, tell_fitted
from orchestrator.cli.router_work import router_work
from orchestrator.cli.telling import tell
from routers.base import RouterError
from routers.dataset_files import of_split, read_examples, read_outcomes
from routers.datasets import Example, answered
from routers.fit_skill import MAX_CLUSTERS, SEED, Asked, merge_skill
from routers.fit_skill import fit_skill as fitted
from routers.merge_questions import is_merge_question, merge_questions
from routers.skill_files import (
    SkillManifest,
    SkillParts,
    read_counts,
    read_skill_router,
    write_skill_router,
)
from routers.skill_readers import Readers, readers
from routers.static_files import table_of

_Questions = Annotated[
    list[Path] | None,
    typer.Option(help="Questions with skills: JSONL, CSV, parquet or a dataset's folder."),
]
_Outcomes = Annotated[
    list[Path] | None,
    typer.Option(help="What experts made of them, as `orchestrator profile` writes it."),
]
_Merge = Annotated[
    list[Path] | None,
    typer.Option(help="Artifacts of other owners, whose counts are added; repeat for several."),
]
_Labels = Annotated[
    bool,
    typer.Option(
        "--with-labels/--without-labels",
        help="Without, scores are not read: experts grade one another by agreement.",
    ),
]
_Clusters = Annotated[
    int | None,
    typer.Option(
        min=2,
        max=MAX_CLUSTERS,
        help="Where questions name neither skill nor category: so many clusters of them.",
    ),
]
_AggregatorTests = Annotated[
    Path | None,
    typer.Option(
        help="Write so many questions of the aggregator's test here and fit nothing: put them "
        "to all experts by `orchestrator profile`, and fit with both files."
    ),
]


def fit_skill(
    out: given.Out,
    questions: _Questions = None,
    outcomes: _Outcomes = None,
    split: given.Split = "",
    merge: _Merge = None,
    labels: _Labels = True,
    clusters: _Clusters = None,
    embedder: given.Embedders = None,
    table: given.TableFolder = None,
    aggregator_tests: _AggregatorTests = None,
    num_tests: Annotated[int, typer.Option(min=1, help="With --aggregator-tests.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Fit a skill router and write its artifact."""
    with router_work("fitting a skill router"):
        if aggregator_tests is not None:
            asked = _examples(questions, outcomes, split=split)
            tests = _write_tests(aggregator_tests, asked, outcomes or (), num_tests=num_tests)
            _tell_tests(tests, aggregator_tests, as_json=as_json)
            return
        own = _own(questions, outcomes, split=split, is_labelled=labels, num_clusters=clusters)
        names = embedder or ["static", "minilm"]
        read = readers(names, table=table_of(table, names=names))
        parts = _parts(own, merge or (), read)
        manifest = write_skill_router(out, parts)
    tell_fitted(_summary(manifest, parts, out), manifest, out, as_json=as_json)


def _own(
    questions: Sequence[Path] | None,
    outcomes: Sequence[Path] | None,
    *,
    split: str,
    is_labelled: bool,
    num_clusters: int | None,
) -> Asked | None:
    """What this owner measured; `None` where only others' parts are merged."""
    if not questions and not outcomes:
        return None
    examples = _examples(questions, outcomes, split=split)
    said = read_outcomes(outcomes or (), is_graded=is_labelled)
    solved = [one for one in examples if not is_merge_question(one.id)]
    data = answered(solved, said)
    asked = {one.id for one in said}
    rows = [row for row, example in enumerate(solved) if example.id in asked]
    if not rows:
        raise RouterError("no outcome is of one of these questions; are their ids the same?")
    return Asked(
        data=data.rows(rows), outcomes=said, is_labelled=is_labelled, num_clusters=num_clusters
    )


def _examples(
    questions: Sequence[Path] | None, outcomes: Sequence[Path] | None, *, split: str
) -> tuple[Example, ...]:
    if not questions or not outcomes:
        raise RouterError("--questions and --outcomes go together: what was asked, and what came")
    every = read_examples(questions)
    read_outcomes(outcomes, examples=every, is_graded=False)
    return of_split(every, split)


def _parts(own: Asked | None, others: Sequence[Path], read: Readers) -> SkillParts:
    mine = None if own is None else fitted(own, read)
    if mine is not None and not others:
        return mine
    if not others:
        raise RouterError("nothing to fit: give --questions and --outcomes, or --merge, or all")
    sealed = [read_skill_router(path) for path in others]
    parts = [(one.manifest, read_counts(one)) for one in sealed]
    if mine is not None:
        parts.insert(0, (mine.manifest, mine.profiles))
    return merge_skill(parts, read)


def _write_tests(
    path: Path, examples: Sequence[Example], outcomes: Sequence[Path], *, num_tests: int
) -> int:
    tests = merge_questions(examples, read_outcomes(outcomes), num_tests=num_tests, seed=SEED)
    lines = [
        json.dumps({key: value for key, value in asdict(test).items() if key in _WRITTEN and value})
        for test in tests
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(tests)


def _tell_tests(num: int, path: Path, *, as_json: bool) -> None:
    line = (
        f"wrote {num} questions of the aggregator's test to {path}: ask every expert with "
        "`orchestrator profile`, then fit with --questions and --outcomes of both"
    )
    tell(line, as_json=as_json, file=path, num_questions=num)


_WRITTEN = frozenset({"id", "prompt", "gold", "accepted", "grader"})


def _summary(manifest: SkillManifest, parts: SkillParts, out: Path) -> Iterator[str]:
    what = "clusters of questions" if manifest.are_clusters else "skills"
    asked = int(parts.profiles.asked_overall.sum())
    yield (
        f"counted {asked} answers of {len(manifest.experts)} experts on {len(manifest.skills)} "
        f"{what}, graded by {manifest.graded_by}; an expectation counts for "
        f"{manifest.prior_count:g} questions"
    )
    for name, value in manifest.metrics.items():
        yield f"  {name}: {value:.3f}" if value < 1 else f"  {name}: {value:g}"
    if manifest.aggregator is not None:
        yield f"  merges answers best: {manifest.aggregator}"
    yield f"wrote {out}"
