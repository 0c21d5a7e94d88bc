"""The catalogue of metrics in docs/operations.md is the one in the code."""

import re
from pathlib import Path

from prometheus_client.metrics import MetricWrapperBase

from orchestrator import metrics

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def exported() -> dict[str, tuple[str, ...]]:
    """Name as scraped -> labels."""
    found = {}
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            suffix = "_total" if metric._type == "counter" else ""
            found[f"{metric._name}{suffix}"] = tuple(metric._labelnames)
    return found


def told() -> dict[str, tuple[str, ...]]:
    """The same of the table's rows."""
    table = PAGE.read_text(encoding="utf-8").partition("| metric `orchestrator_…` |")[2]
    rows = table.partition("\n\n")[0].splitlines()[2:]
    found = {}
    for row in rows:
        names, labels, *_ = [cell.strip() for cell in row.strip("|").split("|")]
        for name in re.findall(r"`(\w+)`", names):
            found[f"orchestrator_{name}"] = tuple(one.strip() for one in labels.split(",") if one)
    return found


def test_every_metric_is_told_with_its_labels_and_no_other():
    assert told() == exported()


def test_only_requests_tokens_and_cost_grow_with_experts():
    assert {name for name, labels in exported().items() if "expert" in labels} == {
        "orchestrator_requests_total",
        "orchestrator_tokens_total",
        "orchestrator_cost_usd_total",
    }
