"""Figures that the README gives are those of the runs that it names."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@cache
def figures(name: str) -> Any:
    return json.loads((ROOT / f"bench/out/{name}.json").read_text(encoding="utf-8"))["figures"]


def beside_a_batch(quantile: str) -> float:
    """How many times as long callers wait beside a batch as alone."""
    online = figures("batch")["online"]
    return online["beside_s"][quantile] / online["alone_s"][quantile]


def planned() -> dict[str, Any]:
    return figures("batch")["planned"]


def in_order_of(arm: str) -> dict[str, float]:
    return planned()["arms"][arm]


def edits_ms(quantile: str) -> float:
    return figures("registry")["edits"]["edit_s"][quantile] * 1000


def recorded(arm: str) -> float:
    return figures("compositions")["recorded"]["right"][arm]["mean"]


#: What the README says, as a pattern with one group for each figure, and what the run says.
TOLD = {
    "waits beside a batch": (
        r"half of them wait ([\d.]+) times as long, and one in a hundred ([\d.]+) times",
        lambda: [beside_a_batch("p50"), beside_a_batch("p99")],
    ),
    "a batch by plan": (
        r"\| by plan \| ([\d.]+) \(predicted ([\d.]+), [^|]*\| (\d+) \|",
        lambda: [planned()["planned"][key] for key in ("wall_s", "predicted_s", "swaps")],
    ),
    "a batch whose experts are resident": (
        r"already resident, summed \| ([\d.]+) \| 0 \|",
        lambda: [sum(planned()["resident_s"]) / len(planned()["resident_s"])],
    ),
    "a batch by llama-swap's queue": (
        r"by llama-swap's queue \| ([\d.]+) \| ([\d,]+) \|",
        lambda: [in_order_of("llama-swap")[key] for key in ("sibling swaps_s", "swaps")],
    ),
    "a batch in the order of its file": (
        r"in the order of the file \| ([\d.]+) \| ([\d,]+) \|",
        lambda: [in_order_of("arrival order")[key] for key in ("sibling swaps_s", "swaps")],
    ),
    "a batch in stages": (
        r"in three stages take (\d+) swaps",
        lambda: [figures("batch")["staged"]["swaps"]],
    ),
    "requests during edits": (
        r"replies of two generations \(([\d,]+) requests\)",
        lambda: [figures("registry")["edits"]["num_requests"]],
    ),
    "how soon an edit is served": (
        r"until every gateway serves it \| p50 (\d+) ms, p99 (\d+) ms",
        lambda: [edits_ms("p50"), edits_ms("p99")],
    ),
    "answers after swaps": (
        r"two adapters \((\d+) answers\) \| (\d+) \|",
        lambda: [figures("registry")["words"][key] for key in ("num_answers", "num_different")],
    ),
    "votes over recorded answers": (
        r"by category makes ([\d.]+) % and [^(]*, ([\d.]+) % \(`best single` ([\d.]+)\)",
        lambda: [
            recorded("vote of the best five, weighed by category"),
            recorded("routed vote, weighed by the posterior"),
            recorded("best single"),
        ],
    ),
    "where long prompts are routed": (
        r"500-token prompts \| [\d.]+ ms, ([\d.]+) % right \| [^|]*, ([\d.]+) % \|",
        lambda: [100 * figures("gateway")["routing"]["accuracy"][key] for key in ("cut", "uncut")],
    ),
}


def as_told(number: float, told: str) -> str:
    """`number` with as many digits behind the point as the page gives."""
    digits = len(told.partition(".")[2])
    return f"{number:,.{digits}f}"


@pytest.mark.parametrize("claim", TOLD)
def test_a_figure_of_the_readme_is_the_one_that_its_run_wrote(claim):
    pattern, measured = TOLD[claim]
    found = re.search(pattern, (ROOT / "README.md").read_text(encoding="utf-8"))
    assert found is not None

    told = list(found.groups())

    assert told == [as_told(number, one) for number, one in zip(measured(), told, strict=True)]
