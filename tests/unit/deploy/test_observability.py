"""Dashboard and alerts name what exists, and leave nothing out in silence."""

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path

import promql_parser as promql
import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from orchestrator import metrics

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy" / "observability"
#: What Prometheus itself says of a target, and what it adds to all.
GIVEN_METRICS = {"up": ()}
GIVEN_LABELS = {"job", "instance", "pid"}
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}


def module():
    spec = importlib.util.spec_from_file_location("dashboard", FOLDER / "dashboard.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def catalogue() -> dict[str, tuple[str, ...]]:
    """Every series that is scraped -> its labels; of a histogram all three."""
    found = dict(GIVEN_METRICS)
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            for suffix in SUFFIXES[metric._type]:
                bound = ("le",) if suffix == "_bucket" else ()
                found[metric._name + suffix] = (*metric._labelnames, *bound)
    return found


def panels() -> Iterator[tuple[str, str, str]]:
    """Title, legend and expression of everything that is drawn."""
    for drawn in module().read()["sections"].values():
        for panel in drawn:
            for legend, expression in panel["draws"].items():
                yield panel["title"], legend, expression


def rules() -> list[dict]:
    told = yaml.safe_load((FOLDER / "alerts.yml").read_text())
    return [rule for group in told["groups"] for rule in group["rules"]]


def parsed(expression: str) -> promql.Expr:
    return promql.parse(expression.replace("$__rate_interval", "5m"))


def selected(node) -> Iterator[promql.VectorSelector]:
    """All series that an expression reads."""
    if isinstance(node, promql.VectorSelector):
        yield node
    for name in ("expr", "lhs", "rhs", "vector_selector", "vs", "args", "param"):
        below = getattr(node, name, None)
        for one in below if isinstance(below, list) else [below]:
            if one is not None:
                yield from selected(one)


def grouped(expression: str) -> set[str]:
    found = re.findall(r"\bby \(([^)]*)\)", expression)
    return {label.strip() for labels in found for label in labels.split(",")}


def faults(expression: str, legend: str = "") -> list[str]:
    """What an expression names that does not exist."""
    known, found = catalogue(), []
    labels_read: set[str] = set()
    series = list(selected(parsed(expression)))
    if not series:
        found.append(f"reads no series: {expression}")
    for one in series:
        if one.name not in known:
            found.append(f"no metric is called {one.name}")
            continue
        has = {*known[one.name], *GIVEN_LABELS}
        labels_read |= has
        found += [f"{one.name} has no {m.name}" for m in one.matchers.matchers if m.name not in has]
    shown = {*re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", legend), *grouped(expression)}
    return found + [f"no series has {label}" for label in sorted(shown - labels_read)]


DRAWN = [pytest.param(*one, id=f"{one[0]}: {one[1]}") for one in panels()]
RULES = [pytest.param(rule, id=rule["alert"]) for rule in rules()]


@pytest.mark.parametrize(("title", "legend", "expression"), DRAWN)
def test_a_panel_draws_what_exists_by_labels_that_exist(title, legend, expression):
    assert faults(expression, legend) == []


@pytest.mark.parametrize("rule", RULES)
def test_an_alert_reads_what_exists(rule):
    assert faults(rule["expr"], rule["annotations"]["summary"]) == []


@pytest.mark.parametrize("rule", RULES)
def test_an_alert_says_how_long_how_bad_and_where_to_read_on(rule):
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    headings = re.findall(r"^## (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)

    assert rule["labels"]["severity"] in {"page", "warn"}
    assert re.fullmatch(r"\d+m", rule["for"])
    assert anchor == rule["alert"].lower()
    assert rule["alert"] in headings


def test_alerts_have_names_of_their_own_and_the_runbook_no_others():
    names = [rule["alert"] for rule in rules()]
    page = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")

    assert len(set(names)) == len(names)
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == names


def test_every_metric_is_on_a_panel_or_left_out_for_a_reason():
    left_out = module().read()["left_out"]
    drawn = {one.name for _, _, expression in panels() for one in selected(parsed(expression))}
    bases = {re.sub(r"_(bucket|count|sum)$", "", name) for name in drawn}
    all_of_ours = {re.sub(r"_(bucket|count|sum)$", "", name) for name in catalogue()} - {"up"}

    assert all_of_ours - bases == set(left_out)
    assert all(len(reason) > 10 for reason in left_out.values())


def test_the_dashboard_is_the_one_that_the_panels_make():
    made = module()

    assert json.loads(made.MADE.read_text()) == made.dashboard(made.read())


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("sum(rate(orchestrator_nothing_total[5m]))", "no metric is called"),
        ('sum(orchestrator_queue_length{expert="a"})', "has no expert"),
        ("sum by (model) (orchestrator_queue_length)", "no series has model"),
        ("1 + 1", "reads no series"),
    ],
    ids=["metric", "matched-label", "grouped-label", "no-series"],
)
def test_what_does_not_exist_is_found(expression, fault):
    assert fault in faults(expression)[0]


def test_the_scrape_config_reads_the_alerts_and_the_file_the_service_writes():
    told = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    jobs = {job["job_name"]: job for job in told["scrape_configs"]}

    assert told["rule_files"] == ["alerts.yml"]
    assert jobs["orchestrator"]["metrics_path"] == "/metrics"
    [file] = jobs["orchestrator-exporters"]["file_sd_configs"][0]["files"]
    assert file.endswith("/scrape.json")
