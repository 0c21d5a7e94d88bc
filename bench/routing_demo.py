"""The demo's router on questions in wordings it never saw, and on topics no expert is for."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from bench.report import Outcome, Target
from bench.setup import Setup
from routers.artifacts import load_router, read_artifact
from routers.base import Router
from routers.dataset_files import read_examples
from routers.embeddings import EmbedderName
from routers.evaluate import Report, evaluate
from routers.keywords import learn_keywords
from routers.labelled import labelled_trial
from routers.questions import load_questions, load_unknown
from routers.resampling import Interval, Share

DEMO = "demo"
_ROOT, _FALLBACK = Path("deploy/demo"), "generalist"
TWO_SKILL = "two_skill"
_ONE = f"{DEMO}: held-out frames of one skill routed right"
_ALL = f"{DEMO}: all held-out frames routed right, two skills included"
_UNKNOWN = f"{DEMO}: unknown topics recognised"
DEMO_TARGETS = (
    Target(name=_ONE, sense=">=", limit=95, unit="%"),
    Target(name=_ALL, sense=">=", limit=95, unit="%"),
    Target(name=_UNKNOWN, sense=">=", limit=90, unit="%"),
)
#: Files of questions to which nothing was fitted.
_HELDOUT = "held-out frames"
_FILES = {_HELDOUT: "heldout.jsonl", "wordings of another hand": "wordings.jsonl"}


def measure_demo(setup: Setup) -> Outcome:
    """Both heads of the shipped router and a keyword router; the static head decides the bars."""
    demo = setup.root / _ROOT
    routers = _routers(demo)
    unknown = load_unknown([demo / "questions/unknown.jsonl"], split="heldout")
    stray = [question.text for question in unknown]
    found = {}
    for title, file in _FILES.items():
        examples = read_examples([demo / "questions" / file])
        one_skill = [example for example in examples if example.kind != TWO_SKILL]
        for name, own in {title: examples, f"{title} of one skill": one_skill}.items():
            if name != title and len(own) == len(examples):
                continue
            trial = labelled_trial(own, experts_by_category={}, others=[_FALLBACK])
            found[name] = evaluate(routers, trial, unknown=stray).reports
    first = {name: reports[0] for name, reports in found.items()}
    caught = first[_HELDOUT].unknown
    assert caught is not None
    return Outcome(
        values={
            _ONE: 100 * first[f"{_HELDOUT} of one skill"].figures[0].accuracy.mean,
            _ALL: 100 * first[_HELDOUT].figures[0].accuracy.mean,
            _UNKNOWN: 100 * caught.value,
        },
        figures={
            name: {report.name: _plain(report) for report in reports}
            for name, reports in found.items()
        },
        rows=[
            row
            for name, reports in found.items()
            for report in reports
            for row in _rows(name, report)
        ],
    )


def _routers(demo: Path) -> dict[str, Router]:
    artifact = demo / "routers/topic"
    heads: tuple[EmbedderName, ...] = tuple(read_artifact(artifact).manifest.heads)
    routers: dict[str, Router] = {
        name: load_router(artifact, embedder=name, fallback=_FALLBACK)
        for name in sorted(heads, key=lambda name: name != "static")
    }
    learned = learn_keywords(load_questions([demo / "questions/train.jsonl"]), fallback=_FALLBACK)
    return {**routers, "keywords": learned}


def _rows(title: str, report: Report) -> list[tuple[str, str]]:
    start = f"{DEMO}, {report.name}: "
    rows = [(f"{start}{title}", _shown(report.figures[0].accuracy))]
    if title != _HELDOUT:
        return rows
    rows += [(f"{start}{title}, {one.name}", _shown(one.accuracy)) for one in report.by_kind]
    if report.unknown:
        rows.append((f"{start}unknown topics recognised", _shown(_interval(report.unknown))))
    return rows


def _plain(report: Report) -> dict[str, object]:
    assert report.unknown is not None
    return {
        "right": asdict(report.figures[0].accuracy),
        "by_kind": {one.name: asdict(one.accuracy) for one in report.by_kind},
        "by_skill": {one.name: asdict(one.accuracy) for one in report.by_category},
        "unknown": asdict(_interval(report.unknown)),
        "calibration_error": report.claims.error if report.claims else None,
    }


def _interval(share: Share) -> Interval:
    low, high = share.interval
    return Interval(mean=share.value, low=low, high=high)


def _shown(found: Interval) -> str:
    return f"{100 * found.mean:.1f} ({100 * found.low:.1f} to {100 * found.high:.1f}) %"
