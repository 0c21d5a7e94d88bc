"""An evaluation as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from routers.evaluate import Evaluation, Figures, Group, Report
from routers.resampling import Share


def plain(found: Evaluation) -> dict[str, Any]:
    """Every figure of the tables and the points of the plots."""
    trial = found.trial
    return {
        "num_questions": len(trial.examples),
        "num_experts": len(trial.experts),
        "best_single_from": trial.order_from,
        "left_out": dict(trial.left_out),
        "routers": {report.name: _report(report, trial.experts) for report in found.reports},
        "baselines": _by_name(found.baselines),
        "experts": _by_name(found.singles),
    }


def _report(report: Report, experts: Sequence[str]) -> dict[str, Any]:
    first, *votes = report.figures
    claims = report.claims
    return {
        **_figures(first),
        "version": report.version,
        "votes": _by_name(votes),
        "by_category": _groups(report.by_category),
        "by_kind": _groups(report.by_kind),
        "went": _went(report, experts),
        "confusions": [asdict(it) for it in report.confusions],
        "num_fallbacks": report.num_fallbacks,
        "recalled": _share(report.recalled) if report.recalled else None,
        "num_unnamed": report.num_unnamed,
        "unknown": _share(report.unknown) if report.unknown else None,
        "calibration_error": claims.error if claims else None,
        "reliability": [asdict(one) for one in claims.bins] if claims else None,
        "entropy": asdict(report.entropies) if report.entropies else None,
    }


def _by_name(figures: Sequence[Figures]) -> dict[str, Any]:
    return {one.name: _figures(one) for one in figures}


def _figures(one: Figures) -> dict[str, Any]:
    return {key: value for key, value in asdict(one).items() if key != "name"}


def _groups(groups: Sequence[Group]) -> dict[str, Any]:
    return {
        one.name: {key: value for key, value in asdict(one).items() if key != "name"}
        for one in groups
    }


def _went(report: Report, experts: Sequence[str]) -> dict[str, dict[str, int]]:
    """Category -> expert -> questions; without zeros."""
    return {
        group.name: {name: count for name, count in zip(experts, counts, strict=True) if count}
        for group, counts in zip(report.by_category, report.went.tolist(), strict=True)
    }


def _share(it: Share) -> dict[str, Any]:
    return asdict(it) | {"value": it.value, "interval": it.interval}
