"""`orchestrator eval`: how often a fitted router is right, beside a keyword router."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestrator.errors import SetupError
from routers.artifacts import Manifest, load_router, read_artifact
from routers.base import Router, RouterError
from routers.evaluate import Report, Share, evaluate
from routers.keywords import learn_keywords
from routers.questions import Question, load_questions, load_unknown

FALLBACK = "(general)"
NUM_CONFUSIONS = 8


def eval(  # noqa: A001 - the command's name
    router: Annotated[Path, typer.Option(help="Folder written by `orchestrator fit category`.")],
    questions: Annotated[list[Path], typer.Option(help="Labelled questions, JSON lines.")],
    unknown: Annotated[
        Path | None, typer.Option(help="Questions of no skill; `split` heldout, if any, is used.")
    ] = None,
    keywords_from: Annotated[
        Path | None,
        typer.Option(help="Questions to learn a keyword router from, to compare with."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure a router on labelled questions."""
    try:
        manifest = read_artifact(router).manifest
        asked = load_questions(questions)
        stray = load_unknown([unknown], split="heldout") if unknown else ()
        reports = {
            name: _measure(one, asked, stray, manifest)
            for name, one in _routers(router, manifest, keywords_from).items()
        }
    except RouterError as exc:
        raise SetupError(str(exc)) from exc
    if as_json:
        typer.echo(json.dumps({name: _plain(it) for name, it in reports.items()}, indent=2))
        return
    for name, report in reports.items():
        typer.echo("\n".join([name, *_lines(report)]))


def _routers(folder: Path, manifest: Manifest, keywords_from: Path | None) -> dict[str, Router]:
    found: dict[str, Router] = {
        name: load_router(folder, embedder=name, fallback=FALLBACK) for name in manifest.heads
    }
    if keywords_from:
        found["keywords"] = learn_keywords(load_questions([keywords_from]), fallback=FALLBACK)
    return found


def _measure(
    router: Router, asked: Sequence[Question], stray: Sequence[Question], manifest: Manifest
) -> Report:
    by_keyword = getattr(router, "words_by_skill", None) is not None
    return evaluate(
        router,
        asked,
        expert_by_skill={} if by_keyword else manifest.expert_by_category,
        fallback=FALLBACK,
        unknown=stray,
    )


def _share(name: str, share: Share) -> str:
    low, high = share.interval
    return (
        f"  {name:<14} {share.value:6.1%}  ({low:.1%} to {high:.1%})  {share.right}/{share.asked}"
    )


def _lines(report: Report) -> list[str]:
    lines = [_share("all", report.overall)]
    lines += [_share(name, share) for name, share in report.by_kind.items()]
    if report.unknown:
        lines.append(_share("unknown", report.unknown))
    if report.calibration is not None:
        lines.append(f"  calibration error {report.calibration:.3f}")
    for it in report.confusions[:NUM_CONFUSIONS]:
        lines.append(f"  {it.count:>3} {it.skill} -> {it.chosen}, such as {it.example!r}")
    return lines


def _plain(report: Report) -> dict[str, Any]:
    def share(it: Share) -> dict[str, Any]:
        return asdict(it) | {"value": it.value, "interval": it.interval}

    return {
        "overall": share(report.overall),
        "by_kind": {name: share(it) for name, it in report.by_kind.items()},
        "by_skill": {name: share(it) for name, it in report.by_skill.items()},
        "unknown": share(report.unknown) if report.unknown else None,
        "calibration_error": report.calibration,
        "confusions": [asdict(it) for it in report.confusions],
    }
